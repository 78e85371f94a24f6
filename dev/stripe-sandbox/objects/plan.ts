import type Stripe from 'stripe';
import { previousAttributes, type Context } from '../state/context.ts';
import type { EventType, ObjectTypes, Wire } from '../state/wire.ts';

type Price = ObjectTypes['price'];
type Recurrence = NonNullable<Price['recurring']>;
export type Plan = Wire<Stripe.Plan>;

/** How often a subscription's price recurs. */
export function recurrenceOf(price: Price): Recurrence {
  if (!price.recurring) throw new Error(`Price ${price.id} is not recurring.`);
  return price.recurring;
}

/** The older face of a recurring price (https://docs.stripe.com/api/plans). */
export function planOf(price: Price): Plan {
  const { interval, interval_count, meter, trial_period_days, usage_type } = recurrenceOf(price);
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval,
    interval_count,
    livemode: false,
    metadata: price.metadata,
    meter,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days,
    usage_type,
  };
}

/** Stripe tells of a recurring price as a plan, too. Of an update only when the plan shows it. */
export function tellPlan(
  context: Context,
  event: Extract<EventType, `plan.${string}`>,
  price: Price,
  before?: Price,
): void {
  if (!price.recurring) return;
  const plan = planOf(price);
  const previous = before && previousAttributes(planOf(before), plan);
  if (previous && Object.keys(previous).length === 0) return;
  context.events.emit(context, event, plan, previous);
}
