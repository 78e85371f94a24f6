import { DAY } from '../../support.ts';
import type Stripe from 'stripe';
import type { ObjectTypes } from '../../../../dev/stripe-sandbox/state/wire.ts';
import type { Play, Steps } from '../play.ts';

type Schedule = ObjectTypes['subscription_schedule'];
type Phase = Stripe.SubscriptionScheduleUpdateParams.Phase;

const PRORATIONS = ['create_prorations', 'always_invoice', 'none'] as const;

export const scheduleSteps: Steps = {
  'schedule a subscription': [1, schedule],
  'manage a subscription by a schedule': [2, fromSubscription],
  'schedule another plan': [3, addPhase],
  'release a schedule': [0.5, release],
  'cancel a schedule': [0.5, cancel],
};

async function schedule(play: Play): Promise<unknown> {
  const { stripe, random, world } = play;
  const customer = random.find(world.all('customer'));
  const now = world.timeOf(customer?.id) ?? world.now;
  const params: Stripe.SubscriptionScheduleCreateParams = {
    start_date: random.chance(0.4) ? 'now' : now + random.between(1, 30) * DAY,
    end_behavior: random.pick(['cancel', 'release']),
    phases: [newPhase(play), ...(random.chance(0.5) ? [newPhase(play)] : [])],
  };
  return customer && stripe.subscriptionSchedules.create({ customer: customer.id, ...params });
}

function newPhase({ random, catalog }: Play): Stripe.SubscriptionScheduleCreateParams.Phase {
  return {
    items: [{ price: random.pick(catalog.prices), quantity: random.between(1, 3) }],
    duration: { interval: 'month', interval_count: random.between(1, 2) },
    proration_behavior: random.pick(PRORATIONS),
    ...(random.chance(0.2) && { discounts: [{ coupon: random.pick(catalog.coupons) }] }),
    ...(random.chance(0.2) && { billing_cycle_anchor: 'phase_start' }),
    ...(random.chance(0.1) && { trial: true }),
  };
}

async function fromSubscription({ stripe, random, world }: Play): Promise<unknown> {
  const subscription = random.find(world.all('subscription').filter(({ ended_at }) => ended_at === null));
  return subscription && stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
}

/** The phases that it has, and another one; sometimes the current one changes, too. */
async function addPhase(play: Play): Promise<unknown> {
  const { stripe, random } = play;
  const known = someSchedule(play);
  const added = newPhase(play);
  const isChanged = random.chance(0.3);
  const proration_behavior = random.pick(PRORATIONS);
  if (!known) return undefined;
  const phases = known.phases.map((phase): Phase => kept(phase, isChanged ? added : undefined));
  return stripe.subscriptionSchedules.update(known.id, {
    end_behavior: random.pick(['cancel', 'release']),
    phases: [...phases, added],
    proration_behavior,
  });
}

function kept({ items, start_date, end_date, trial_end }: Schedule['phases'][number], other?: Phase): Phase {
  return {
    items: other?.items ?? items.map(({ price, quantity = 1 }) => ({ price, quantity })),
    start_date,
    end_date,
    ...(trial_end !== null && { trial_end }),
  };
}

function someSchedule({ random, world }: Play): Schedule | undefined {
  return random.find(
    world
      .all('subscription_schedule')
      .filter(({ status }) => status === 'active' || status === 'not_started'),
  );
}

async function release(play: Play): Promise<unknown> {
  const known = someSchedule(play);
  return known && play.stripe.subscriptionSchedules.release(known.id);
}

async function cancel(play: Play): Promise<unknown> {
  const known = someSchedule(play);
  const params = { invoice_now: play.random.chance(0.5), prorate: play.random.chance(0.5) };
  return known && play.stripe.subscriptionSchedules.cancel(known.id, params);
}
