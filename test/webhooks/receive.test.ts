import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { handlerOf } from '../../src/webhooks/handlers.ts';
import { eventually } from '../support/eventually.ts';
import { deliver, inboxRow, processed, signature } from '../support/shop.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

const oldSecret = `whsec_${'o'.repeat(32)}`;
const newSecret = `whsec_${'n'.repeat(32)}`;

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ variables: { STRIPE_WEBHOOK_SECRET: `${newSecret}, ${oldSecret}` } });
});
afterEach(() => worker.gateway.setFault(undefined));
afterAll(() => worker.stop());

/** An event of a type that nothing is done about, unless other members say otherwise. */
function newEvent(members: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: `evt_${randomUUID().replaceAll('-', '')}`,
    object: 'event',
    api_version: '2026-10-28.endive',
    created: 1_794_900_000,
    data: { object: { id: 'cs_test_nowhere', object: 'checkout.session' } },
    livemode: false,
    pending_webhooks: 1,
    request: null,
    type: 'product.created',
    ...members,
  };
}

function about(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return newEvent({ data: { object } });
}

function send(content: unknown, secret = newSecret, timestamp?: number) {
  return deliver(worker, content, { secret, ...(timestamp === undefined ? {} : { timestamp }) });
}

async function inboxSize(): Promise<number> {
  return (await worker.database.query('select event_id from webhook_events')).length;
}

describe('a signature', () => {
  test.each([
    ['the newer secret', newSecret],
    ['the older secret, while it is being rolled', oldSecret],
  ])('of %s is accepted', async (_name, secret) => {
    const event = newEvent();
    const { status, json, databaseCalls } = await send(event, secret);
    expect({ status, json, databaseCalls }).toEqual({
      status: 200,
      json: { success: true, event_id: event['id'] },
      databaseCalls: 1,
    });
  });

  test('is accepted beside others', async () => {
    const payload = JSON.stringify(newEvent());
    const time = Math.floor(Date.now() / 1000);
    const [, good = ''] = signature(payload, newSecret, time).split(',');
    const header = `t=${time},v1=${'0'.repeat(64)},${good},v0=${'1'.repeat(64)}`;
    const { status } = await worker.request('/payment/webhook', {
      body: payload,
      headers: { 'Stripe-Signature': header },
    });
    expect(status).toBe(200);
  });

  const now = () => Math.floor(Date.now() / 1000);
  const digest = (payload: string, time: number, secret: string) =>
    createHmac('sha256', secret).update(`${time}.${payload}`).digest('hex');

  test.each<[string, (payload: string) => string | undefined]>([
    ['none', () => undefined],
    ['an empty one', () => ''],
    ['garbage', () => 'nonsense'],
    ['no time', (payload) => `v1=${digest(payload, now(), newSecret)}`],
    ['no signature', () => `t=${now()}`],
    ['only the scheme v0', (payload) => `t=${now()},v0=${digest(payload, now(), newSecret)}`],
    ['another secret', (payload) => signature(payload, `whsec_${'x'.repeat(32)}`)],
    ['another body', () => signature('{}', newSecret)],
    ['another time than was signed', (payload) => `t=${now() - 1},v1=${digest(payload, now(), newSecret)}`],
    ['a time 301 s ago', (payload) => signature(payload, newSecret, now() - 301)],
    ['a time 310 s ahead', (payload) => signature(payload, newSecret, now() + 310)],
    ['a time that is no number', (payload) => `t=NaN,v1=${digest(payload, NaN, newSecret)}`],
    ['a shortened signature', (payload) => signature(payload, newSecret).slice(0, -2)],
    [
      'an upper-case signature',
      (payload) => signature(payload, newSecret).replace(/v1=.*/, (v) => `v1=${v.slice(3).toUpperCase()}`),
    ],
  ])('is refused when it is %s, and nothing is stored', async (_name, sign) => {
    const before = await inboxSize();
    const payload = JSON.stringify(newEvent());
    const header = sign(payload);
    const { status, json, databaseCalls } = await worker.request('/payment/webhook', {
      body: payload,
      headers: header === undefined ? {} : { 'Stripe-Signature': header },
    });
    expect([status, json.code, databaseCalls]).toEqual([400, 'invalid_signature', 0]);
    expect(await inboxSize()).toBe(before);
  });

  test('holds for a body to the byte', async () => {
    const payload = JSON.stringify(newEvent());
    const { status } = await worker.request('/payment/webhook', {
      body: `${payload}\n`,
      headers: { 'Stripe-Signature': signature(payload, newSecret) },
    });
    expect(status).toBe(400);
  });
});

