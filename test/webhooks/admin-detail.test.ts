import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { plantEvent } from '../support/inbox.ts';
import { buy, deliver, eventAbout, newBuyer, pay, processed, tryAgain } from '../support/shop.ts';
import { subscriber } from '../support/subscriber.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let viewer: string;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
  viewer = await worker.token('viewer');
});
afterEach(() => worker.stripe.setFault(undefined));
afterAll(() => worker.stop());

const show = (eventId: string) => worker.request(`/admin/webhooks/${eventId}`, { token: viewer });

describe('one event of the inbox', () => {
  test('is shown with its payload, its attempts, and what it changed, in one database call', async () => {
    worker.stripe.setWebhookEndpoint(undefined);
    const buyer = await newBuyer(worker);
    const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_500' });
    await pay(checkoutUrl);
    const event = await eventAbout(worker, 'checkout.session.completed', sessionId);
    worker.stripe.setFault(() => ({ status: 500 }));
    await deliver(worker, event);
    await processed(worker);
    worker.stripe.setFault(undefined);
    await tryAgain(worker);
    const { json, databaseCalls } = await show(String(event['id']));
    expect(databaseCalls).toBe(1);
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(json.event).toMatchObject({
      event_id: event['id'],
      type: 'checkout.session.completed',
      status: 'processed',
      attempts: 2,
      customer_id: expect.any(String),
      received_by: 'webhook',
      processed_at: at,
      payload_cleaned: false,
      actions: [],
    });
    expect(json.event.payload).toEqual(event);
    expect(json.event.attempts_log).toEqual([
      {
        attempt: 1,
        started_at: at,
        ended_at: at,
        duration_ms: expect.any(Number),
        outcome: 'failed',
        error: 'stripe_unavailable',
      },
      {
        attempt: 2,
        started_at: at,
        ended_at: at,
        duration_ms: expect.any(Number),
        outcome: 'processed',
        error: null,
      },
    ]);
    const {
      credit_transactions: transactions,
      subscription_changes: changes,
      outbound_events: told,
    } = json.event.changes;
    expect(transactions).toMatchObject([
      {
        customer_id: json.event.customer_id,
        transaction_type: 'purchase',
        amount: 500,
        source_ref: sessionId,
      },
    ]);
    expect(changes).toEqual([]);
    expect(told.map(({ type }: { type: string }) => type).toSorted()).toEqual([
      'credits.granted',
      'payment.succeeded',
    ]);
    expect(told[0].data.customer.id).toBe(json.event.customer_id);
  });

  test('tells how a subscription changed', async () => {
    worker.stripe.setWebhookEndpoint({ url: `${worker.url}/payment/webhook` });
    const { subscriptionId } = await subscriber(worker, 'starter_monthly');
    await processed(worker);
    const [row] = await worker.database.query<{ event_id: string }>(
      `select c.event_id from subscription_changes as c join subscriptions as s on s.id = c.subscription_id
       where s.stripe_subscription_id = $1 and c.event_id is not null limit 1`,
      [subscriptionId],
    );
    const { json } = await show(row?.event_id ?? '');
    expect(json.event.changes.subscription_changes).toMatchObject([
      { stripe_subscription_id: subscriptionId, changes: { status: [null, 'active'] } },
    ]);
    worker.stripe.setWebhookEndpoint(undefined);
  });

  test('tells what admins did about it, the newest hundred of each, in their order', async () => {
    const id = await plantEvent(worker, { status: 'dead', attempts: 150 });
    await worker.database.query(
      `insert into webhook_attempts (event_id, attempt, event_type, started_at, ended_at, outcome, error)
       select $1, i, 'invoice.paid', now(), now() + interval '1500 milliseconds', 'failed', 'x' from generate_series(1, 150) as i`,
      [id],
    );
    const admin = await worker.token('admin', 'night-shift');
    const body = { reason: 'a duplicate' };
    await worker.request(`/admin/webhooks/${id}/ignore`, { token: admin, body });
    const { event } = (await show(id)).json;
    expect(event.attempts_log.map(({ attempt }: { attempt: number }) => attempt)).toEqual(
      Array.from({ length: 100 }, (_, index) => 51 + index),
    );
    expect(event.attempts_log[0].duration_ms).toBe(1500);
    expect(event.actions).toEqual([
      {
        action: 'ignore',
        actor: 'admin:night-shift',
        reason: 'a duplicate',
        request_id: expect.stringMatching(/^req_/),
        acted_at: expect.any(String),
      },
    ]);
  });

  test('whose payload was cleaned away says so', async () => {
    const id = await plantEvent(worker, { status: 'processed', payload: null });
    expect((await show(id)).json.event).toMatchObject({ payload: null, payload_cleaned: true });
  });

  const strange: readonly (readonly [what: string, payload: string, shown: unknown])[] = [
    [
      'NUL and lone surrogates',
      '{"a":"\\u0000","b":"\\ud800","c":"\\udc00\\ud800"}',
      { a: '\u0000', b: '\ud800', c: '\udc00\ud800' },
    ],
    ['numbers that no number holds', '{"a":1e400}', { a: null }],
    ['a member of every object', '{"__proto__":{"x":1}}', JSON.parse('{"__proto__":{"x":1}}')],
    ['no JSON', 'not json', 'not json'],
    ['JSON null', 'null', null],
    [
      'nesting without end',
      '['.repeat(200_000) + ']'.repeat(200_000),
      '['.repeat(200_000) + ']'.repeat(200_000),
    ],
  ];
  test.each(strange)('whose payload has %s is shown', async (_, payload, shown) => {
    const id = await plantEvent(worker, { payload });
    const { status, json, text } = await show(id);
    expect(status, text.slice(0, 300)).toBe(200);
    expect(json.event.payload).toEqual(shown);
    expect(json.event.payload_cleaned).toBe(false);
  });

  test('that nobody knows is 404', async () => {
    const { status, json } = await show('evt_unknown');
    expect([status, json.code]).toEqual([404, 'event_not_found']);
    for (const id of ['%00', 'x%20y', 'x'.repeat(300)]) expect((await show(id)).status).toBe(404);
  });
});
