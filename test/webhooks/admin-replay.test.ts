import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plantEvent } from '../support/inbox.ts';
import { balanceOf, buy, deliver, eventAbout, inboxRow, newBuyer, pay, processed } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: string;

beforeAll(async () => {
  worker = await startWorker();
  worker.stripe.setWebhookEndpoint(undefined);
  await syncToStripe(worker);
  admin = await worker.token('admin', 'night-shift');
});
afterAll(() => worker.stop());

const replay = (event: unknown, more: object = {}, key?: string): Promise<TestAnswer> =>
  worker.request('/admin/webhooks', {
    token: admin,
    body: { event, ...more },
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });

async function paidPurchase() {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_500' });
  await pay(checkoutUrl);
  return { buyer, event: await eventAbout(worker, 'checkout.session.completed', sessionId) };
}

const anEvent = (members: object = {}) => ({
  id: `evt_${randomUUID().replaceAll('-', '')}`,
  object: 'event',
  type: 'invoice.paid',
  created: 1_800_000_000,
  livemode: false,
  data: { object: { id: 'in_unknown' } },
  ...members,
});

const rowOf = async (eventId: string) =>
  (await worker.database.query('select * from webhook_events where event_id = $1', [eventId]))[0];

describe('an event that an admin brings', () => {
  test('is processed as if it had been delivered, and the inbox keeps who brought it', async () => {
    const { buyer, event } = await paidPurchase();
    const { json, databaseCalls, text } = await replay(event, { reason: 'the endpoint was off' });
    expect(json, text).toEqual({ success: true, event_id: event['id'], status: 'pending' });
    expect(databaseCalls).toBe(1);
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
    expect(await rowOf(String(event['id']))).toMatchObject({ received_by: 'replay', status: 'processed' });
    const actions = await worker.database.query(
      'select action, actor, reason from webhook_actions where event_id = $1',
      [event['id']],
    );
    expect(actions).toEqual([
      { action: 'replay', actor: 'admin:night-shift', reason: 'the endpoint was off' },
    ]);
  });

  test('that is here already is left as it is', async () => {
    const { buyer, event } = await paidPurchase();
    await deliver(worker, event);
    await processed(worker);
    const id = String(event['id']);
    const before = await rowOf(id);
    const changed = { ...event, type: 'invoice.paid' };
    expect((await replay(changed)).json).toEqual({
      success: true,
      event_id: id,
      status: 'processed',
      duplicate: true,
    });
    expect(await rowOf(id)).toEqual(before);
    expect(await balanceOf(worker, buyer)).toBe(500);
    const dead = await plantEvent(worker, { status: 'dead' });
    expect((await replay(anEvent({ id: dead }))).json).toMatchObject({ status: 'dead', duplicate: true });
    const actions = 'select 1 from webhook_actions where event_id = any($1)';
    expect(await worker.database.query(actions, [[id, dead]])).toEqual([]);
  });

  test('20 times at once is one event', async () => {
    const { buyer, event } = await paidPurchase();
    const answers = await Promise.all(Array.from({ length: 20 }, () => replay(event)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(answers.filter(({ json }) => json.duplicate !== true)).toHaveLength(1);
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test('grants nothing that Stripe does not confirm', async () => {
    const buyer = await newBuyer(worker);
    const { sessionId } = await buy(worker, buyer, { package: 'credits_500' });
    const object = { id: sessionId, object: 'checkout.session', payment_status: 'paid', status: 'complete' };
    const forged = anEvent({ type: 'checkout.session.completed', data: { object } });
    expect((await replay(forged)).status).toBe(200);
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(0);
  });

  test('may be of any API version', async () => {
    const { buyer, event } = await paidPurchase();
    expect((await replay({ ...event, api_version: '2020-08-27' })).json.status).toBe('pending');
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test.each([
    ['no_handler', { type: 'product.created' }],
    ['other_account', { account: 'acct_other' }],
  ])('that nothing is done about is kept as ignored: %s', async (reason, members) => {
    const event = anEvent(members);
    expect((await replay(event)).json).toEqual({ success: true, event_id: event.id, status: 'ignored' });
    expect(await inboxRow(worker, event.id)).toMatchObject({ status: 'ignored', ignored_reason: reason });
  });

  test('may hold whatever text JSON can', async () => {
    const description = 'a\u0000b \ud800 “ü”';
    const event = anEvent({ data: { object: { id: 'in_unknown', description } } });
    expect((await replay(event)).status).toBe(200);
    await processed(worker);
    expect(JSON.parse((await inboxRow(worker, event.id))?.payload ?? '')).toEqual(event);
  });

  test('may be as large as a delivery', async () => {
    const event = anEvent({ data: { object: { id: 'in_unknown', lines: 'x'.repeat(900_000) } } });
    expect((await replay(event)).status).toBe(200);
    const larger = anEvent({ data: { object: { id: 'in_unknown', lines: 'x'.repeat(1_100_000) } } });
    expect((await replay(larger)).status).toBe(413);
  });

  const refused: readonly (readonly [what: string, code: string, event: unknown])[] = [
    ['of live mode', 'wrong_livemode', anEvent({ livemode: true })],
    [
      'that is a thin one',
      'not_an_event',
      { id: 'evt_x', object: 'v2.core.event', type: 'v1.billing.meter' },
    ],
    ['that is no event', 'not_an_event', { id: 'in_1', object: 'invoice' }],
    ['with an id of another kind', 'not_an_event', anEvent({ id: 'in_1' })],
    ['without an object', 'not_an_event', anEvent({ data: {} })],
    ['that is a list', 'invalid_body', [anEvent()]],
    ['that is text', 'invalid_body', JSON.stringify(anEvent())],
    ['that is nothing', 'invalid_body', null],
  ];
  test.each(refused)('%s is refused, and points at it', async (_, code, event) => {
    const { status, json } = await replay(event);
    expect([status, json.code, json.errors[0].pointer]).toEqual([422, code, '/event']);
  });

  test('that is nested without end is refused', async () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = JSON.stringify({ event: anEvent({ more: 'NESTED' }) }).replace('"NESTED"', nested);
    const { status, json } = await worker.request('/admin/webhooks', { token: admin, body });
    expect([status, json.code]).toEqual([422, 'not_an_event']);
  });

  test('under one key is brought once, though the answer was lost', async () => {
    const { buyer, event } = await paidPurchase();
    const key = randomUUID();
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('webhook_actions')) ? 'lose-answer' : 'none',
    );
    expect((await replay(event, {}, key)).status).toBe(503);
    worker.gateway.setFault(undefined);
    await worker.database.query(
      "update idempotency_keys set lease_until = now() - interval '1 second' where key = $1",
      [key],
    );
    const again = await replay(event, {}, key);
    expect(again.json, again.text).toEqual({ success: true, event_id: event['id'], status: 'pending' });
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
  });
});
