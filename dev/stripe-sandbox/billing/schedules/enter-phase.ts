import { defined, mergeMetadata } from '../../api/values.ts';
import {
  cancellationOf,
  managedBy,
  phaseAt,
  spanOf,
  type Phase,
  type Schedule,
} from '../../objects/subscription-schedule.ts';
import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd } from '../subscriptions/billed-period.ts';
import type { ItemChange } from '../subscriptions/changed-items.ts';
import { createSubscription } from '../subscriptions/create-subscription.ts';
import type { DiscountParam } from '../discounts/redeem.ts';
import { updateSubscription, type SubscriptionChange } from '../subscriptions/update-subscription.ts';

type Subscription = ObjectTypes['subscription'];

/**
 * The first phase begins: the schedule gets a subscription of its own, whose
 * first invoice stays a draft for an hour. Told by `event`.
 */
export function startSchedule(
  context: Context,
  schedule: Schedule,
  event: 'subscription_schedule.created' | 'subscription_schedule.updated',
): Schedule {
  const phase = phaseAt(schedule.phases, context.now());
  if (!phase) throw new Error(`Schedule ${schedule.id} has no phase to start.`);
  const subscription = createSubscription(
    context,
    {
      cancelAt: cancellationOf(schedule),
      cancelAtPeriodEnd: false,
      collectionMethod: 'charge_automatically',
      currency: phase.currency,
      customer: schedule.customer,
      daysUntilDue: null,
      defaultPaymentMethod: methodOf(schedule, phase),
      description: descriptionOf(schedule, phase),
      discounts: phase.discounts.map(discountParam),
      extras: [],
      items: phase.items.map(({ discounts, metadata, price, quantity = 1 }) => ({
        discounts: discounts.map(discountParam),
        metadata: metadata ?? {},
        price: context.store.must('price', price),
        quantity,
      })),
      metadata: phase.metadata ?? {},
      missingPaymentMethod: 'create_invoice',
      schedule: schedule.id,
      trialEnd: trialOf(context, phase),
    },
    { kind: 'draft' },
  );
  return change(
    context,
    schedule,
    { current_phase: spanOf(phase), status: 'active', subscription: subscription.id },
    event,
  );
}

/**
 * Brings the subscription to what a phase says of it. Where one period ends and
 * the next begins, nothing is prorated.
 */
export function enterPhase(
  context: Context,
  schedule: Schedule,
  phase: Phase,
  how: Pick<SubscriptionChange, 'paymentBehavior' | 'prorationBehavior'>,
): void {
  change(context, schedule, { current_phase: spanOf(phase) }, 'subscription_schedule.updated');
  const subscription = managedBy(context, schedule);
  if (!subscription) return;
  const isRenewal = periodEnd(subscription) <= context.now();
  updateSubscription(context, subscription, {
    ...changeFor(context, schedule, subscription, phase),
    ...how,
    ...(isRenewal && { prorationBehavior: 'none' }),
  });
}

function changeFor(
  context: Context,
  schedule: Schedule,
  subscription: Subscription,
  phase: Phase,
): SubscriptionChange {
  const method = methodOf(schedule, phase);
  const description = descriptionOf(schedule, phase);
  const trialEnd = trialOf(context, phase);
  const begins =
    schedule.current_phase?.start_date !== phase.start_date || phase.start_date === context.now();
  return {
    discounts: phase.discounts.map(discountParam),
    items: itemsFor(context, subscription, phase),
    members: {
      metadata: mergeMetadata(subscription.metadata, phase.metadata),
      ...(method !== null && { default_payment_method: method }),
      ...(description !== null && { description }),
    },
    // The cycle after a trial begins with its end.
    resetsAnchor: begins && phase.billing_cycle_anchor === 'phase_start' && trialEnd === null,
    ...(trialEnd !== null && { trialEnd }),
  };
}

/** The end of a phase's trial, in Unix seconds; null when there is none or it is over. */
function trialOf(context: Context, { trial_end: end }: Phase): number | null {
  return end !== null && end > context.now() ? end : null;
}

/** Items of the same price stay, others take the place of those that go. */
function itemsFor(context: Context, subscription: Subscription, phase: Phase): ItemChange[] {
  const going = [...subscription.items.data];
  const kept = phase.items.map(({ price }) => {
    const position = going.findIndex((item) => item.price.id === price);
    return position === -1 ? undefined : going.splice(position, 1)[0];
  });
  const wanted = phase.items.map(({ discounts, metadata, price, quantity = 1 }, index) => {
    const item = kept[index] ?? going.shift();
    return {
      ...(item && { id: item.id }),
      discounts: discounts.map(discountParam),
      metadata: mergeMetadata(item?.metadata ?? {}, metadata),
      price: context.store.must('price', price),
      quantity,
    };
  });
  return [...wanted, ...going.map(({ id }) => ({ deleted: true, id }))];
}

function methodOf({ default_settings }: Schedule, phase: Phase): string | null {
  return phase.default_payment_method ?? default_settings.default_payment_method;
}

function descriptionOf({ default_settings }: Schedule, phase: Phase): string | null {
  return phase.description ?? default_settings.description;
}

function discountParam({ coupon, discount, promotion_code }: Phase['discounts'][number]): DiscountParam {
  return defined({
    coupon: coupon ?? undefined,
    discount: discount ?? undefined,
    promotion_code: promotion_code ?? undefined,
  });
}
