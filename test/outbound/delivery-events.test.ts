import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventTypes, testEventType } from '../../src/outbound/event-types.ts';
import { differences } from '../e2e/documented-examples.ts';
import { insertEndpoint, told, type TestEndpoint } from '../support/endpoints.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { sellAndCredit, spend } from '../support/reversals.ts';
import { balanceOf, buy, newBuyer, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { subscriber } from '../support/subscriber.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

/** As every time of the API. */
const wireInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let worker: TestWorker;
let receiver: Receiver;
let admin: string;
/** Wants to know everything, as another does. */
let endpoint: TestEndpoint;
let other: TestEndpoint;

beforeAll(async () => {
  [worker, receiver] = await Promise.all([startWorker(), startReceiver()]);
  await syncToStripe(worker);
  admin = await worker.token('admin');
  endpoint = await insertEndpoint(worker, { url: `${receiver.url}/one` });
  other = await insertEndpoint(worker, { url: `${receiver.url}/other` });
});
afterEach(() => worker.gateway.setFault(undefined));
afterAll(async () => {
  await receiver.stop();
  await worker.stop();
});

interface Told {
  readonly id: string | undefined;
  readonly type: string;
  readonly timestamp: string;
  /** Looked into as an answer of the API is. */
  readonly data: TestAnswer['json'];
}

/** What one of them was told, verified, in the order in which it came. */
function received({ secret, url }: TestEndpoint): readonly Told[] {
  return receiver.requests(new URL(url).pathname).map(({ body, headers }) => {
    new Webhook(secret).verify(body, headers);
    return { id: headers['webhook-id'], ...JSON.parse(body) };
  });
}

const about = (subject: string) =>
  received(endpoint).filter(({ data }) => data.customer?.subject === subject);
const oneOf = (events: readonly Told[], type: string) => {
  const [event, ...more] = events.filter((one) => one.type === type);
  if (event === undefined || more.length > 0) throw new Error(`${more.length + 1} of ${type}, or none`);
  return event;
};

/** Lets everything be told that has happened. */
async function allTold(): Promise<void> {
  await processed(worker);
  await eventually('everything is written', async () => {
    await worker.scheduled();
    await Promise.all([told(worker, endpoint), told(worker, other)]);
    const [row] = await worker.database.query<{ left: number }>(
      "select count(*)::int as left from event_deliveries where status <> 'delivered'",
    );
    return row?.left === 0;
  });
}

const change = (method: string, path: string, body: unknown) =>
  worker.request(path, { method, token: admin, body });

test('a purchase is told as the payment and its credits', async () => {
  const { buyer, charge } = await sellAndCredit(worker, { package: 'credits_2500' });
  await allTold();
  const events = about(buyer.subject);
  expect(events.map(({ type }) => type).toSorted()).toEqual(['credits.granted', 'payment.succeeded']);
  expect(oneOf(events, 'payment.succeeded').data).toEqual({
    customer: { id: expect.any(String), issuer: worker.tokens.issuer, subject: buyer.subject },
    payment_id: expect.any(String),
    item: 'credits_2500',
    currency: 'GBP',
    amount: 400,
    refunded: 0,
    disputed: 0,
    dispute_status: null,
    stripe_payment_intent_id: charge.payment_intent,
    stripe_invoice_id: null,
  });
  expect(oneOf(events, 'credits.granted').data).toMatchObject({
    transaction_type: 'purchase',
    amount: 2500,
    balance: 2500,
    available: 2500,
    debt: 0,
  });
});

test('a refund is told with what of the payment and its credits went back', async () => {
  const { buyer, charge } = await sellAndCredit(worker, { package: 'credits_2500' });
  await stripeOf(worker).refunds.create({ charge: charge.id, amount: 300 });
  await eventually('it has gone back', async () => (await balanceOf(worker, buyer)) === 625);
  await allTold();
  const events = about(buyer.subject);
  expect(oneOf(events, 'payment.refunded').data).toMatchObject({ amount: 400, refunded: 300 });
  expect(oneOf(events, 'credits.clawed_back').data).toMatchObject({ amount: -1875, balance: 625 });
});

test('a subscription is told as it is now, and a balance that falls low once', async () => {
  const buyer = await subscriber(worker, 'starter_monthly');
  await spend(worker, buyer, 450);
  await spend(worker, buyer, 10);
  const cancel = { token: buyer.token, body: {}, headers: { 'Idempotency-Key': randomUUID() } };
  expect((await worker.request('/payment/cancel-subscription', cancel)).status).toBe(200);
  await allTold();
  const events = about(buyer.subject);
  expect(oneOf(events, 'credits.low').data).toMatchObject({ available: 50, monthly_allocation: 500 });
  const states = events.filter(({ type }) => type === 'subscription.changed');
  expect(states.map(({ data }) => [data.status, data.plan, data.cancel_at_period_end])).toEqual(
    expect.arrayContaining([
      ['active', 'starter_monthly', false],
      ['active', 'starter_monthly', true],
    ]),
  );
  expect(states.find(({ data }) => data.cancel_at_period_end === true)?.data).toMatchObject({
    changed: expect.arrayContaining(['cancel_at_period_end']),
    current_period_end: expect.stringMatching(wireInstant),
    ended_at: null,
  });
});

test('changes of prices, plans and costs are told with the old value and the new one', async () => {
  await change('PATCH', '/admin/pricing/plans/business_monthly', { price: 3333 });
  await change('PATCH', '/admin/pricing/plans/business_monthly', { name: 'Business, renamed' });
  await change('PUT', '/admin/credits/costs/blog_post', { credits: 77 });
  await allTold();
  const ofItem = (item: string) => received(endpoint).filter(({ data }) => data.item === item);
  expect(oneOf(ofItem('business_monthly'), 'price.changed').data).toMatchObject({
    item_type: 'plan',
    field: 'price',
    old_value: expect.any(Number),
    new_value: 3333,
    effective_from: expect.stringMatching(wireInstant),
  });
  expect(oneOf(ofItem('business_monthly'), 'plan.changed').data).toMatchObject({
    field: 'name',
    new_value: 'Business, renamed',
  });
  expect(oneOf(ofItem('blog_post'), 'cost.changed').data).toMatchObject({
    item_type: 'operation',
    new_value: 77,
  });
});

test('an alert is told when it opens, and when it closes', async () => {
  await worker.database.query(
    `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, status)
     values ('evt_dead', 'invoice.paid', false, now(), '{}', 'dead')`,
  );
  await worker.scheduled();
  await worker.database.query("update webhook_events set status = 'ignored' where event_id = 'evt_dead'");
  await allTold();
  const alerts = () => received(endpoint).filter(({ data }) => data.kind === 'dead_events');
  await eventually('the alert is over', async () => {
    await allTold();
    return alerts().length === 2;
  });
  expect(oneOf(alerts(), 'alert.opened').data).toMatchObject({
    alert_id: expect.any(String),
    opened_at: expect.stringMatching(wireInstant),
    closed_at: null,
    details: { count: 1, event_ids: ['evt_dead'] },
  });
  expect(oneOf(alerts(), 'alert.closed').data).toMatchObject({ closed_at: expect.any(String) });
});

test.each(['refuse', 'rollback'] as const)('nothing is told of what did not happen (%s)', async (fault) => {
  const buyer = await newBuyer(worker);
  await buy(worker, buyer, { package: 'credits_500' });
  await allTold();
  const before = received(endpoint).length;
  let met = 0;
  worker.gateway.setFault(({ queries }) => {
    if (queries.some((query) => query.includes('dispatch_deliveries'))) return 'none';
    met += 1;
    return fault;
  });
  const answers = await Promise.all([
    change('PUT', '/admin/credits/costs/blog_post', { credits: 78 }),
    change('POST', `/admin/customers/${buyer.subject}/credits/grant`, { credits: 5, reason: 'x' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([503, 503]);
  expect(met).toBeGreaterThanOrEqual(2);
  worker.gateway.setFault(undefined);
  await allTold();
  expect(received(endpoint)).toHaveLength(before);
});

test('everything was told once to each that wanted it, and names what Stripe event it came of', async () => {
  await allTold();
  const [events] = await worker.database.query<{ ids: readonly string[]; caused: number }>(
    'select array_agg(id order by id) as ids, count(cause_event_id)::int as caused from outbound_events',
  );
  for (const one of [endpoint, other]) {
    expect(
      received(one)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(events?.ids);
  }
  expect(events?.caused).toBeGreaterThan(5);
});

describe('docs/events.md', () => {
  const page = readFileSync('docs/events.md', 'utf8');

  test('shows what is told, as it is', () => {
    const examples = [...page.matchAll(/^```json (\S+)\n([\s\S]*?)^```$/gm)];
    const shown = examples.filter(([, type]) => type !== testEventType);
    expect(shown.length).toBeGreaterThan(5);
    for (const [, type = '', text = ''] of shown) {
      const event = received(endpoint).find((one) => one.type === type);
      expect(differences(JSON.parse(text), event?.data), type).toEqual([]);
      expect(Object.keys(JSON.parse(text)).toSorted(), type).toEqual(Object.keys(event?.data).toSorted());
    }
  });

  test('names every type', () => {
    const named = [...page.matchAll(/\*\*`([a-z_]+\.[a-z_]+)`\*\*/g)].map(([, type]) => type);
    expect(named.toSorted()).toEqual([...eventTypes, testEventType].toSorted());
  });
});
