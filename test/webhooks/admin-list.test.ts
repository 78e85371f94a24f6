import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plantEvent, type InboxEvent } from '../support/inbox.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let viewer: string;

beforeAll(async () => {
  worker = await startWorker();
  viewer = await worker.token('viewer');
});
afterAll(() => worker.stop());

/** A type of events that no other test has. */
const newType = () => `test_${randomUUID().replaceAll('-', '')}.happened`;

const list = (query: Readonly<Record<string, string>>) =>
  worker.request(`/admin/webhooks?${new URLSearchParams(query).toString()}`, { token: viewer });

async function idsOf(query: Readonly<Record<string, string>>): Promise<string[]> {
  const { status, json, text } = await list(query);
  expect(status, text).toBe(200);
  return json.events.map((event: { event_id: string }) => event.event_id);
}

/** Plants several events, the first of them the newest. */
async function plantEach(events: readonly InboxEvent[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, event] of events.entries()) {
    ids.push(await plantEvent(worker, { receivedAt: `now() - interval '${index + 1} minutes'`, ...event }));
  }
  return ids;
}

async function newCustomer(): Promise<{ id: string; subject: string; stripeId: string }> {
  const [subject, stripeId] = [randomUUID(), `cus_${randomUUID().replaceAll('-', '')}`];
  const [row] = await worker.database.query<{ id: string }>(
    'insert into customers (issuer, subject, stripe_customer_id) values ($1, $2, $3) returning id',
    [worker.tokens.issuer, subject, stripeId],
  );
  return { id: row?.id ?? '', subject, stripeId };
}

