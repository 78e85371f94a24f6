import { DAY } from '../../support.ts';
import type Stripe from 'stripe';
import type { ObjectTypes } from '../../../../dev/stripe-sandbox/state/wire.ts';
import type { Catalog, Play, Steps } from '../play.ts';
import type { Random } from '../random.ts';

type Subscription = ObjectTypes['subscription'];
type Update = Stripe.SubscriptionUpdateParams;

const PRORATIONS = ['create_prorations', 'always_invoice', 'none'] as const;
const BEHAVIORS = ['allow_incomplete', 'default_incomplete', 'error_if_incomplete'] as const;

export const subscriptionSteps: Steps = {
  subscribe: [8, subscribe],
  'change the plan': [5, change(changePlan)],
  'change the quantity': [3, change(changeQuantity)],
  'add or remove an item': [2, change(changeItems)],
  'begin a new cycle': [1, change(() => ({ billing_cycle_anchor: { type: 'now' } }))],
  'change the trial': [1, change(changeTrial)],
  'discount it': [1, change(discount)],
  'end later': [2, change(endLater)],
  'do not end': [2, change(() => ({ cancel_at_period_end: false }))],
  'pause collection': [1, change(pauseCollection)],
  'collect again': [1, change(() => ({ pause_collection: '' }))],
  'send the invoices': [0.5, change(changeCollection)],
  'cancel now': [1, cancel],
  pause: [1, pause],
  resume: [2, resume],
};

async function subscribe(play: Play): Promise<unknown> {
  const { stripe, random, world, catalog } = play;
  const customer = random.find(world.all('customer'));
  const params: Stripe.SubscriptionCreateParams = {
    items: [{ price: random.pick(catalog.prices), quantity: random.between(1, 3) }],
    payment_behavior: random.pick(BEHAVIORS),
    ...(random.chance(0.3) && trial(random)),
    ...(random.chance(0.3) && { discounts: [discountOf(random, catalog)] }),
    ...(random.chance(0.15) && { collection_method: 'send_invoice', days_until_due: random.between(1, 20) }),
    ...(random.chance(0.1) && { add_invoice_items: [{ price: catalog.oneTime }] }),
    ...(random.chance(0.1) && { cancel_at_period_end: true }),
    ...(random.chance(0.1) && { proration_behavior: random.pick(['create_prorations', 'none']) }),
  };
  const now = world.timeOf(customer?.id) ?? world.now;
  const isAnchored = random.chance(0.1);
  const isShort = random.chance(0.1);
  if (isAnchored) params.billing_cycle_anchor = now + random.between(1, 25) * DAY;
  else if (isShort) params.cancel_at = now + random.between(1, 60) * DAY;
  return customer && stripe.subscriptions.create({ customer: customer.id, ...params });
}

function trial(random: Random): Partial<Stripe.SubscriptionCreateParams> {
  return {
    trial_period_days: random.between(1, 70),
    trial_settings: {
      end_behavior: { missing_payment_method: random.pick(['cancel', 'create_invoice', 'pause']) },
    },
  };
}

function discountOf(random: Random, catalog: Catalog): { coupon: string } | { promotion_code: string } {
  return random.chance(0.2)
    ? { promotion_code: catalog.promotionCode }
    : { coupon: random.pick(catalog.coupons) };
}

type Change = (play: Play, subscription: Subscription, now: number) => Update;

/** A step that updates one of the subscriptions, seldom one that is over. */
function change(what: Change): (play: Play) => Promise<unknown> {
  return async (play) => {
    const { stripe, random } = play;
    const subscription = someSubscription(play);
    const common: Update = {
      ...(random.chance(0.7) && { proration_behavior: random.pick(PRORATIONS) }),
      ...(random.chance(0.4) && { payment_behavior: random.pick(BEHAVIORS) }),
    };
    if (!subscription) return undefined;
    const now = play.world.timeOf(subscription.customer) ?? play.world.now;
    return stripe.subscriptions.update(subscription.id, { ...common, ...what(play, subscription, now) });
  };
}

