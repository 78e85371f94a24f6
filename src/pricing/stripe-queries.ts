import { sql, type SQL } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import type { ItemReference, ItemType } from './items.ts';
import { catalogueAt, itemOf } from './queries.ts';

/** An item has few offers that Stripe is yet to be told of: what is beyond is left to the cron. */
const outcomeLimit = 20;

/** What Stripe was told of an offer. */
export type StripeState = 'none' | 'on_sale' | 'scheduled' | 'archived';

/** Plans and packages as one, as far as Stripe is told of them. */
const items = sql`(
  select 'plan' as type, id, plan_key as key, name, null as description, is_active, version, stripe_product_id,
    stripe_synced_version
  from subscription_plans
  union all
  select 'package', id, package_key, name, description, is_active, version, stripe_product_id, stripe_synced_version
  from credit_packages
) as item`;

const offers = sql`prices as offer join ${items} on item.id = coalesce(offer.plan_id, offer.package_id)`;

const isItem = ({ type, key }: ItemReference) => sql`(item.type = ${type} and item.key = ${key})`;

/** What Stripe should know of an offer at this instant. */
function stateAt(now: Date): SQL {
  return sql`case
    when not item.is_active or offer.valid_to <= greatest(offer.valid_from, ${instant(now)}) then 'archived'
    when offer.valid_from > ${instant(now)} then 'scheduled'
    else 'on_sale' end`;
}

/**
 * What Stripe has yet to be told (`stripeWorkSchema`). New Prices come on sale before old ones leave, so that there is
 * no moment without one.
 */
function stripeWork(now: Date, scope: SQL, limit: number): SQL {
  return sql`jsonb_build_object(
    'products', (select coalesce(jsonb_agg(product), '[]') from (
      select type, key, version, stripe_product_id as product_id, name, description, is_active as active
      from ${items}
      where ${scope} and stripe_product_id is not null and stripe_synced_version < version
      order by key limit ${limit}::int) as product),
    'prices', (select coalesce(jsonb_agg(price), '[]') from (
      select offer.id as offer_id, item.key, offer.stripe_price_id as price_id, offer.stripe_state as told,
        ${stateAt(now)} as state
      from ${offers}
      where ${scope} and offer.stripe_price_id is not null and offer.stripe_state is distinct from ${stateAt(now)}
      order by array_position(array['on_sale', 'scheduled', 'archived'], ${stateAt(now)}), offer.valid_from
      limit ${limit}::int) as price))`;
}

/** `work`: of all items. */
export function findStripeWork(now: Date, limit: number) {
  return build.execute<{ work: unknown }>(sql`select ${stripeWork(now, sql`true`, limit)} as work`);
}

/** Last in a batch that changes an item: the item, the whole catalogue, and what Stripe is to be told of the item. */
export function findOutcome(item: ItemReference, now: Date) {
  return build.execute(sql`
    select (${itemOf(item, now)}) as item, ${catalogueAt(now)} as catalogue,
      ${stripeWork(now, isItem(item), outcomeLimit)} as work`);
}

/** Whether the mark was set is told by `marked`: it is not, when another run has told Stripe something else since. */
export function markProductTold({ type, key }: ItemReference, version: number) {
  return build.execute<{ marked: boolean }>(sql`
    update ${tableOf(type)} set stripe_synced_version = ${version}::int
    where ${keyOf(type)} = ${key} and stripe_synced_version <= ${version}::int
    returning true as marked`);
}

/** Like {@link markProductTold}, for what was told of an offer: `state`, when it was `told` before. */
export function markPriceTold(offerId: string, told: string, state: string) {
  return build.execute<{ marked: boolean }>(sql`
    update prices set stripe_state = ${state}
    where id = ${offerId}::uuid and stripe_state in (${told}, ${state})
    returning true as marked`);
}

/** Nobody knows what Stripe was told last of this product: let it be told again. */
export function doubtProduct({ type, key }: ItemReference) {
  return build.execute(
    sql`update ${tableOf(type)} set stripe_synced_version = 0 where ${keyOf(type)} = ${key}`,
  );
}

/** The same for an offer, and for all others of its item that are on sale: they share the lookup key. */
export function doubtPrices(offerIds: readonly string[]) {
  return build.execute(sql`
    update prices set stripe_state = 'none'
    where id in ${idList(offerIds)} or (stripe_state = 'on_sale' and coalesce(plan_id, package_id) in (
      select coalesce(plan_id, package_id) from prices where id in ${idList(offerIds)}))`);
}

/** Active items that have no Product yet. */
export function findItemsWithoutProduct() {
  return build.execute<{
    id: string;
    type: ItemType;
    key: string;
    name: string;
    description: string | null;
  }>(sql`
    select id, type, key, name, description from ${items}
    where is_active and stripe_product_id is null order by type desc, key`);
}

export interface UnknownOffer extends Record<string, unknown> {
  readonly offer_id: string;
  readonly product_id: string;
  readonly currency: string;
  readonly price: number;
  readonly interval: 'month' | 'year' | null;
}

/** Offers on sale, now or later, that Stripe does not know. */
export function findOffersWithoutPrice(now: Date) {
  return build.execute<UnknownOffer>(sql`
    select offer.id as offer_id, item.stripe_product_id as product_id, offer.currency,
      offer.amount_minor::int as price, offer.interval
    from ${offers}
    where item.is_active and item.stripe_product_id is not null and offer.stripe_price_id is null
      and ${stateAt(now)} <> 'archived'
    order by offer.created_at, offer.id`);
}

/** Keeps the first Price that an offer gets. */
export function givePrice(offerId: string, stripePriceId: string) {
  return build.execute<{ given: boolean }>(sql`
    update prices set stripe_price_id = ${stripePriceId}
    where id = ${offerId}::uuid and stripe_price_id is null
    returning true as given`);
}

/** All that Ratecard has at Stripe: every item's Product, every offer's Price with what Stripe was told of it. */
export function findKnownAtStripe() {
  return build.execute<{
    product_id: string;
    offer_id: string | null;
    price_id: string | null;
    key: string;
    told: StripeState | null;
  }>(sql`
    select item.stripe_product_id as product_id, item.key, offer.id as offer_id, offer.stripe_price_id as price_id,
      offer.stripe_state as told
    from ${items} left join prices as offer on item.id = coalesce(offer.plan_id, offer.package_id)
    where item.stripe_product_id is not null`);
}

function tableOf(type: ItemType): SQL {
  return type === 'plan' ? sql`subscription_plans` : sql`credit_packages`;
}

function keyOf(type: ItemType): SQL {
  return type === 'plan' ? sql`plan_key` : sql`package_key`;
}

function idList(ids: readonly string[]): SQL {
  return sql`(${sql.join(
    ids.map((id) => sql`${id}::uuid`),
    sql`, `,
  )})`;
}
