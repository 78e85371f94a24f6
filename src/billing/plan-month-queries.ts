import { asc, eq, lte, sql, type SQL } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import type { YearChange } from './invoice-credits.ts';
import { grantSchedules } from './subscription-tables.ts';
import { payments } from './tables.ts';

/** The payment's id, for a statement that runs after the one that writes it; null where nothing was charged. */
function paymentOf(stripeInvoiceId: string): SQL {
  return sql`(select id from payments where stripe_invoice_id = ${stripeInvoiceId})`;
}

export interface PaidYear {
  /** The invoice line that paid for it. */
  readonly lineId: string;
  readonly customerId: string;
  readonly stripeSubscriptionId: string;
  readonly stripeInvoiceId: string;
  readonly offerId: string;
  readonly quantity: number;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly now: Date;
}

/** Notes a paid year, whose months after the first one are granted when they begin. Once for each line. */
export function schedulePlanGrants(year: PaidYear) {
  return build.execute(sql`
    select schedule_plan_grants(
      ${year.lineId}, ${year.customerId}::uuid, ${year.stripeSubscriptionId}, ${paymentOf(year.stripeInvoiceId)},
      ${year.offerId}::uuid, ${year.quantity}::int, ${instant(year.periodStart)}, ${instant(year.periodEnd)},
      ${instant(year.now)})`);
}

export interface ChangedMonths {
  readonly customerId: string;
  readonly stripeSubscriptionId: string;
  readonly stripeInvoiceId: string;
  readonly changes: readonly YearChange[];
  /** When credits for months that were granted before the change was known expire. */
  readonly expiresAt: Date;
  readonly eventId: string | null;
  readonly actor: string;
  readonly now: Date;
}

/** Changes what the later months of paid years grant. Once for each line. */
export function changePlanMonths(changed: ChangedMonths) {
  const changes = changed.changes.map(({ sourceRef, periodEnd, since, credits, offerId }) => ({
    source_ref: sourceRef,
    period_end: periodEnd,
    since,
    credits,
    offer_id: offerId,
  }));
  return build.execute(sql`
    select change_plan_months(
      ${changed.stripeInvoiceId}, ${changed.customerId}::uuid, ${changed.stripeSubscriptionId},
      ${paymentOf(changed.stripeInvoiceId)}, ${JSON.stringify(changes)}::jsonb, ${instant(changed.expiresAt)},
      ${changed.eventId}, ${changed.actor}, ${instant(changed.now)})`);
}

/** When the periods of a subscription that were paid for began, the oldest first. */
export function findPeriodStarts(stripeSubscriptionId: string | null) {
  return build
    .select({ periodStart: payments.periodStart })
    .from(payments)
    .where(eq(payments.stripeSubscriptionId, sql`${stripeSubscriptionId}`))
    .orderBy(asc(payments.periodEnd));
}

/** Paid years of which a month has begun that is not granted, the longest due first. */
export function findDueYears(now: Date, limit: number) {
  return build
    .select({ id: grantSchedules.id })
    .from(grantSchedules)
    .where(lte(grantSchedules.nextGrantAt, now))
    .orderBy(asc(grantSchedules.nextGrantAt))
    .limit(limit);
}

/** Grants the months of a paid year that have begun, in their order. */
export function grantMonthsOf(scheduleId: string, now: Date) {
  return build.execute(sql`select grant_plan_months(${scheduleId}::uuid, ${instant(now)})`);
}
