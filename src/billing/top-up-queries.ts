import { asc, eq, isNotNull, isNull, lte, or, and, sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { isAccount, readyAccount } from '../customers/index.ts';
import { build, instant } from '../db/index.ts';
import { autoTopUps, topUps } from './top-up-tables.ts';

/** A charge that is not through by then is taken up by the scheduled job. */
const leaseSeconds = 60;
/** How often the bank is asked about a debit that takes its time, should the webhook be lost. */
const debitHours = 6;

/** Money of this month and what is under way, of a customer's row that may be null. */
function spentBy(customerId: SQL, currency: SQL, now: Date): SQL {
  return sql`top_up_money(${customerId}, ${currency}, ${instant(now)})::float8`;
}

function inFlightOf(customerId: SQL): SQL {
  return sql`(
    select jsonb_build_object('id', top_ups.id, 'status', status, 'price', top_ups.amount_minor,
      'currency', top_ups.currency, 'credits', prices.credits, 'started_at', top_ups.created_at)
    from top_ups join prices on prices.id = offer_id
    where customer_id = ${customerId} and status in ('started', 'processing'))`;
}

/** An account's settings, with what they led to; no row before the first ones. */
export function findTopUpSettings(account: AccountReference, now: Date) {
  return build.execute(sql`
    select wish.is_enabled as enabled, wish.threshold::float8, package.package_key as package,
      offer.stripe_price_id as price_id, offer.amount_minor::int as price, offer.currency,
      offer.credits::float8 as credits, wish.monthly_cap_minor::float8 as monthly_cap,
      ${spentBy(sql`wish.customer_id`, sql`offer.currency`, now)} as spent_this_month,
      ${inFlightOf(sql`wish.customer_id`)} as in_flight,
      to_json(wish.stopped_at) as stopped_at, wish.stopped_reason, to_json(wish.next_attempt_at) as next_attempt_at
    from customers
    join auto_top_ups as wish on wish.customer_id = customers.id
    join credit_packages as package on package.id = wish.package_id
    left join prices as offer on offer.id = wish.offer_id
    where ${isAccount(account)}`);
}

/**
 * A package with what it is offered for now (nulls: it is not on sale), and what matters of the account to which it is to
 * be sold by itself; no row for a package that does not exist.
 */
export function findTopUpOffer(account: AccountReference, packageKey: string, now: Date) {
  return build.execute(sql`
    select package.id as package_id, offer.id as offer_id, offer.stripe_price_id, offer.amount_minor::int,
      offer.currency, offer.credits::float8, customers.id as customer_id, customers.stripe_customer_id,
      customers.closed_at is not null as is_closed,
      coalesce(${spentBy(sql`customers.id`, sql`offer.currency`, now)}, 0) as spent_this_month,
      ${inFlightOf(sql`customers.id`)} as in_flight
    from credit_packages as package
    left join prices as offer on package.is_active and offer.package_id = package.id
      and offer.valid_from <= ${instant(now)} and (offer.valid_to is null or offer.valid_to > ${instant(now)})
    left join customers on ${isAccount(account)}
    where package.package_key = ${packageKey}`);
}

export interface TopUpWish {
  readonly isEnabled: boolean;
  readonly threshold: number;
  readonly packageId: string;
  readonly offerId: string | null;
  readonly monthlyCapMinor: number;
  readonly now: Date;
}

/**
 * Keeps an account's settings (`configure_top_up`), which it makes a customer where it is none yet; nothing of one that
 * was deleted.
 */
export function configureTopUp(account: AccountReference, wish: TopUpWish) {
  return build.execute(sql`
    with one as (select 1), customer as (${readyAccount(account, sql`one`)} returning id)
    select configure_top_up(id, ${wish.isEnabled}, ${wish.threshold}::bigint, ${wish.packageId}::uuid,
      ${wish.offerId}::uuid, ${wish.monthlyCapMinor}::bigint, ${instant(wish.now)})
    from customer`);
}

/** Begins a top-up, or not (`start_top_up`). Row: `started`, null or as jsonb what to charge. */
export function beginTopUp(customerId: string, now: Date) {
  return build.execute<{ started: unknown }>(
    sql`select start_top_up(${customerId}::uuid, ${leaseSeconds}::int, ${instant(now)}) as started`,
  );
}

/**
 * Names the PaymentIntent of a top-up that has none, and answers the one that it has: another worker may have been
 * faster. No row when it is settled already.
 */
export function keepPaymentIntent(topUpId: string, paymentIntentId: string) {
  return build
    .update(topUps)
    .set({ stripePaymentIntentId: sql`coalesce(${topUps.stripePaymentIntentId}, ${paymentIntentId})` })
    .where(and(eq(topUps.id, topUpId), eq(topUps.status, 'started')))
    .returning({ paymentIntentId: topUps.stripePaymentIntentId });
}

export interface SettledTopUp {
  readonly topUpId: string;
  readonly outcome: 'paid' | 'processing' | 'failed';
  readonly failureCode: string | null;
  readonly eventId: string | null;
  readonly actor: string;
  readonly paidAt: Date;
  readonly now: Date;
}

/** Keeps what became of a top-up, once (`settle_top_up`): the money, the credits, and whether it goes on. */
export function settleTopUp(settled: SettledTopUp) {
  return build.execute(sql`
    select settle_top_up(${settled.topUpId}::uuid, ${settled.outcome}, ${settled.failureCode}, ${settled.eventId},
      ${settled.actor}, ${instant(settled.paidAt)}, ${instant(settled.now)})`);
}

export function findTopUpByIntent(paymentIntentId: string) {
  return build
    .select({ id: topUps.id, customerId: topUps.customerId, status: topUps.status })
    .from(topUps)
    .where(eq(topUps.stripePaymentIntentId, paymentIntentId));
}

/**
 * Takes over top-ups whose worker is gone, or whose bank takes its time. `is_wanted`: the customer has neither switched
 * it off since, nor was it stopped.
 */
export function claimLeftTopUps(now: Date, limit: number) {
  return build.execute(sql`
    with claimed as (
      update top_ups
      set lease_until = ${instant(now)} + case status when 'started'
        then make_interval(secs => ${leaseSeconds}) else make_interval(hours => ${debitHours}) end
      where id in (
        select id from top_ups where status in ('started', 'processing') and lease_until <= ${instant(now)}
        order by lease_until limit ${limit} for update skip locked)
      returning *
    )
    select claimed.id, customers.stripe_customer_id, claimed.currency, claimed.amount_minor::int,
      claimed.stripe_payment_intent_id, coalesce(wish.is_enabled and wish.stopped_at is null, false) as is_wanted
    from claimed join customers on customers.id = claimed.customer_id
    left join auto_top_ups as wish on wish.customer_id = claimed.customer_id`);
}

/** Customers who want a top-up and have none under way, the longest due first. */
export function findDueTopUps(now: Date, limit: number) {
  const inFlight = build
    .select({ customerId: topUps.customerId })
    .from(topUps)
    .where(
      and(eq(topUps.customerId, autoTopUps.customerId), sql`${topUps.status} in ('started', 'processing')`),
    );
  return build
    .select({ customerId: autoTopUps.customerId })
    .from(autoTopUps)
    .where(
      and(
        // As the index has it.
        sql`${autoTopUps.isEnabled}`,
        isNull(autoTopUps.stoppedAt),
        isNotNull(autoTopUps.dueSince),
        or(isNull(autoTopUps.nextAttemptAt), lte(autoTopUps.nextAttemptAt, now)),
        sql`not exists (${inFlight})`,
      ),
    )
    .orderBy(asc(autoTopUps.dueSince))
    .limit(limit);
}
