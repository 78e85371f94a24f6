import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestPath } from '../support/crash-requests.ts';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';
import type { Buyer } from '../support/shop.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  worker.stripe.setWebhookEndpoint(undefined);
  await syncToStripe(worker);
});
afterAll(() => worker.stop());

async function heldBy(on: TestWorker, buyer: Buyer): Promise<string> {
  await grant(on, buyer, 100);
  const body = { amount: 60 };
  const { json } = await on.request('/credits/holds', { token: buyer.token, body });
  return json.hold.id;
}

const paths = [
  requestPath('a spend', async (on, buyer) => {
    await grant(on, buyer, 100);
    return { path: '/credits/spend', body: { amount: 30 } };
  }),
  requestPath('a spend for a customer, by a back end', async (on, buyer) => {
    await grant(on, buyer, 100);
    const body = { operation_type: 'blog_post', customer: buyer.subject };
    return { path: '/credits/spend', body, token: await on.token('service') };
  }),
  requestPath('a spend that is refused', async (on, buyer) => {
    await grant(on, buyer, 10);
    return { path: '/credits/spend', body: { amount: 30 } };
  }),
  requestPath('a hold', async (on, buyer) => {
    await grant(on, buyer, 100);
    return { path: '/credits/holds', body: { amount: 60 } };
  }),
  requestPath('a capture', async (on, buyer) => ({
    path: `/credits/holds/${await heldBy(on, buyer)}/capture`,
    body: { amount: 25 },
  })),
  requestPath('a release', async (on, buyer) => ({
    path: `/credits/holds/${await heldBy(on, buyer)}/release`,
    body: {},
  })),
  requestPath('the opening of a checkout', async () => ({
    path: '/payment/purchase-credits',
    body: { package: 'credits_500' },
  })),
];

test.each(paths)('$name, cut off at any call and repeated, is done once', async ({ check }) => {
  const { calls, differences } = await check(worker);
  expect(differences).toEqual([]);
  expect(calls).toBeGreaterThan(0);
  await expectSoundLedger(worker.database.query);
});
