import { and, desc, eq, gte, lt, sql, type SQL } from 'drizzle-orm';
import { build, instant, type Author } from '../db/index.ts';
import type { ItemFields, ItemReference, ItemType, Terms } from './items.ts';
import { creditPackages, pricingHistory, subscriptionPlans } from './tables.ts';

/** Offers that ended this recently are read too: clocks of machines differ, and one is always on sale. */
const recently = sql`interval '1 hour'`;

const sources = {
  plan: { table: subscriptionPlans, key: sql`item.plan_key`, offerColumn: sql`offer.plan_id` },
  package: { table: creditPackages, key: sql`item.package_key`, offerColumn: sql`offer.package_id` },
} as const satisfies Record<ItemType, object>;

/** Items of one kind, as rows of one JSON column `item` (checked by `itemSchema`), each with its offers. */
function itemsOf(type: ItemType, now: Date, { where, orderBy, limit }: Selection): SQL {
  const { table, key, offerColumn } = sources[type];
  return sql`
    select to_jsonb(item) || jsonb_build_object('type', ${type}::text, 'key', ${key}, 'offers', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'offer_id', offer.id, 'price_id', offer.stripe_price_id, 'price', offer.amount_minor,
        'currency', offer.currency, 'credits', offer.credits,
        'valid_from', offer.valid_from, 'valid_to', offer.valid_to) order by offer.valid_from), '[]')
      from prices as offer
      where ${offerColumn} = item.id and (offer.valid_to is null
        or (offer.valid_to > offer.valid_from and offer.valid_to > ${instant(now)} - ${recently}))
    )) as item
    from ${table} as item
    ${where ? sql`where ${where}` : sql``}
    ${orderBy ? sql`order by ${orderBy}` : sql``}
    ${limit ? sql`limit ${limit}` : sql``}`;
}

interface Selection {
  readonly where?: SQL | undefined;
  readonly orderBy?: SQL | undefined;
  readonly limit?: number | undefined;
}

/** Everything that can be on sale, now or later, with the version that it is (`catalogueSchema`). */
export function catalogueAt(now: Date): SQL {
  const list = (type: ItemType) => sql`(
    select coalesce(jsonb_agg(item order by (item ->> 'sort_order')::int, item ->> 'key'), '[]')
    from (${itemsOf(type, now, { where: sql`item.is_active` })}) as items)`;
  return sql`jsonb_build_object(
    'version', (select version from catalogue_versions where document = 'prices'),
    'plans', ${list('plan')}, 'packages', ${list('package')})`;
}

export function findCatalogue(now: Date) {
  return build.execute<{ catalogue: unknown }>(sql`select ${catalogueAt(now)} as catalogue`);
}

/** The item, if it exists (`itemSchema`). */
export function itemOf({ type, key }: ItemReference, now: Date): SQL {
  return itemsOf(type, now, { where: sql`${sources[type].key} = ${key}` });
}

export function findItem(reference: ItemReference, now: Date) {
  return build.execute<{ item: unknown }>(itemOf(reference, now));
}

/** `item`: whatever has this key, plan or package; they share Stripe's lookup keys. */
export function findItemsByKey(key: string, now: Date) {
  return build.execute<{ item: unknown }>(
    sql`${itemOf({ type: 'plan', key }, now)} union all ${itemOf({ type: 'package', key }, now)}`,
  );
}

export interface ItemFilter {
  readonly isActive: boolean | undefined;
  readonly after: readonly [sortOrder: number, key: string] | undefined;
  readonly limit: number;
}

/** `item`: a page of items by sort order, and one more, to tell whether there is another page. */
export function findItems(type: ItemType, { isActive, after, limit }: ItemFilter, now: Date) {
  const { key } = sources[type];
  const conditions = [
    ...(isActive === undefined ? [] : [sql`item.is_active = ${isActive}`]),
    ...(after === undefined ? [] : [sql`(item.sort_order, ${key}) > (${after[0]}::int, ${after[1]}::text)`]),
  ];
  const where = and(...conditions);
  return build.execute<{ item: unknown }>(
    itemsOf(type, now, { where, orderBy: sql`item.sort_order, ${key}`, limit: limit + 1 }),
  );
}

/** A row when an operation has changed something. */
export function findOperation(operationId: string) {
  return build
    .select({ id: pricingHistory.id })
    .from(pricingHistory)
    .where(eq(pricingHistory.operationId, operationId))
    .limit(1);
}

/** Locks the item. Refused with RC412 unless it has this version, RC404 when there is none. */
export function expectItemVersion({ type, key }: ItemReference, version: number) {
  return build.execute(sql`select expect_item_version(${type}, ${key}, ${version}::int)`);
}