describe('the list of the inbox', () => {
  test('tells of each event what an operator needs, in one database call', async () => {
    const type = newType();
    const id = await plantEvent(worker, {
      type,
      attempts: 3,
      failures: 2,
      lastError: 'customer_unknown',
      stripeCustomerId: 'cus_stranger',
      nextAttemptAt: "now() + interval '1 hour'",
    });
    const { json, databaseCalls } = await list({ type });
    expect(databaseCalls).toBe(1);
    expect(json).toEqual({
      success: true,
      count: 1,
      next_cursor: null,
      events: [
        {
          event_id: id,
          type,
          status: 'failed',
          ignored_reason: null,
          attempts: 3,
          failures: 2,
          last_error: 'customer_unknown',
          customer_id: null,
          stripe_customer_id: 'cus_stranger',
          received_by: 'webhook',
          api_version: null,
          livemode: false,
          stripe_created: expect.stringMatching(/Z$/),
          received_at: expect.stringMatching(/Z$/),
          processed_at: null,
          next_attempt_at: expect.stringMatching(/Z$/),
        },
      ],
    });
  });

  test('goes page by page through events of one instant, and misses and doubles none', async () => {
    const type = newType();
    const at = "timestamptz '2026-01-01 00:00:00.123456Z'";
    const ids = await plantEach([
      ...Array.from({ length: 5 }, () => ({ type, receivedAt: at })),
      { type, receivedAt: `${at} + interval '1 microsecond'` },
      { type, receivedAt: `${at} - interval '1 microsecond'` },
    ]);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { json } = await list({ type, limit: '2', ...(cursor === '' ? {} : { cursor }) });
      expect(json.events.length).toBeGreaterThan(0);
      seen.push(...json.events.map((event: { event_id: string }) => event.event_id));
      cursor = json.next_cursor;
    }
    expect(seen).toEqual([ids[5], ...ids.slice(0, 5).toSorted().toReversed(), ids[6]]);
  });

  test('is filtered by one status, or by several', async () => {
    const type = newType();
    const statuses = ['pending', 'failed', 'dead', 'processed', 'ignored'];
    const ids = await plantEach(
      statuses.map((status) => ({ type, status, nextAttemptAt: "now() + interval '1 day'" })),
    );
    for (const [index, status] of statuses.entries()) {
      expect(await idsOf({ type, status })).toEqual([ids[index]]);
      expect(await idsOf({ status, limit: '100' })).toContain(ids[index]);
    }
    expect(await idsOf({ type, status: 'dead,failed,dead' })).toEqual([ids[1], ids[2]]);
    expect(await idsOf({ type })).toEqual(ids);
  });

  test('is filtered by a type to the letter, or by a family of types', async () => {
    const family = newType().split('.')[0] ?? '';
    const [paid, created, longer] = await plantEach([
      { type: `${family}.paid` },
      { type: `${family}.item.created`, status: 'dead' },
      { type: `${family}item.created` },
    ]);
    expect(await idsOf({ type: `${family}.paid` })).toEqual([paid]);
    expect(await idsOf({ type: `${family}.*` })).toEqual([paid, created]);
    expect(await idsOf({ type: `${family}.item.*`, status: 'dead,pending' })).toEqual([created]);
    expect(await idsOf({ type: `${family}item.*` })).toEqual([longer]);
    expect(await idsOf({ type: family })).toEqual([]);
  });

  test('is filtered by a customer, whichever way they are named, before their events are processed as well', async () => {
    const customer = await newCustomer();
    const ids = await plantEach([
      { status: 'processed', customerId: customer.id, stripeCustomerId: customer.stripeId },
      { status: 'dead', stripeCustomerId: customer.stripeId },
      { status: 'processed', customerId: customer.id },
      { status: 'dead', stripeCustomerId: 'cus_of_somebody_else' },
    ]);
    for (const name of [customer.id, customer.subject, customer.stripeId]) {
      expect(await idsOf({ customer: name })).toEqual(ids.slice(0, 3));
      expect(await idsOf({ customer: name, status: 'dead' })).toEqual([ids[1]]);
      expect(await idsOf({ customer: name, status: 'processed', type: 'invoice.*', limit: '1' })).toEqual([
        ids[0],
      ]);
    }
    expect(await idsOf({ customer: 'nobody' })).toEqual([]);
  });

  test('finds what names somebody at Stripe who is no customer here', async () => {
    const stranger = `cus_${randomUUID().replaceAll('-', '')}`;
    const id = await plantEvent(worker, { stripeCustomerId: stranger, lastError: 'customer_unknown' });
    expect(await idsOf({ customer: stranger })).toEqual([id]);
  });

  test('is filtered by time: from an instant on, and before another', async () => {
    const type = newType();
    const [noon, one, two] = await plantEach(
      ['14', '13', '12'].map((hour) => ({ type, receivedAt: `timestamptz '2026-02-01 ${hour}:00Z'` })),
    );
    expect(await idsOf({ type, since: '2026-02-01T13:00:00Z' })).toEqual([noon, one]);
    expect(await idsOf({ type, until: '2026-02-01T13:00:00Z' })).toEqual([two]);
    expect(await idsOf({ since: '2026-02-01T13:00:00Z', until: '2026-02-01T14:00:00Z' })).toEqual([one]);
  });

  test('is filtered by who told of it', async () => {
    const type = newType();
    const [hook, gap, admin] = await plantEach(
      ['webhook', 'events_api', 'replay'].map((receivedBy) => ({ type, receivedBy })),
    );
    expect(await idsOf({ type, received_by: 'webhook' })).toEqual([hook]);
    expect(await idsOf({ type, received_by: 'events_api', status: 'failed' })).toEqual([gap]);
    expect(await idsOf({ type, received_by: 'replay' })).toEqual([admin]);
  });

  test.each([
    ['status', 'lost'],
    ['status', 'failed,'],
    ['type', '*'],
    ['type', 'invoice*'],
    ['since', 'yesterday'],
    ['received_by', 'post'],
    ['limit', '0'],
    ['cursor', 'MTIz'],
    ['cursor', '%00'],
    ['page', '1'],
  ])('refuses %s=%s, and points at it', async (name, value) => {
    const { status, json } = await worker.request(`/admin/webhooks?${name}=${value}`, { token: viewer });
    expect(status).toBe(400);
    expect(json.errors[0]).toMatchObject({ pointer: `?${name}` });
  });
});
