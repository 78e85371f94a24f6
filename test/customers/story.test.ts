import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { buy, deliver, newBuyer, pay, processed, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let viewer: string;
let admin: string;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
  [viewer, admin] = await Promise.all([worker.token('viewer'), worker.token('admin')]);
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

async function storyOf(name: string) {
  const { status, json, databaseCalls, text } = await worker.request(`/admin/customers/${name}`, {
    token: viewer,
  });
  expect([status, databaseCalls], text).toEqual([200, 1]);
  return json;
}

const post = async (buyer: Buyer, path: string, body: unknown) =>
  (await worker.request(path, { token: buyer.token, body })).json;

describe('the story of a customer', () => {
  test('tells in one answer what was bought, had, done and heard of', async () => {
    const buyer = await newBuyer(worker);
    for (const item of [{ package: 'credits_500' }, { plan: 'starter_monthly' }]) {
      await pay((await buy(worker, buyer, item)).checkoutUrl);
      await processed(worker);
    }
    await post(buyer, '/credits/spend', { operation_type: 'blog_post', details: { of: 'spring' } });
    const { hold } = await post(buyer, '/credits/holds', { amount: 30 });
    const reason = { credits: 7, reason: 'an outage' };
    await worker.request(`/admin/customers/${buyer.subject}/credits/grant`, { token: admin, body: reason });
    const before = await storyOf(buyer.subject);
    const [{ stripe_subscription_id: subscription }] = before.subscriptions;
    await stripeOf(worker).subscriptions.update(subscription, { cancel_at_period_end: true });
    await processed(worker);

    const story = await storyOf(before.customer.id);
    expect(story.customer).toMatchObject({ subject: buyer.subject, email: `${buyer.subject}@example.com` });
    expect(story.credits).toMatchObject({ balance: 1002, available: 972, held: 30, monthly_allocation: 500 });
    expect(story.lots).toEqual([
      expect.objectContaining({ kind: 'promotional', source: 'admin', granted: 7, item: null }),
      expect.objectContaining({ kind: 'plan', item: 'starter_monthly', remaining: 495, held: 30 }),
      expect.objectContaining({ kind: 'purchased', item: 'credits_500', price_id: expect.any(String) }),
    ]);
    expect(story.subscriptions).toEqual([
      expect.objectContaining({ item: 'starter_monthly', status: 'active', cancel_at_period_end: true }),
    ]);
    const [{ changes }] = story.subscriptions;
    expect(changes[0].changes).toMatchObject({ cancel_at_period_end: [false, true] });
    expect(changes.at(-1).changes).toMatchObject({ stripe_subscription_id: [null, subscription] });
    expect(story.payments.map(({ item }: { item: string }) => item)).toEqual([
      'starter_monthly',
      'credits_500',
    ]);
    expect(story.checkouts).toEqual([
      expect.objectContaining({ mode: 'subscription', status: 'paid', item: 'starter_monthly' }),
      expect.objectContaining({ mode: 'payment', status: 'paid', item: 'credits_500' }),
    ]);
    expect(story.transactions.slice(0, 2)).toEqual([
      expect.objectContaining({
        transaction_type: 'admin_grant',
        reason: 'an outage',
        actor: expect.stringMatching(/^admin:/),
      }),
      expect.objectContaining({ operation_type: 'blog_post', operation_details: { of: 'spring' } }),
    ]);
    expect(story.transactions).toHaveLength(4);
    expect(story.holds).toEqual([hold]);
    expect([story.auto_top_up, story.top_ups, story.notices]).toEqual([null, [], []]);
    const types = story.webhook_events.map(({ event_type }: { event_type: string }) => event_type);
    expect(types).toEqual(
      expect.arrayContaining(['checkout.session.completed', 'invoice.paid', 'customer.subscription.updated']),
    );
    for (const event of story.webhook_events) expect(event).not.toHaveProperty('payload');
  });

  test('tells notices, and events of the customer that could not be processed', async () => {
    const buyer = await newBuyer(worker);
    await pay((await buy(worker, buyer, { plan: 'starter_monthly' })).checkoutUrl);
    await processed(worker);
    await post(buyer, '/credits/spend', { amount: 450 });
    const { customer } = await storyOf(buyer.subject);
    const stuck = [];
    for (const status of ['failed', 'dead']) {
      const id = `evt_${randomUUID().replaceAll('-', '')}`;
      const event = { id, object: 'event', type: 'product.created', created: 1_800_000_000, livemode: false };
      const object = { id: 'prod_1', customer: customer.stripe_customer_id };
      await deliver(worker, { ...event, data: { object } });
      await processed(worker);
      await worker.database.query(
        `update webhook_events set status = $2, attempts = 8, last_error = 'unknown_offer',
           next_attempt_at = now() + interval '1 day' where event_id = $1`,
        [id, status],
      );
      stuck.push(expect.objectContaining({ event_id: id, status, attempts: 8, last_error: 'unknown_offer' }));
    }
    const { notices, webhook_events } = await storyOf(buyer.subject);
    expect(notices).toEqual([
      expect.objectContaining({
        type: 'credits.low',
        data: { available: 50, monthly_allocation: 500 },
      }),
    ]);
    expect(webhook_events).toEqual(expect.arrayContaining(stuck));
    const other = await newBuyer(worker);
    await grant(worker, other, 1);
    expect((await storyOf(other.subject)).webhook_events).toEqual([]);
  });

  test('tells automatic top-ups, what they are set to and what they charged', async () => {
    const buyer = await newBuyer(worker);
    const id = await grant(worker, buyer, 1);
    await worker.database.query(
      `insert into auto_top_ups (customer_id, is_enabled, threshold, package_id, monthly_cap_minor, stopped_at,
         stopped_reason)
       select $1, true, 50, id, 1000, now(), 'declined' from credit_packages where package_key = 'credits_500'`,
      [id],
    );
    await worker.database.query(
      `insert into top_ups (customer_id, offer_id, status, currency, amount_minor, failure_code, lease_until)
       select $1, prices.id, 'failed', currency, amount_minor, 'card_declined', now() from prices
       join credit_packages as package on package.id = package_id where package_key = 'credits_500' limit 1`,
      [id],
    );
    const { auto_top_up, top_ups } = await storyOf(id);
    expect(auto_top_up).toMatchObject({
      enabled: true,
      threshold: 50,
      package: 'credits_500',
      monthly_cap: 1000,
      stopped_reason: 'declined',
    });
    expect(top_ups).toEqual([
      expect.objectContaining({ status: 'failed', item: 'credits_500', failure_code: 'card_declined' }),
    ]);
  });

  test('of a customer that has done nothing is empty, and holds nothing of others', async () => {
    const buyer = await newBuyer(worker);
    await worker.database.query('insert into customers (issuer, subject) values ($1, $2)', [
      worker.tokens.issuer,
      buyer.subject,
    ]);
    const { success, customer, ...rest } = await storyOf(buyer.subject);
    expect([success, customer.subject]).toEqual([true, buyer.subject]);
    expect(rest).toEqual({
      credits: null,
      lots: [],
      subscriptions: [],
      payments: [],
      checkouts: [],
      auto_top_up: null,
      top_ups: [],
      transactions: [],
      holds: [],
      notices: [],
      webhook_events: [],
    });
  });

  test('shows the newest of what there is much of', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 1000);
    for (let index = 1; index <= 60; index += 1) {
      const path = '/credits/spend';
      await worker.request(path, { token: buyer.token, body: { amount: 1, description: `use ${index}` } });
    }
    const { transactions } = await storyOf(buyer.subject);
    expect(transactions).toHaveLength(50);
    expect([transactions[0].description, transactions.at(-1).description]).toEqual(['use 60', 'use 11']);
  });

  test('is told by subject, our id and the id at Stripe, and not found of anybody else', async () => {
    const buyer = await newBuyer(worker);
    const id = await grant(worker, buyer, 1);
    await worker.database.query('update customers set stripe_customer_id = $2 where id = $1', [
      id,
      `cus_${buyer.subject}`,
    ]);
    for (const name of [id, buyer.subject, `cus_${buyer.subject}`]) {
      expect((await storyOf(name)).customer.id).toBe(id);
    }
    for (const name of [randomUUID(), 'nobody', '%27']) {
      const { status, json } = await worker.request(`/admin/customers/${name}`, { token: viewer });
      expect([status, json.code]).toEqual([404, 'customer_not_found']);
    }
    for (const role of ['customer', 'service'] as const) {
      const token = await worker.token(role, buyer.subject);
      expect((await worker.request(`/admin/customers/${id}`, { token })).status).toBe(403);
    }
  });
});