function someSubscription({ random, world }: Play): Subscription | undefined {
  const all = world.all('subscription');
  const running = all.filter(({ ended_at, status }) => ended_at === null && status !== 'incomplete_expired');
  return random.find(random.chance(0.05) ? all : running);
}

function itemOf(random: Random, { items }: Subscription): string {
  return random.find(items.data)?.id ?? '';
}

function changePlan({ random, catalog }: Play, subscription: Subscription, now: number): Update {
  const [item] = subscription.items.data;
  const start = item?.current_period_start ?? now;
  return {
    items: [
      {
        id: itemOf(random, subscription),
        price: random.pick(catalog.prices),
        ...(random.chance(0.5) && { quantity: random.between(1, 4) }),
      },
    ],
    ...(random.chance(0.15) && { proration_date: random.between(start, now) }),
  };
}

function changeQuantity({ random }: Play, subscription: Subscription): Update {
  return { items: [{ id: itemOf(random, subscription), quantity: random.between(0, 5) }] };
}

function changeItems({ random, catalog }: Play, subscription: Subscription): Update {
  return random.chance(0.6)
    ? { items: [{ price: random.pick(catalog.prices), quantity: random.between(1, 2) }] }
    : { items: [{ id: itemOf(random, subscription), deleted: true }] };
}

function changeTrial({ random }: Play, _subscription: Subscription, now: number): Update {
  return { trial_end: random.chance(0.5) ? 'now' : now + random.between(1, 40) * DAY };
}

function discount({ random, catalog }: Play): Update {
  return { discounts: random.chance(0.3) ? '' : [discountOf(random, catalog)] };
}

function endLater({ random }: Play, _subscription: Subscription, now: number): Update {
  return random.chance(0.6)
    ? { cancel_at_period_end: true }
    : { cancel_at: now + random.between(1, 50) * DAY };
}

function pauseCollection({ random }: Play, _subscription: Subscription, now: number): Update {
  return {
    pause_collection: {
      behavior: random.pick(['keep_as_draft', 'mark_uncollectible', 'void']),
      ...(random.chance(0.4) && { resumes_at: now + random.between(1, 40) * DAY }),
    },
  };
}

function changeCollection({ random }: Play): Update {
  return random.chance(0.5)
    ? { collection_method: 'send_invoice', days_until_due: random.between(0, 20) }
    : { collection_method: 'charge_automatically' };
}

async function cancel(play: Play): Promise<unknown> {
  const subscription = someSubscription(play);
  const params = { invoice_now: play.random.chance(0.4), prorate: play.random.chance(0.4) };
  return subscription && play.stripe.subscriptions.cancel(subscription.id, params);
}

async function pause(play: Play): Promise<unknown> {
  const { random } = play;
  const subscription = someSubscription(play);
  return (
    subscription &&
    play.stripe.subscriptions.pause(subscription.id, {
      type: 'subscription',
      ...(random.chance(0.5) && {
        bill_for: { unused_time_from: { type: random.pick(['now', 'item_current_period_start', 'none']) } },
      }),
      ...(random.chance(0.5) && { invoicing_behavior: random.pick(['invoice', 'pending_invoice_item']) }),
    })
  );
}

async function resume({ stripe, random, world }: Play): Promise<unknown> {
  const paused = random.find(world.all('subscription').filter(({ status }) => status === 'paused'));
  const params: Stripe.SubscriptionResumeParams = {
    ...(random.chance(0.5) && { billing_cycle_anchor: { type: 'unchanged' } }),
    ...(random.chance(0.5) && { proration_behavior: random.pick(PRORATIONS) }),
    ...(random.chance(0.3) && { payment_behavior: 'resume_on_payment_success' }),
  };
  return paused && stripe.subscriptions.resume(paused.id, params);
}