describe('signed content that is no event of ours', () => {
  const thin = {
    id: 'evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0',
    object: 'v2.core.event',
    type: 'v1.billing.meter.error_report_triggered',
    created: '2026-11-01T00:00:00.000Z',
    livemode: false,
  };
  test.each<[string, unknown]>([
    ['an array', '[]'],
    ['a string', '"x"'],
    ['an empty object', '{}'],
    ['a number', '1'],
    ['null', 'null'],
    ['true', 'true'],
    ['no JSON', 'payload=x'],
    ['a thin v2 event', thin],
    ['an event without an id', newEvent({ id: undefined })],
    ['an event with an id that is none', newEvent({ id: "evt_'; drop table webhook_events" })],
    ['an event with a NUL in its type', newEvent({ type: 'product.\u0000created' })],
    ['an event of no type', newEvent({ type: '' })],
    ['an event about an object with a NUL in its id', about({ id: 'in_\u0000' })],
    ['an event about an object with half a character in its id', about({ id: 'in_\ud800' })],
    ['an event about an object with an endless id', about({ id: `in_${'x'.repeat(253)}` })],
    ['an event of the year 300000', newEvent({ created: 9e12 })],
    ['an event without data', newEvent({ data: null })],
    ['another object', newEvent({ object: 'product' })],
  ])('%s is refused', async (_name, content) => {
    const before = await inboxSize();
    const { status, json } = await send(content);
    expect([status, json.code]).toEqual([400, 'not_an_event']);
    expect(await inboxSize()).toBe(before);
  });

  test('an event of the other mode is refused', async () => {
    const { status, json } = await send(newEvent({ livemode: true }));
    expect([status, json.code]).toEqual([400, 'wrong_livemode']);
  });

  test('a body of 2 MB is refused unread', async () => {
    const { status, json } = await send(newEvent({ padding: 'x'.repeat(2 * 1024 * 1024) }));
    expect([status, json.code]).toEqual([413, 'body_too_large']);
  });
});

