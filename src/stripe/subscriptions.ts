import type Stripe from 'stripe';
import type { Asking } from './asking.ts';
import { scheduledSubscription, subscription, type Subscription } from './subscription-schemas.ts';

/** Nobody has more subscriptions than this; the SDK wants a bound for a list that it keeps whole. */
const listedAtMost = 1000;

/** Subscriptions, as Stripe has them now. Stripe deletes none: one that was canceled is still found. */
export interface StripeSubscriptions {
  findSubscription(subscriptionId: string): Promise<Subscription | undefined>;
  /** Every subscription that a Stripe customer has or had, newest first. */
  listSubscriptions(stripeCustomerId: string): Promise<readonly Subscription[]>;
  /** The subscription that a schedule changes, or changed until it let go of it; null: it has not begun. */
  findScheduledSubscription(scheduleId: string): Promise<string | null | undefined>;
}

/** The part of the gateway that is about subscriptions. */
export function openStripeSubscriptions(sdk: Stripe, { call, find }: Asking): StripeSubscriptions {
  return {
    findSubscription: async (subscriptionId) => {
      const object = await find(() => sdk.subscriptions.retrieve(subscriptionId, { expand: ['schedule'] }));
      return object && subscription.parse(object);
    },
    listSubscriptions: async (stripeCustomerId) => {
      const pages = () =>
        sdk.subscriptions.list({
          customer: stripeCustomerId,
          status: 'all',
          limit: 100,
          expand: ['data.schedule'],
        });
      const listed = await call(() => pages().autoPagingToArray({ limit: listedAtMost }));
      return listed.map((object) => subscription.parse(object));
    },
    findScheduledSubscription: async (scheduleId) => {
      const object = await find(() => sdk.subscriptionSchedules.retrieve(scheduleId));
      return object && scheduledSubscription.parse(object);
    },
  };
}
