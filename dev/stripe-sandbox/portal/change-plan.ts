import { periodEnd } from '../billing/subscriptions/billed-period.ts';
import { payUpdate } from '../billing/subscriptions/pay-update.ts';
import { upcomingInvoice } from '../billing/subscriptions/upcoming.ts';
import {
  draftUpdate,
  updateSubscription,
  type SubscriptionChange,
} from '../billing/subscriptions/update-subscription.ts';
import { intentOf } from '../objects/invoice-payment.ts';
import { imagined } from '../state/imagined.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { askBank } from './bank.ts';
import { isScheduled } from './offer.ts';
import { changeLater, withoutSchedule } from './plan-schedule.ts';
import { planWish, type PlanWish } from './plan-wish.ts';
import type { Result } from './result.ts';
import { ownSubscription, type Visit } from './visit.ts';

type Invoice = ObjectTypes['invoice'];

/** What a change of plan would bring. */
export interface PlanPreview {
  readonly wish: PlanWish;
  /** The change waits for the end of the period. */
  readonly isScheduled: boolean;
  /** What would be billed at once; null: nothing. */
  readonly now: Invoice | null;
  /** The next renewal's invoice; null for a scheduled change. */
  readonly next: Invoice | null;
  /** When the change or the next renewal comes, in Unix seconds. */
  readonly nextAt: number;
}

/** Tries the change in an imagined world and reads there what is billed. Throws what speaks against it. */
export function previewPlan(visit: Visit, fields: URLSearchParams): PlanPreview {
  const wish = planWish(visit, fields);
  const world = imagined(visit.context);
  const present = withoutSchedule(world, wish.subscription);
  if (isScheduled(visit.configuration, wish.item, wish)) {
    return { wish, isScheduled: true, now: null, next: null, nextAt: periodEnd(present) };
  }
  const { subscription, invoice } = draftUpdate(world, present, changeOf(visit, wish));
  return {
    wish,
    isScheduled: false,
    now: invoice,
    next: upcomingInvoice(world, subscription),
    nextAt: periodEnd(subscription),
  };
}

/**
 * Changes the plan, now or at the end of the period as the configuration says.
 * A payment that fails leaves the plan as it was, and throws 402; a bank's
 * question comes after the change, since somebody has to be there to answer it.
 */
export function changePlan(visit: Visit, fields: URLSearchParams): Result {
  const { context } = visit;
  const wish = planWish(visit, fields);
  if (isScheduled(visit.configuration, wish.item, wish)) {
    changeLater(context, wish);
    return { done: 'plan_scheduled' };
  }
  const before = wish.subscription.latest_invoice;
  const change = { ...changeOf(visit, wish), paymentBehavior: behavior(visit, wish) };
  const changed = updateSubscription(context, withoutSchedule(context, wish.subscription), change);
  const invoice = changed.latest_invoice === before ? null : changed.latest_invoice;
  const intent = invoice === null ? undefined : intentOf(context, invoice);
  return intent?.status === 'requires_action'
    ? askBank(visit, intent, 'plan_changed')
    : { done: 'plan_changed' };
}

function behavior(visit: Visit, wish: PlanWish): 'allow_incomplete' | 'error_if_incomplete' {
  const world = imagined(visit.context);
  const change = changeOf(visit, wish);
  const paid = payUpdate(
    world,
    draftUpdate(world, withoutSchedule(world, wish.subscription), change),
    change,
  );
  const bankAsks = paid !== null && intentOf(world, paid.id)?.status === 'requires_action';
  return bankAsks ? 'allow_incomplete' : 'error_if_incomplete';
}

function changeOf(
  { configuration }: Visit,
  { subscription, item, price, quantity, discounts }: PlanWish,
): SubscriptionChange {
  const { subscription_update: how } = configuration.features;
  const endsTrial = subscription.status === 'trialing' && how.trial_update_behavior === 'end_trial';
  return {
    items: [{ id: item.id, price, quantity }],
    prorationBehavior: how.proration_behavior,
    resetsAnchor: how.billing_cycle_anchor === 'now',
    ...(discounts.length > 0 && { discounts }),
    ...(endsTrial && { trialEnd: 'now' as const }),
  };
}

/** Undoes a change that waits for the end of the period. */
export function keepPlan(visit: Visit, fields: URLSearchParams): Result {
  withoutSchedule(visit.context, ownSubscription(visit, fields));
  return { done: 'plan_kept' };
}
