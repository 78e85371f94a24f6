import { and, eq, gt, isNotNull, ne, sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf, readyAccount } from '../customers/index.ts';
import { build, instant } from '../db/index.ts';
import { checkouts } from './tables.ts';

export interface NewCheckout {
  readonly checkoutId: string;
  readonly account: AccountReference;
  readonly item: { readonly type: 'plan' | 'package'; readonly key: string };
  /** The Stripe Price that the customer was shown. */
  readonly quotedPriceId: string | undefined;
  readonly now: Date;
}

/** What the item is offered for now, and that offer again when it is the quoted one and can be paid at Stripe. */
function offerAndWanted({ item, quotedPriceId, now }: NewCheckout): SQL {
  const moment = instant(now);
  const catalogue =
    item.type === 'plan'
      ? sql`subscription_plans as item on item.id = prices.plan_id and item.plan_key = ${item.key}`
      : sql`credit_packages as item on item.id = prices.package_id and item.package_key = ${item.key}`;
  return sql`
    offer as (
      select prices.* from prices join ${catalogue}
      where item.is_active and valid_from <= ${moment} and (valid_to is null or valid_to > ${moment})
    ), wanted as (
      select * from offer
      where stripe_price_id is not null
        and (${quotedPriceId ?? null}::text is null or stripe_price_id = ${quotedPriceId ?? null})
    )`;
}

/**
 * Brings the customer's row up to date when what is wanted is on sale, and locks it: what the next statement of the
 * transaction sees of this customer's checkouts stays so.
 */
export function readyCustomer(checkout: NewCheckout) {
  return build.execute(sql`with ${offerAndWanted(checkout)} ${readyAccount(checkout.account, sql`wanted`)}`);
}

/**
 * After `readyCustomer`: opens the checkout, unless the customer is subscribed to a plan (`present`) or the checkout
 * was opened before; then it still sells the offer that it was opened for (`checkout_offer_id`). Of a plan, `others`
 * are the older pay pages that are open; `is_superseded` tells that there is a newer one, `is_closed` that the account
 * was deleted. No row: nothing of that key is on sale.
 */
export function openCheckout(checkout: NewCheckout) {
  const { checkoutId, account, item, now } = checkout;
  const isPlan = sql`${item.type === 'plan'}::boolean`;
  return build.execute(sql`
    with ${offerAndWanted(checkout)}, customer as (
      select customers.* from customers, wanted
      where customers.id = ${customerIdOf(account)}
    ), mine as (
      select * from checkouts where id = ${checkoutId}::uuid
    ), present as (
      select found.stripe_subscription_id, found.is_known, found.status as subscription_status,
        plan.plan_key as plan, plan.name as plan_name
      from customer
      cross join present_subscription(customer.id, ${instant(now)}) as found
      join prices as sold on sold.id = found.offer_id join subscription_plans as plan on plan.id = sold.plan_id
      where ${isPlan}
    ), rival as (
      select checkouts.id, stripe_session_id, checkouts.created_at, plan.plan_key as plan, plan.name as plan_name
      from customer join checkouts on checkouts.customer_id = customer.id
      join prices as sold on sold.id = offer_id join subscription_plans as plan on plan.id = sold.plan_id
      where ${isPlan} and checkouts.id <> ${checkoutId}::uuid and checkouts.status in ('opening', 'open')
        and (expires_at is null or expires_at > ${instant(now)})
    ), opened as (
      insert into checkouts (id, customer_id, offer_id, mode, created_at)
      select ${checkoutId}::uuid, customer.id, wanted.id, ${item.type === 'plan' ? 'subscription' : 'payment'},
        clock_timestamp()
      from customer, wanted
      where not exists (select from present) and not exists (select from mine) and customer.closed_at is null
      returning offer_id
    )
    select offer.id as offer_id, offer.stripe_price_id, offer.amount_minor::int, offer.currency,
      offer.credits::float8, offer.interval, customer.id as customer_id, customer.stripe_customer_id, customer.email,
      coalesce((select offer_id from opened), (select offer_id from mine)) as checkout_offer_id,
      exists (select from wanted) as is_wanted,
      (select to_jsonb(present) from present) as present,
      (select coalesce(jsonb_agg(jsonb_build_object(
          'id', id, 'session_id', stripe_session_id, 'plan', plan, 'plan_name', plan_name)), '[]')
        from rival where stripe_session_id is not null) as others,
      exists (select from rival, mine where rival.created_at > mine.created_at) as is_superseded,
      customer.closed_at is not null as is_closed
    from offer left join customer on true`);
}

export interface OpenedSession {
  readonly sessionId: string;
  readonly expiresAt: Date;
}

/** Raises RC411 when the account of a checkout was deleted since: its page is not to be paid. */
export function requireOpenCustomer(checkoutId: string) {
  return build.execute(sql`select require_open_customer(${checkoutId}::uuid)`);
}

/** Where the checkout's pay page is. A webhook may have been faster: then this changes nothing. */
export function keepSession(checkoutId: string, { sessionId, expiresAt }: OpenedSession) {
  return build
    .update(checkouts)
    .set({ status: 'open', stripeSessionId: sessionId, expiresAt })
    .where(and(eq(checkouts.id, checkoutId), eq(checkouts.status, 'opening')));
}

/**
 * The same for a plan, when no other checkout for a plan was opened or completed meanwhile: else it raises RC411.
 * `closedIds` are the checkouts whose pages were closed for this one.
 */
export function keepSubscriptionSession(
  checkoutId: string,
  { sessionId, expiresAt }: OpenedSession,
  closedIds: readonly string[],
  now: Date,
) {
  return build.execute(sql`
    select keep_subscription_session(${checkoutId}::uuid, ${sessionId}, ${instant(expiresAt)}, ${uuids(closedIds)},
      ${instant(now)})`);
}

/** The pay pages for plans that a customer has open beside one checkout. */
export function findOpenPages(customerId: string, checkoutId: string | null, now: Date) {
  return build
    .select({ id: checkouts.id, sessionId: sql<string>`${checkouts.stripeSessionId}` })
    .from(checkouts)
    .where(
      and(
        eq(checkouts.customerId, customerId),
        eq(checkouts.mode, 'subscription'),
        eq(checkouts.status, 'open'),
        isNotNull(checkouts.stripeSessionId),
        gt(checkouts.expiresAt, now),
        checkoutId === null ? undefined : ne(checkouts.id, checkoutId),
      ),
    );
}

/** Notes which pages were closed. Raises RC411 when one is open that is not among `seenIds`. */
export function closeCheckouts(
  customerId: string,
  closedIds: readonly string[],
  seenIds: readonly string[],
  now: Date,
) {
  return build.execute(sql`
    select close_subscription_checkouts(${customerId}::uuid, ${uuids(closedIds)}, ${uuids(seenIds)}, ${instant(now)})`);
}

function uuids(ids: readonly string[]): SQL {
  return sql`array(select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)::uuid)`;
}
