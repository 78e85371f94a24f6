import { randomUUID } from 'node:crypto';
import { eventually } from './eventually.ts';
import { buy, newBuyer, pay, processed, stripeOf, type Buyer } from './shop.ts';
import type { TestAnswer, TestWorker } from './worker.ts';

/** A customer who has paid for a plan, with the credits and the subscription's row. */
export interface Subscriber extends Buyer {
  readonly subscriptionId: string;
}

/** Subscribes to a plan; the events of it must be delivered by themselves. */
export async function subscriber(worker: TestWorker, plan: string): Promise<Subscriber> {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { plan });
  await pay(checkoutUrl);
  const session = await stripeOf(worker).checkout.sessions.retrieve(sessionId);
  const subscriptionId = String(session.subscription);
  await eventually('the subscription is known', async () => {
    const row = await subscriptionRow(worker, subscriptionId);
    return row?.status === 'active' || row?.status === 'trialing';
  });
  await processed(worker);
  return { ...buyer, subscriptionId };
}

interface SubscriptionRow extends Record<string, unknown> {
  readonly status: string;
  readonly version: number;
  readonly plan_key: string;
  readonly next_plan: string | null;
  readonly cancel_at_period_end: boolean;
  readonly stripe_schedule_id: string | null;
}

/** Our row of a subscription, with the plans that it is and will be for. */
export async function subscriptionRow(
  worker: TestWorker,
  subscriptionId: string,
): Promise<SubscriptionRow | undefined> {
  const rows = await worker.database.query<SubscriptionRow>(
    `select s.*, plan.plan_key, next_plan.plan_key as next_plan from subscriptions as s
     join prices on prices.id = s.offer_id join subscription_plans as plan on plan.id = prices.plan_id
     left join prices as next_price on next_price.id = s.next_offer_id
     left join subscription_plans as next_plan on next_plan.id = next_price.plan_id
     where stripe_subscription_id = $1`,
    [subscriptionId],
  );
  return rows[0];
}

/** Asks as the customer; under an Idempotency-Key of its own unless one is given. */
export function ask(
  worker: TestWorker,
  { token }: Buyer,
  path: string,
  body: unknown = {},
  key: string = randomUUID(),
): Promise<TestAnswer> {
  return worker.request(`/payment/${path}`, { token, body, headers: { 'Idempotency-Key': key } });
}
