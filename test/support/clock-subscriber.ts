import type Stripe from 'stripe';
import { newBuyer, processed, stripeOf, type Buyer } from './shop.ts';
import type { TestWorker } from './worker.ts';

/** A customer whose subscriptions live on a Stripe test clock of their own. */
export interface ClockSubscriber extends Buyer {
  readonly customerId: string;
  readonly stripeCustomerId: string;
  /** Lets time pass at Stripe, and waits until the Worker knows what came of it. The Worker's own clock stands apart. */
  passTo(instant: string): Promise<void>;
  subscribe(plan: string, params?: Partial<Stripe.SubscriptionCreateParams>): Promise<Stripe.Subscription>;
  /** Moves a subscription to another plan, now. */
  change(
    subscription: Stripe.Subscription,
    plan: string,
    params?: Stripe.SubscriptionUpdateParams,
  ): Promise<Stripe.Subscription>;
}

/** The Stripe Price that a plan is on sale at now. */
async function priceOf(worker: TestWorker, plan: string): Promise<string> {
  const [row] = await worker.database.query<{ stripe_price_id: string }>(
    `select stripe_price_id from prices join subscription_plans as plan on plan.id = plan_id
     where plan_key = $1 and valid_to is null`,
    [plan],
  );
  if (row === undefined) throw new Error(`There is no plan ${plan}.`);
  return row.stripe_price_id;
}

/** A customer of Stripe's and of ours with a good card, at an instant. */
export async function newClockSubscriber(worker: TestWorker, now: string): Promise<ClockSubscriber> {
  const stripe = stripeOf(worker);
  const buyer = await newBuyer(worker);
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: secondsOf(now) });
  const customer = await stripe.customers.create({
    test_clock: clock.id,
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  const [row] = await worker.database.query<{ id: string }>(
    'insert into customers (issuer, subject, stripe_customer_id) values ($1, $2, $3) returning id',
    [worker.tokens.issuer, buyer.subject, customer.id],
  );
  let time = secondsOf(now);
  return {
    ...buyer,
    customerId: row?.id ?? '',
    stripeCustomerId: customer.id,
    passTo: async (instant) => {
      const end = secondsOf(instant);
      // As far as Stripe lets a clock go at once.
      for (let step = time; step < end;) {
        step = Math.min(step + 45 * 24 * 3600, end);
        await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: step });
      }
      time = end;
      await processed(worker);
    },
    subscribe: async (plan, params) => {
      const items = [{ price: await priceOf(worker, plan) }];
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items, ...params });
      await processed(worker);
      return subscription;
    },
    change: async (subscription, plan, params) => {
      const items = [{ id: subscription.items.data[0]?.id ?? '', price: await priceOf(worker, plan) }];
      const changed = await stripe.subscriptions.update(subscription.id, { items, ...params });
      await processed(worker);
      return changed;
    },
  };
}

function secondsOf(instant: string): number {
  return Date.parse(instant) / 1000;
}
