import { clawBackPlanCredits, grantCredits } from '../credits/index.ts';
import type { Statement } from '../db/index.ts';
import type { Invoice } from '../stripe/index.ts';
import type { PeriodCredits, ProrationCredits } from './invoice-credits.ts';
import { recordPayment } from './payment-queries.ts';
import { changePlanMonths, schedulePlanGrants } from './plan-month-queries.ts';
import { actorOf } from './settlement.ts';

/** A paid invoice of a customer, and the event that told of it. */
interface Cause {
  readonly customerId: string;
  readonly invoice: Invoice;
  readonly eventId: string | null;
  readonly now: Date;
}

/**
 * The money of a paid invoice and its credits. What is taken back comes first: it is of months before those that are
 * granted here, whose leftovers the new month cuts down to what may roll over.
 */
export function invoiceEffects(
  cause: Cause,
  periods: readonly PeriodCredits[],
  change: ProrationCredits | undefined,
): readonly Statement[] {
  const takesBack = change !== undefined && change.credits < 0;
  return [
    ...payment(cause, periods, change),
    ...(takesBack ? [takeBack(cause, change)] : []),
    ...periods.flatMap((period) => grantPeriod(cause, period)),
    ...(change !== undefined && change.credits > 0 ? [grantChange(cause, change)] : []),
    ...(change !== undefined && change.yearChanges.length > 0 ? [changeYears(cause, change)] : []),
  ];
}

/** The money is for the period that is billed; without one, for the plan that was changed to, up to its period's end. */
function payment(
  { customerId, invoice }: Cause,
  [period]: readonly PeriodCredits[],
  change: ProrationCredits | undefined,
): readonly Statement[] {
  const sold = period ?? change?.charged;
  if (sold === undefined) return [];
  const { line, offer, subscriptionId } = sold;
  return [
    recordPayment({
      customerId,
      offerId: offer.id,
      stripePaymentIntentId: invoice.paymentIntentId,
      stripeInvoiceId: invoice.id,
      stripeSubscriptionId: subscriptionId,
      currency: invoice.currency,
      amountMinor: invoice.amountPaidMinor,
      periodStart: line.periodStart,
      periodEnd: line.periodEnd,
      paidAt: invoice.paidAt,
    }),
  ];
}

/** The credits of one line's period; of a year those of its first month, and the plan for the others. */
function grantPeriod(
  { customerId, invoice, eventId, now }: Cause,
  { kind, line, offer, subscriptionId, credits, expiresAt }: PeriodCredits,
): readonly Statement[] {
  const isTrial = kind === 'trial';
  const grant = grantCredits({
    customerId,
    kind: 'plan',
    source: 'invoice_line',
    sourceRef: line.id,
    transactionType: isTrial ? 'trial_grant' : 'subscription_grant',
    credits,
    offerId: offer.id,
    payment: { invoiceId: invoice.id },
    stripeSubscriptionId: subscriptionId,
    expiresAt,
    description: isTrial ? `Trial credits of ${offer.name}` : `Monthly credits of ${offer.name}`,
    reason: null,
    eventId,
    actor: actorOf({ eventId }),
    now,
  });
  const year = schedulePlanGrants({
    lineId: line.id,
    customerId,
    stripeSubscriptionId: subscriptionId,
    stripeInvoiceId: invoice.id,
    offerId: offer.id,
    quantity: line.quantity,
    periodStart: line.periodStart,
    periodEnd: line.periodEnd,
    now,
  });
  return [...(credits === 0 ? [] : [grant]), ...(offer.interval === 'year' && !isTrial ? [year] : [])];
}

function grantChange({ customerId, invoice, eventId, now }: Cause, change: ProrationCredits): Statement {
  return grantCredits({
    customerId,
    kind: 'plan',
    source: 'invoice_proration',
    sourceRef: invoice.id,
    transactionType: 'plan_change',
    credits: change.credits,
    offerId: change.offer.id,
    payment: { invoiceId: invoice.id },
    stripeSubscriptionId: change.subscriptionId,
    expiresAt: change.expiresAt,
    description: `Change to ${change.offer.name}, for the rest of the month`,
    reason: null,
    eventId,
    actor: actorOf({ eventId }),
    now,
  });
}

function takeBack({ customerId, invoice, eventId, now }: Cause, change: ProrationCredits): Statement {
  return clawBackPlanCredits({
    customerId,
    stripeSubscriptionId: change.subscriptionId,
    credits: -change.credits,
    sourceRef: `proration:${invoice.id}`,
    description: 'The rest of the month was paid back',
    eventId,
    actor: actorOf({ eventId }),
    now,
  });
}

function changeYears({ customerId, invoice, eventId, now }: Cause, change: ProrationCredits): Statement {
  return changePlanMonths({
    customerId,
    stripeSubscriptionId: change.subscriptionId,
    stripeInvoiceId: invoice.id,
    changes: change.yearChanges,
    expiresAt: change.expiresAt,
    eventId,
    actor: actorOf({ eventId }),
    now,
  });
}
