import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type Stripe from 'stripe';
import { syncSubscription } from '../../src/billing/sync-subscription.ts';
import { systemClock } from '../../src/core/time.ts';
import { createUsage } from '../../src/core/usage.ts';
import { connect, openDatabase } from '../../src/db/index.ts';
import { createStripeClient, openStripe, type StripeGateway } from '../../src/stripe/index.ts';
import { buy, newBuyer, pay, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let stripe: Stripe;

beforeAll(async () => {
  worker = await startWorker();
  stripe = stripeOf(worker);
  await syncToStripe(worker);
});
/** Stripe's own deliveries are off: each test delivers what it needs, when and as often as it needs it. */
beforeEach(() => worker.stripe.setWebhookEndpoint(undefined));
afterAll(() => worker.stop());

interface Subscriber {
  readonly buyer: Buyer;
  readonly subscriptionId: string;
}

/** A plan that is paid; nothing is delivered yet. */
async function subscribe(plan = 'starter_monthly'): Promise<Subscriber> {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { plan });
  await pay(checkoutUrl);
  const session = await stripe.checkout.sessions.retrieve(sessionId);
  return { buyer, subscriptionId: String(session.subscription) };
}

async function rowOf({ subscriptionId }: Subscriber) {
  const [row] = await worker.database.query('select * from subscriptions where stripe_subscription_id = $1', [
    subscriptionId,
  ]);
  return row;
}

/** What a request of the Worker has, in this process, to let something happen in the middle of it. */
function ownDeps(override: (gateway: StripeGateway) => Partial<StripeGateway> = () => ({})) {
  const { database, gateway } = worker;
  const sdk = createStripeClient({ secretKey: worker.stripe.apiKey, apiBase: worker.stripe.url });
  const opened = openStripe(sdk, createUsage());
  return {
    db: openDatabase(connect({ url: database.url, fetchEndpoint: gateway.url }), createUsage()),
    stripe: { ...opened, ...override(opened) },
    clock: systemClock,
  };
}

describe('what two see at once', () => {
  test('an older view never takes the place of a newer one: it is taken anew', async () => {
    const subscriber = await subscribe();
    const { subscriptionId } = subscriber;
    await syncSubscription(ownDeps(), subscriptionId, null);
    let views = 0;
    const slow = ownDeps((gateway) => ({
      findSubscription: async (id) => {
        const seen = await gateway.findSubscription(id);
        views += 1;
        if (views === 1) {
          await stripe.subscriptions.update(id, { cancel_at_period_end: true });
          await syncSubscription(ownDeps(), id, null);
        }
        return seen;
      },
    }));
    await syncSubscription(slow, subscriptionId, null);
    expect(views).toBe(2);
    expect(await rowOf(subscriber)).toMatchObject({ status: 'active', cancel_at_period_end: true });
  });

  test('a view that somebody else shares is kept at once', async () => {
    const subscriber = await subscribe();
    let views = 0;
    const slow = ownDeps((gateway) => ({
      findSubscription: async (id) => {
        const seen = await gateway.findSubscription(id);
        views += 1;
        await syncSubscription(ownDeps(), id, null);
        return seen;
      },
    }));
    await syncSubscription(slow, subscriber.subscriptionId, null);
    expect(views).toBe(1);
    expect(await rowOf(subscriber)).toMatchObject({ status: 'active', version: 2 });
  });

  test('a subscription that never stops changing is left for later', async () => {
    const { subscriptionId } = await subscribe();
    let views = 0;
    const slow = ownDeps((gateway) => ({
      findSubscription: async (id) => {
        const seen = await gateway.findSubscription(id);
        views += 1;
        await stripe.subscriptions.update(id, { cancel_at_period_end: views % 2 === 1 });
        await syncSubscription(ownDeps(), id, null);
        return seen;
      },
    }));
    await expect(syncSubscription(slow, subscriptionId, null)).rejects.toMatchObject({ code: 'changing' });
    expect(views).toBe(5);
  });
});
