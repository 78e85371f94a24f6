import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventPath, eventsPath, newestEvent } from '../support/crash-events.ts';
import { jobPath } from '../support/crash-jobs.ts';
import { severally } from '../support/crash.ts';
import { purchase, renewed, reversal, subscribed, subscriber, upgraded } from '../support/crash-sales.ts';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { press } from '../support/reversals.ts';
import { newBuyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

/** Stripe's own deliveries are off: each event comes when it should, and as often. */
beforeAll(async () => {
  worker = await startWorker();
  worker.stripe.setWebhookEndpoint(undefined);
  await syncToStripe(worker);
});
afterAll(() => worker.stop());

const paths = [
  // First, because every subscription of the sandbox renews with it.
  eventsPath('a renewal with rollover', (on, count) => renewed(on, 'starter_monthly', count)),
  eventPath('a purchase', purchase),
  eventPath('the first invoice of a plan', async (on) => {
    const { buyer, invoiceId } = await subscribed(on, 'starter_monthly');
    return { buyer, event: await newestEvent(on, 'invoice.paid', invoiceId) };
  }),
  eventPath('the first invoice of a year', async (on) => {
    const { buyer, invoiceId } = await subscribed(on, 'starter_annual');
    return { buyer, event: await newestEvent(on, 'invoice.paid', invoiceId) };
  }),
  eventPath('the invoice of an upgrade', async (on) => {
    const sold = await subscriber(on, 'starter_monthly');
    const invoiceId = await upgraded(on, sold, 'professional_monthly');
    return { buyer: sold.buyer, event: await newestEvent(on, 'invoice.paid', invoiceId) };
  }),
  eventPath('a subscription that begins', async (on) => {
    const { buyer, subscription } = await subscribed(on, 'starter_monthly');
    return { buyer, event: await newestEvent(on, 'customer.subscription.created', subscription.id) };
  }),
  eventPath('a subscription that changes', async (on) => {
    const { buyer, subscription } = await subscriber(on, 'starter_monthly');
    await press(on, `/subscriptions/${subscription.id}/cancel`, { when: 'period_end' });
    return { buyer, event: await newestEvent(on, 'customer.subscription.updated', subscription.id) };
  }),
  eventPath('a subscription that ends', async (on) => {
    const { buyer, subscription } = await subscriber(on, 'starter_monthly');
    await press(on, `/subscriptions/${subscription.id}/cancel`, { when: 'now' });
    return { buyer, event: await newestEvent(on, 'customer.subscription.deleted', subscription.id) };
  }),
  eventPath('a refund', (on) =>
    reversal(on, 'refund.created', ({ id }) => press(on, `/charges/${id}/refund`, { amount: '300' })),
  ),
  eventPath('a refund that fails', (on) =>
    reversal(
      on,
      'refund.failed',
      async ({ id }) => {
        const refund = await press(on, `/charges/${id}/refund`, { amount: '300' });
        await press(on, `/refunds/${refund}/fail`);
        return refund;
      },
      async (refund) => [await newestEvent(on, 'refund.created', refund)],
    ),
  ),
  eventPath('a dispute', (on) =>
    reversal(on, 'charge.dispute.funds_withdrawn', ({ id }) =>
      press(on, `/charges/${id}/dispute`, { kind: 'fraudulent' }),
    ),
  ),
  jobPath('the expiry of credits', {
    statements: ['expire_credits('],
    arrange: (on, count) => severally(count, async () => ({ buyer: await newBuyer(on) })),
    prepare: (on, { buyer }) =>
      grant(on, buyer, 40, { kind: 'promotional', expiresAt: new Date(Date.now() - 1), now: new Date(0) }),
  }),
  jobPath('a month of a year', {
    statements: ['"grant_schedules"', 'grant_plan_months('],
    arrange: (on, count) => severally(count, () => subscriber(on, 'starter_annual')),
    prepare: (on, { subscription }) =>
      on.database.query('update grant_schedules set next_grant_at = $2 where stripe_subscription_id = $1', [
        subscription.id,
        new Date(),
      ]),
  }),
];

test.each(paths)('$name, cut off at any call and tried again, has its effects once', async ({ check }) => {
  const { calls, differences } = await check(worker);
  expect(differences).toEqual([]);
  expect(calls).toBeGreaterThan(0);
  await expectSoundLedger(worker.database.query);
});
