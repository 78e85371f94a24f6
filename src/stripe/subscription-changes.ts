import type Stripe from 'stripe';
import type { Asking } from './asking.ts';
import { invoicePreview, type InvoicePreview } from './invoice-schemas.ts';
import { runningSchedule } from './schedule-schemas.ts';

/** One item of a subscription at another price. */
export interface PriceChange {
  readonly subscriptionId: string;
  readonly itemId: string;
  readonly stripePriceId: string;
  readonly quantity: number;
  /** Bill the difference for the rest of the period at once; otherwise nothing is prorated. */
  readonly isProrated: boolean;
  /** The instant from which time is given back and charged; undefined: when it happens. */
  readonly prorationDate: Date | undefined;
}

export interface PresentCycle {
  readonly isTrial: boolean;
  /** A schedule would have its way with the next period: it is left out by billing a period from now on. */
  readonly isScheduled: boolean;
}

/** A price that takes the place of the present one at the end of the period. */
export interface ScheduledPrice {
  readonly subscriptionId: string;
  /** The schedule that the subscription has already. */
  readonly scheduleId: string | undefined;
  readonly stripePriceId: string;
  readonly quantity: number;
  readonly interval: 'month' | 'year';
  readonly startsAt: Date;
}

/** What customers change of their subscriptions. `operationId` names each request: done again, it happens once. */
export interface StripeSubscriptionChanges {
  /** The invoice that a change would make at once. */
  previewPriceChange(change: PriceChange): Promise<InvoicePreview>;
  /** The invoice of a whole period after a change, discounts and all. */
  previewPeriod(change: PriceChange, present: PresentCycle): Promise<InvoicePreview>;
  /** All or nothing: throws StripeRefusal, of status 402, when the difference cannot be collected. */
  changePrice(operationId: string, change: PriceChange): Promise<void>;
  schedulePrice(operationId: string, price: ScheduledPrice): Promise<void>;
  /** Ends a schedule, and leaves its subscription as it is. */
  releaseSchedule(operationId: string, scheduleId: string): Promise<void>;
  endWithPeriod(operationId: string, subscriptionId: string): Promise<void>;
  /** Ends a subscription now, without giving anything back. One that has ended meanwhile is over as well. */
  endNow(subscriptionId: string): Promise<void>;
  /** Lets a subscription go on that was to end, with its period or at a day. */
  goOn(operationId: string, subscriptionId: string, ended: 'with_period' | 'at_day'): Promise<void>;
}

/** The part of the gateway that changes subscriptions. */
export function openStripeSubscriptionChanges(sdk: Stripe, asking: Asking): StripeSubscriptionChanges {
  const { call, create, find } = asking;
  const preview = async (
    subscription: string,
    details: Stripe.InvoiceCreatePreviewParams.SubscriptionDetails,
  ) => {
    const parameters = { subscription, subscription_details: details };
    return invoicePreview.parse(await call(() => sdk.invoices.createPreview(parameters)));
  };
  return {
    previewPriceChange: async (change) => preview(change.subscriptionId, changeOf(change)),
    previewPeriod: async (change, { isTrial, isScheduled }) => {
      const fromNow = isTrial
        ? { trial_end: 'now' as const }
        : { billing_cycle_anchor: { type: 'now' as const } };
      const details = changeOf({ ...change, isProrated: false });
      return preview(change.subscriptionId, { ...details, ...(isScheduled ? fromNow : {}) });
    },
    changePrice: async (operationId, change) => {
      const parameters = { ...changeOf(change), payment_behavior: 'error_if_incomplete' as const };
      await create(`change-plan:${operationId}`, (options) =>
        sdk.subscriptions.update(change.subscriptionId, parameters, options),
      );
    },
    schedulePrice: (operationId, price) => schedulePrice(sdk, asking, operationId, price),
    releaseSchedule: async (operationId, scheduleId) => {
      await create(`release-schedule:${operationId}`, (options) =>
        sdk.subscriptionSchedules.release(scheduleId, {}, options),
      );
    },
    endWithPeriod: async (operationId, subscriptionId) => {
      await create(`cancel:${operationId}`, (options) =>
        sdk.subscriptions.update(subscriptionId, { cancel_at_period_end: true }, options),
      );
    },
    endNow: async (subscriptionId) => {
      await find(() => sdk.subscriptions.cancel(subscriptionId));
    },
    goOn: async (operationId, subscriptionId, ended) => {
      const parameters =
        ended === 'with_period' ? { cancel_at_period_end: false } : { cancel_at: '' as const };
      await create(`resume:${operationId}`, (options) =>
        sdk.subscriptions.update(subscriptionId, parameters, options),
      );
    },
  };
}

function changeOf({ itemId, stripePriceId, quantity, isProrated, prorationDate }: PriceChange) {
  return {
    items: [{ id: itemId, price: stripePriceId, quantity }],
    proration_behavior: isProrated ? ('always_invoice' as const) : ('none' as const),
    ...(isProrated && prorationDate ? { proration_date: inSeconds(prorationDate) } : {}),
  };
}

/**
 * Two phases: what is there, discounts included, until the end of the period, and the new price from then on; after
 * one period of it the schedule lets go of the subscription.
 * Source: https://docs.stripe.com/billing/subscriptions/subscription-schedules
 */
async function schedulePrice(
  sdk: Stripe,
  { call, create }: Asking,
  operationId: string,
  { subscriptionId, scheduleId, stripePriceId, quantity, interval, startsAt }: ScheduledPrice,
): Promise<void> {
  const schedule = runningSchedule.parse(
    scheduleId === undefined
      ? await create(`schedule:${operationId}`, (options) =>
          sdk.subscriptionSchedules.create({ from_subscription: subscriptionId }, options),
        )
      : await call(() => sdk.subscriptionSchedules.retrieve(scheduleId)),
  );
  const { present } = schedule;
  if (present === undefined) throw new Error('a running schedule has no present phase');
  const { items, start_date: start, ...terms } = present;
  const [first] = items;
  const phases = [
    {
      ...terms,
      proration_behavior: 'none' as const,
      start_date: start,
      end_date: inSeconds(startsAt),
      items,
    },
    {
      ...terms,
      proration_behavior: 'none' as const,
      duration: { interval, interval_count: 1 },
      items: [{ ...first, price: stripePriceId, quantity }],
    },
  ];
  await create(`schedule-phases:${operationId}`, (options) =>
    sdk.subscriptionSchedules.update(
      schedule.id,
      { phases, end_behavior: 'release', proration_behavior: 'none' },
      options,
    ),
  );
}

function inSeconds(moment: Date): number {
  return Math.floor(moment.getTime() / 1000);
}
