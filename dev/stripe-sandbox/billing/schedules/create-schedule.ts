import { invalid, missing, refuseUnsupported } from '../../api/errors.ts';
import { named } from '../../api/operations.ts';
import type { Params } from '../../api/parameters.ts';
import { mergeMetadata, updatedText } from '../../api/values.ts';
import {
  DEFAULT_SETTINGS,
  newPhase,
  newPhaseItem,
  newSchedule,
  phaseDiscount,
  spanOf,
  type Phase,
  type Schedule,
} from '../../objects/subscription-schedule.ts';
import { add, change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd, periodStart } from '../subscriptions/billed-period.ts';
import { isOver } from '../subscriptions/end-subscription.ts';
import { startSchedule } from './enter-phase.ts';
import { instant, phasesOf } from './schedule-phases.ts';
import { wantedMethod } from '../subscriptions/wanted-subscription.ts';

type Create = Params<'subscriptionScheduleCreate'>;
type Subscription = ObjectTypes['subscription'];

/**
 * Makes a schedule of phases for a customer, or of a subscription that exists.
 * One that starts now has its subscription at once.
 */
export function createSchedule(context: Context, params: Create): Schedule {
  refuseUnsupported(params, ['customer_account', 'pause_schedules']);
  if (params.billing_mode?.type === 'classic') {
    throw invalid('The local Stripe sandbox bills subscriptions in the flexible mode only.', 'billing_mode');
  }
  return params.from_subscription === undefined
    ? ofPhases(context, params)
    : ofSubscription(context, params, params.from_subscription);
}

function ofPhases(context: Context, params: Create): Schedule {
  if (params.customer === undefined) throw missing('customer');
  if (params.start_date === undefined) throw missing('start_date');
  const { id: customer } = named(context, 'customer', params.customer, 'customer');
  const start = instant(context, params.start_date);
  if (start < context.now()) {
    throw invalid('The local Stripe sandbox does not backdate subscriptions.', 'start_date');
  }
  const schedule = newSchedule(context, {
    customer,
    default_settings: settingsOf(context, customer, params.default_settings, DEFAULT_SETTINGS),
    end_behavior: endBehaviorOf(params.end_behavior) ?? 'release',
    metadata: mergeMetadata({}, params.metadata),
    phases: phasesOf(context, customer, params.phases ?? [], start),
  });
  context.store.put(schedule);
  if (start <= context.now()) return startSchedule(context, schedule, 'subscription_schedule.created');
  context.events.emit(context, 'subscription_schedule.created', schedule);
  return schedule;
}

/** `renew` and `none` are of an older API. */
export function endBehaviorOf(value: Create['end_behavior']): 'cancel' | 'release' | undefined {
  if (value === undefined || value === 'cancel' || value === 'release') return value;
  throw invalid('Invalid end_behavior: must be one of cancel or release', 'end_behavior');
}

/** Default settings after a request. */
export function settingsOf(
  context: Context,
  customer: string,
  params: Create['default_settings'],
  before: Schedule['default_settings'],
): Schedule['default_settings'] {
  if (params === undefined) return before;
  refuseUnsupported(params, [
    'application_fee_percent',
    'automatic_tax',
    'billing_thresholds',
    'invoice_settings',
    'on_behalf_of',
    'transfer_data',
  ]);
  if (params.billing_cycle_anchor === 'phase_start' || params.collection_method === 'send_invoice') {
    throw invalid('The local Stripe sandbox plays only the usual settings of schedules.', 'default_settings');
  }
  const { default_payment_method: method, description } = params;
  return {
    ...before,
    default_payment_method:
      method === undefined ? before.default_payment_method : wantedMethod(context, customer, method),
    description: updatedText(description, before.description),
  };
}

function ofSubscription(context: Context, params: Create, id: string): Schedule {
  for (const name of ['customer', 'default_settings', 'end_behavior', 'phases', 'start_date'] as const) {
    if (params[name] === undefined) continue;
    throw invalid(`You cannot set \`${name}\` if \`from_subscription\` is set.`, name);
  }
  const subscription = named(context, 'subscription', id, 'from_subscription');
  if (isOver(subscription)) {
    throw invalid('You cannot migrate a subscription that has ended.', 'from_subscription');
  }
  if (subscription.schedule !== null) {
    throw invalid(
      `You cannot migrate a subscription that is already attached to a schedule: \`${subscription.schedule}\`.`,
      'from_subscription',
    );
  }
  if (subscription.status === 'paused') {
    throw invalid('The local Stripe sandbox does not schedule paused subscriptions.', 'from_subscription');
  }
  const phase = presentPhase(subscription);
  const schedule = newSchedule(context, {
    customer: subscription.customer,
    default_settings: {
      ...DEFAULT_SETTINGS,
      collection_method: subscription.collection_method,
      default_payment_method: subscription.default_payment_method,
      description: subscription.description,
    },
    end_behavior: subscription.cancel_at === null ? 'release' : 'cancel',
    metadata: mergeMetadata({}, params.metadata),
    phases: [phase],
  });
  const active = { ...schedule, current_phase: spanOf(phase), status: 'active' as const, subscription: id };
  const added = add(context, active, 'subscription_schedule.created');
  change(context, subscription, { schedule: added.id }, 'customer.subscription.updated');
  return added;
}

/** The subscription's present period, as a phase. */
function presentPhase(subscription: Subscription): Phase {
  const existing = (discounts: readonly string[]): Phase['discounts'] =>
    discounts.map((discount) => phaseDiscount({ discount }));
  return newPhase({
    currency: subscription.currency,
    discounts: existing(subscription.discounts),
    end_date: subscription.cancel_at ?? periodEnd(subscription),
    items: subscription.items.data.map(({ discounts, metadata, price, quantity }) =>
      newPhaseItem({ discounts: existing(discounts), metadata, price: price.id, quantity: quantity ?? 1 }),
    ),
    metadata: subscription.metadata,
    start_date: periodStart(subscription),
    trial_end: subscription.status === 'trialing' ? subscription.trial_end : null,
  });
}
