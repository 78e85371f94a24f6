import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { expectCustomer, findCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { findActivePlan, findStatusSubscription, summarisePayments } from './status-queries.ts';
import type { paymentStatus } from './status-schemas.ts';

type PaymentStatus = z.input<typeof paymentStatus>;
type Subscription = Awaited<ReturnType<typeof findStatusSubscription>>[number];
type ActivePlan = Awaited<ReturnType<typeof findActivePlan>>[number];

/**
 * What an account has subscribed to and paid for: the subscription as Stripe had it last, and the money that arrived. A
 * subscription of a time when only payments were kept shows by these. Throws `customer_not_found`.
 */
export async function readPaymentStatus(
  deps: Pick<Deps, 'db' | 'clock'>,
  account: AccountReference,
): Promise<PaymentStatus> {
  const [[customer], [subscription], [plan], [payments]] = await deps.db.batch([
    findCustomer(account),
    findStatusSubscription(account),
    findActivePlan(account, deps.clock.now()),
    summarisePayments(account),
  ]);
  expectCustomer(account, customer?.id);
  const startedAt = plan?.startedAt ?? subscription?.startedAt;
  const endsAt = plan === undefined ? subscription?.paidUntil : plan.endsAt;
  return {
    plan: plan?.key ?? null,
    plan_name: plan?.name ?? null,
    subscription_status: statusOf(subscription, plan, payments?.isPending ?? false),
    has_paid: payments?.hasPaid ?? false,
    subscription_started_at: startedAt?.toISOString() ?? null,
    subscription_ends_at: endsAt?.toISOString() ?? null,
    ...(subscription === undefined ? noDetails : detailsOf(subscription)),
  };
}

function statusOf(
  subscription: Subscription | undefined,
  plan: ActivePlan | undefined,
  isPending: boolean,
): string {
  if (subscription !== undefined && !(subscription.isOver && isPending)) return subscription.status;
  if (isPending) return 'pending';
  return plan === undefined ? 'none' : 'active';
}

type Details = Omit<
  PaymentStatus,
  | 'plan'
  | 'plan_name'
  | 'subscription_status'
  | 'has_paid'
  | 'subscription_started_at'
  | 'subscription_ends_at'
>;

const noDetails = {
  stripe_subscription_id: null,
  price_id: null,
  amount: null,
  currency: null,
  interval: null,
  quantity: null,
  current_period_start: null,
  current_period_end: null,
  cancel_at_period_end: false,
  cancel_at: null,
  canceled_at: null,
  ended_at: null,
  trial_start: null,
  trial_end: null,
  past_due: false,
  paused: null,
  next_plan: null,
} as const satisfies Details;

function detailsOf(subscription: Subscription): Details {
  const { stripePriceId, amountMinor, currency, interval, quantity } = subscription;
  return {
    stripe_subscription_id: subscription.stripeSubscriptionId,
    price_id: stripePriceId,
    amount: amountMinor * quantity,
    currency,
    interval,
    quantity,
    current_period_start: subscription.currentPeriodStart.toISOString(),
    current_period_end: subscription.currentPeriodEnd.toISOString(),
    cancel_at_period_end: subscription.cancelAtPeriodEnd,
    cancel_at: subscription.cancelAt?.toISOString() ?? null,
    canceled_at: subscription.canceledAt?.toISOString() ?? null,
    ended_at: subscription.endedAt?.toISOString() ?? null,
    trial_start: subscription.trialStart?.toISOString() ?? null,
    trial_end: subscription.trialEnd?.toISOString() ?? null,
    past_due: subscription.status === 'past_due',
    paused: pauseOf(subscription),
    next_plan: nextPlanOf(subscription),
  };
}

function pauseOf({ pauseBehavior, pauseResumesAt }: Subscription): Details['paused'] {
  if (pauseBehavior === null) return null;
  return { behavior: pauseBehavior, resumes_at: pauseResumesAt?.toISOString() ?? null };
}

function nextPlanOf(subscription: Subscription): Details['next_plan'] {
  const { nextPlan, nextPlanName, nextPriceId, nextAmountMinor, nextAt, quantity } = subscription;
  if (nextPlan === null || nextPlanName === null || nextAmountMinor === null || nextAt === null) return null;
  return {
    plan: nextPlan,
    plan_name: nextPlanName,
    price_id: nextPriceId,
    amount: nextAmountMinor * quantity,
    at: nextAt.toISOString(),
  };
}
