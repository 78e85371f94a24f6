import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestPath, type RequestCase } from '../support/crash-requests.ts';
import { subscriber } from '../support/crash-sales.ts';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { press } from '../support/reversals.ts';
import { newBuyer, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

/** Stripe's own deliveries are off: what a request does is done when it is answered. */
beforeAll(async () => {
  worker = await startWorker();
  worker.stripe.setWebhookEndpoint(undefined);
  await syncToStripe(worker);
});
afterAll(() => worker.stop());

interface Rich {
  readonly buyer: Buyer;
  readonly customerId: string;
}

async function rich(on: TestWorker, credits: number): Promise<Rich> {
  const buyer = await newBuyer(on);
  return { buyer, customerId: await grant(on, buyer, credits) };
}

async function endingHold(on: TestWorker, end: string, body: unknown): Promise<RequestCase> {
  const { buyer } = await rich(on, 100);
  const held = await on.request('/credits/holds', { token: buyer.token, body: { amount: 60 } });
  return { buyer, path: `/credits/holds/${held.json.hold.id}/${end}`, body };
}

async function byAdmin(on: TestWorker, what: string, credits: number): Promise<RequestCase> {
  const { buyer, customerId } = await rich(on, 100);
  const path = `/admin/customers/${customerId}/credits/${what}`;
  return { buyer, path, body: { credits, reason: 'test' }, token: await on.token('admin') };
}

const paths = [
  requestPath('a spend', async (on) => ({
    buyer: (await rich(on, 100)).buyer,
    path: '/credits/spend',
    body: { amount: 30 },
  })),
  requestPath('a spend for a customer, by a back end', async (on) => {
    const { buyer } = await rich(on, 100);
    const body = { operation_type: 'blog_post', customer: buyer.subject };
    return { buyer, path: '/credits/spend', body, token: await on.token('service') };
  }),
  requestPath('a spend that is refused', async (on) => ({
    buyer: (await rich(on, 10)).buyer,
    path: '/credits/spend',
    body: { amount: 30 },
  })),
  requestPath('a hold', async (on) => ({
    buyer: (await rich(on, 100)).buyer,
    path: '/credits/holds',
    body: { amount: 60 },
  })),
  requestPath('a capture', (on) => endingHold(on, 'capture', { amount: 25 })),
  requestPath('a release', (on) => endingHold(on, 'release', {})),
  requestPath('an admin’s grant', (on) => byAdmin(on, 'grant', 40)),
  requestPath('an admin’s adjustment', (on) => byAdmin(on, 'adjust', -40)),
  requestPath('an admin’s clawback', (on) => byAdmin(on, 'claw-back', 140)),
  requestPath('the opening of a checkout', async (on) => ({
    buyer: await newBuyer(on),
    path: '/payment/purchase-credits',
    body: { package: 'credits_500' },
  })),
  requestPath('the opening of a plan’s checkout', async (on) => ({
    buyer: await newBuyer(on),
    path: '/payment/create-checkout',
    body: { plan: 'starter_monthly' },
  })),
  requestPath('a cancellation', async (on) => ({
    buyer: (await subscriber(on, 'starter_monthly')).buyer,
    path: '/payment/cancel-subscription',
    body: {},
  })),
  requestPath('the end of a cancellation', async (on) => {
    const { buyer, subscription } = await subscriber(on, 'starter_monthly');
    await press(on, `/subscriptions/${subscription.id}/cancel`, { when: 'period_end' });
    return { buyer, path: '/payment/resume-subscription', body: {} };
  }),
  requestPath('an upgrade', async (on) => ({
    buyer: (await subscriber(on, 'starter_monthly')).buyer,
    path: '/payment/change-plan',
    body: { plan: 'professional_monthly' },
  })),
  requestPath('a downgrade', async (on) => ({
    buyer: (await subscriber(on, 'professional_monthly')).buyer,
    path: '/payment/change-plan',
    body: { plan: 'starter_monthly' },
  })),
];

test.each(paths)('$name, cut off at any call and repeated, is done once', async ({ check }) => {
  const { calls, differences } = await check(worker);
  expect(differences).toEqual([]);
  expect(calls).toBeGreaterThan(0);
  await expectSoundLedger(worker.database.query);
});