export function updateItem({ type, key }: ItemReference, fields: ItemFields) {
  const shared = { name: fields.name, isActive: fields.is_active, sortOrder: fields.sort_order };
  return type === 'plan'
    ? build
        .update(subscriptionPlans)
        .set(
          present({
            ...shared,
            rolloverCap: fields.rollover_cap,
            trialCredits: fields.trial_credits,
            features: fields.features,
          }),
        )
        .where(eq(subscriptionPlans.planKey, key))
    : build
        .update(creditPackages)
        .set(present({ ...shared, description: fields.description, badge: fields.badge }))
        .where(eq(creditPackages.packageKey, key));
}

/** Keeps the first Product that an item gets. */
export function setStripeProduct({ type, key }: ItemReference, stripeProductId: string) {
  const { table, key: keyColumn } = sources[type];
  return build.execute(sql`
    update ${table} as item set stripe_product_id = ${stripeProductId}
    where ${keyColumn} = ${key} and stripe_product_id is null`);
}

/** Without the members that are undefined. */
function present<Members extends object>(members: Members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Whoever waits here comes after the other has committed: a key is a plan's or a package's, never both. */
export function lockKey(key: string) {
  return build.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`catalogue key ${key}`}, 0))`);
}

export interface NewPlanRow {
  readonly type: 'plan';
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly interval: 'month' | 'year';
  readonly rollover_cap: number | null;
  readonly trial_credits: number;
  readonly features: readonly string[];
  readonly sort_order: number;
}

export interface NewPackageRow {
  readonly type: 'package';
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly badge: string | null;
  readonly sort_order: number;
}

/** Inserts the item unless the other kind has its key: then `expectItemVersion`, after it, finds no such item. */
export function insertItem(item: NewPlanRow | NewPackageRow, stripeProductId: string) {
  return item.type === 'plan'
    ? build.execute(sql`
        insert into subscription_plans
          (id, plan_key, name, interval, rollover_cap, trial_credits, features, sort_order, stripe_product_id)
        select ${item.id}::uuid, ${item.key}, ${item.name}, ${item.interval}, ${item.rollover_cap}::bigint,
          ${item.trial_credits}::bigint, ${JSON.stringify(item.features)}::jsonb, ${item.sort_order}::int,
          ${stripeProductId}
        where not exists (select from credit_packages where package_key = ${item.key})`)
    : build.execute(sql`
        insert into credit_packages (id, package_key, name, description, badge, sort_order, stripe_product_id)
        select ${item.id}::uuid, ${item.key}, ${item.name}, ${item.description}, ${item.badge},
          ${item.sort_order}::int, ${stripeProductId}
        where not exists (select from subscription_plans where plan_key = ${item.key})`);
}

export interface NewOfferRow extends Terms {
  readonly offerId: string;
  readonly type: ItemType;
  readonly itemId: string;
  readonly stripePriceId: string;
  /** Null: now. */
  readonly startsAt: string | null;
}

export function publishOffer(offer: NewOfferRow, author: Author, now: Date) {
  const planId = offer.type === 'plan' ? offer.itemId : null;
  const packageId = offer.type === 'package' ? offer.itemId : null;
  return build.execute(sql`
    select publish_offer(${offer.offerId}::uuid, ${planId}::uuid, ${packageId}::uuid, ${offer.currency},
      ${offer.price}::bigint, ${offer.credits}::bigint, ${offer.stripePriceId}, ${offer.startsAt}::timestamptz,
      ${instant(now)}, ${author.actor}, ${author.reason ?? null})`);
}

export interface HistoryFilter {
  /** `operation`: the cost of an operation in credits, which the database records there too. */
  readonly itemType: ItemType | 'operation' | undefined;
  readonly itemKey: string | undefined;
  readonly field: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly before: number | undefined;
  readonly limit: number;
}

/** The newest first, and one more than the limit. */
export function findHistory(filter: HistoryFilter) {
  const { id, itemType, itemKey, fieldChanged, changedAt } = pricingHistory;
  return build
    .select()
    .from(pricingHistory)
    .where(
      and(
        filter.itemType === undefined ? undefined : eq(itemType, filter.itemType),
        filter.itemKey === undefined ? undefined : eq(itemKey, filter.itemKey),
        filter.field === undefined ? undefined : eq(fieldChanged, filter.field),
        filter.from === undefined ? undefined : gte(changedAt, new Date(filter.from)),
        filter.to === undefined ? undefined : lt(changedAt, new Date(filter.to)),
        filter.before === undefined ? undefined : lt(id, filter.before),
      ),
    )
    .orderBy(desc(id))
    .limit(filter.limit + 1);
}