describe('an event', () => {
  test.each([
    ['of a connected account', { account: 'acct_1', type: 'invoice.paid' }, 'other_account'],
    ['of a type without a handler', { type: 'customer.tax_id.created' }, 'no_handler'],
    ['named like a member of every object', { type: 'constructor' }, 'no_handler'],
    ['of an older API version', { type: 'invoice.paid', api_version: '2020-08-27' }, 'api_version'],
    ['of an older release', { type: 'invoice.paid', api_version: '2025-03-31.basil' }, 'api_version'],
    ['without an API version', { type: 'invoice.paid', api_version: null }, 'api_version'],
  ])('%s is kept as ignored', async (_name, members, reason) => {
    const event = newEvent(members);
    expect((await send(event)).status).toBe(200);
    expect(await inboxRow(worker, event['id'])).toMatchObject({ status: 'ignored', ignored_reason: reason });
  });

  test('in another API version is told to the operator, by its id alone', async () => {
    const event = newEvent({ type: 'invoice.paid', api_version: '2025-03-31.basil', secret: 'of-a-person' });
    await send(event);
    await eventually('the log has the line', () =>
      worker
        .logs()
        .some((line) => line.includes('webhook_api_version') && line.includes(String(event['id']))),
    );
    expect(worker.logs().join()).not.toContain('of-a-person');
  });

  test('of a later version of the same release is processed', async () => {
    const event = newEvent({ type: 'checkout.session.completed', api_version: '2026-12-16.endive' });
    await send(event);
    await processed(worker);
    expect(await inboxRow(worker, event['id'])).toMatchObject({
      status: 'ignored',
      ignored_reason: 'not_ours',
    });
  });

  test('that came in an old API version first is taken when it comes in ours', async () => {
    const members = { id: `evt_${randomUUID().replaceAll('-', '')}`, type: 'checkout.session.completed' };
    await send(newEvent({ ...members, api_version: '2025-03-31.basil' }));
    const { json } = await send(newEvent(members));
    expect(json).toEqual({ success: true, event_id: members.id });
    await processed(worker);
    expect(await inboxRow(worker, members.id)).toMatchObject({ ignored_reason: 'not_ours', attempts: 1 });
    const late = await send(newEvent({ ...members, api_version: '2025-03-31.basil' }));
    expect(late.json.duplicate).toBe(true);
    expect(await inboxRow(worker, members.id)).toMatchObject({ ignored_reason: 'not_ours' });
  });

  test('delivered 20 times at once, and again, is stored once; every answer is 2xx', async () => {
    const event = newEvent({ type: 'checkout.session.completed' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(event)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(answers.filter(({ json }) => json.duplicate !== true)).toHaveLength(1);
    await processed(worker);
    expect((await send(event)).json).toEqual({ success: true, event_id: event['id'], duplicate: true });
    expect(await inboxRow(worker, event['id'])).toMatchObject({ attempts: 1 });
  });

  test.each([
    ['a NUL', 'cus_\u0000'],
    ['half a character', 'cus_\ud800'],
    ['no end', `cus_${randomBytes(4000).toString('hex')}`],
  ])('that names a customer and a payment with %s is kept, as about nobody', async (_name, named) => {
    const object = { id: 'in_nowhere', customer: named, payment_intent: named };
    const event = newEvent({ type: 'invoice.paid', data: { object } });
    const { status, databaseCalls } = await send(event);
    expect({ status, databaseCalls }).toEqual({ status: 200, databaseCalls: 1 });
    await processed(worker);
    const kept = await worker.database.query(
      'select status, ignored_reason, stripe_customer_id from webhook_events where event_id = $1',
      [event['id']],
    );
    expect(kept).toEqual([{ status: 'ignored', ignored_reason: 'not_ours', stripe_customer_id: null }]);
  });

  test.each([
    ['an escaped NUL', '"note":"a\\u0000b"'],
    ['an escaped lone surrogate', '"note":"a\\ud800b"'],
    ['text outside of ASCII', '"note":"Zażółć 🦊"'],
  ])('with %s is stored as it was signed, and processed', async (_name, member) => {
    const event = newEvent({ type: 'checkout.session.completed' });
    const payload = JSON.stringify(event).replace(
      '"object":"checkout.session"',
      `"object":"checkout.session",${member}`,
    );
    expect((await send(payload)).status).toBe(200);
    await processed(worker);
    expect(await inboxRow(worker, event['id'])).toMatchObject({
      payload,
      status: 'ignored',
      ignored_reason: 'not_ours',
    });
  });

  test.each(['refuse', 'error', 'rollback', 'lose-answer'] as const)(
    'that cannot be stored for sure (%s) is answered 503, and is not lost when Stripe delivers it again',
    async (fault) => {
      const event = newEvent({ type: 'checkout.session.completed' });
      worker.gateway.setFault(() => fault);
      const failed = await send(event);
      expect([failed.status, failed.json.code]).toEqual([503, 'database_unavailable']);
      worker.gateway.setFault(undefined);
      const again = await send(event);
      expect([again.status, again.json.duplicate]).toEqual([200, fault === 'lose-answer' ? true : undefined]);
      // The doorbell of a lost answer was never rung: the sweep finds the event.
      await worker.scheduled();
      await eventually('the event is processed', async () => {
        return (await inboxRow(worker, event['id']))?.status === 'ignored';
      });
    },
  );
});

describe('what Stripe really sends', async () => {
  const folder = join(import.meta.dirname, '../fixtures/stripe-events');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));

  test.each(names)('%s is stored and ends as documented', async (name) => {
    const payload = await readFile(join(folder, name), 'utf8');
    const { id, type } = JSON.parse(payload);
    const { status, json } = await send(payload);
    expect([status, json.event_id]).toEqual([200, id]);
    await processed(worker);
    const expected =
      handlerOf(type) === undefined ? 'no_handler' : name.includes('.endive__') ? 'not_ours' : 'api_version';
    expect(await inboxRow(worker, id)).toMatchObject({
      status: 'ignored',
      ignored_reason: expected,
      payload,
    });
  });
});
