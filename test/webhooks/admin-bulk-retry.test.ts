import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { plantEvent, type InboxEvent } from '../support/inbox.ts';
import { inboxRow, processed, tryAgain } from '../support/shop.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: string;

beforeAll(async () => {
  worker = await startWorker();
  admin = await worker.token('admin', 'night-shift');
});
beforeEach(() => worker.database.query('delete from webhook_events'));
afterAll(() => worker.stop());

const retry = (body: unknown, query = '', key?: string): Promise<TestAnswer> =>
  worker.request(`/admin/webhooks/retry${query}`, {
    token: admin,
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });

async function plantMany(count: number, event: InboxEvent = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const receivedAt = `now() - interval '${count - index} minutes'`;
    ids.push(await plantEvent(worker, { status: 'dead', receivedAt, ...event }));
  }
  return ids;
}

/** How many of each status there are, once every event that is due was looked at. Nobody knows those invoices. */
async function outcomes(): Promise<Record<string, number>> {
  await processed(worker);
  const rows = await worker.database.query<{ status: string; count: number }>(
    'select status, count(*)::int from webhook_events group by 1',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

const actionsTaken = async () =>
  (await worker.database.query<{ count: number }>('select count(*)::int from webhook_actions'))[0]?.count ??
  0;

describe('a retry of all that match', () => {
  test('is counted first, and then touches nothing', async () => {
    await plantMany(3);
    const before = await actionsTaken();
    for (const body of [{}, { status: 'dead' }, { expected_count: 7 }]) {
      const { json, databaseCalls } = await retry(body, '?dry_run=1');
      expect(json).toEqual({ success: true, dry_run: true, matched: 3, retried: 0, remaining: 3 });
      expect(databaseCalls).toBe(1);
    }
    expect(await outcomes()).toEqual({ dead: 3 });
    expect(await actionsTaken()).toBe(before);
  });

  test('makes failed and dead ones due, leaves the others, and keeps who and why for each', async () => {
    const ids = await plantMany(2);
    ids.push(
      ...(await plantMany(2, { status: 'failed', failures: 3, nextAttemptAt: "now() + interval '1 day'" })),
    );
    await plantEvent(worker, { status: 'processed' });
    await plantEvent(worker, { status: 'ignored', ignoredReason: 'by_admin', payload: null });
    await plantEvent(worker, { status: 'pending', nextAttemptAt: "now() + interval '1 day'" });
    const answer = await retry({ expected_count: 4, reason: 'Stripe is back' });
    expect(answer.json, answer.text).toEqual({ success: true, matched: 4, retried: 4, remaining: 0 });
    expect(answer.databaseCalls).toBe(1);
    const rows = await worker.database.query(
      "select event_id from webhook_actions where action = 'retry' and actor = 'admin:night-shift' and reason = $1 and request_id = $2",
      ['Stripe is back', answer.headers.get('X-Request-Id')],
    );
    expect(rows.map(({ event_id: id }) => id).toSorted()).toEqual(ids.toSorted());
    await eventually('the queue has all of them looked at', async () => {
      const [row] = await worker.database.query<{ done: number }>(
        "select count(*)::int as done from webhook_events where ignored_reason = 'not_ours'",
      );
      return row?.done === 4;
    });
  });

  test.each([
    ['a status', { status: 'failed' }, 2],
    ['a type', { type: 'invoice.voided' }, 1],
    ['a family of types', { type: 'invoice.*' }, 4],
    ['a customer at Stripe', { customer: 'cus_stranger' }, 1],
    ['a time', { since: '2026-03-01T00:00:00Z', until: '2026-03-02T00:00:00Z' }, 1],
    ['all of it at once', { status: 'dead', type: 'invoice.*', since: '2026-03-01T00:00:00Z' }, 2],
    ['nothing that there is', { type: 'charge.refunded', status: 'failed' }, 0],
  ])('is limited to %s', async (_, filter, expected) => {
    await plantEvent(worker, { status: 'failed' });
    await plantEvent(worker, { status: 'failed', stripeCustomerId: 'cus_stranger' });
    await plantEvent(worker, { status: 'dead', type: 'invoice.voided' });
    await plantEvent(worker, { status: 'dead', receivedAt: "timestamptz '2026-03-01 12:00Z'" });
    await plantEvent(worker, {
      status: 'dead',
      type: 'charge.refunded',
      receivedAt: "timestamptz '2026-02-01'",
    });
    expect((await retry(filter, '?dry_run=1')).json.matched).toBe(expected);
    expect((await retry(filter)).json).toMatchObject({ matched: expected, retried: expected, remaining: 0 });
  });

  test('is refused when it is not as many as expected, and then touches none', async () => {
    await plantMany(3);
    for (const expected of [0, 2, 4]) {
      const { status, json } = await retry({ status: 'dead', expected_count: expected });
      expect([status, json.code, json.matched]).toEqual([409, 'count_changed', 3]);
    }
    expect(await outcomes()).toEqual({ dead: 3 });
  });

  test('of everything needs the count', async () => {
    await plantMany(1);
    for (const body of [{}, { reason: 'all of it' }]) {
      const { status, json } = await retry(body);
      expect([status, json.code, json.errors[0].pointer]).toEqual([
        422,
        'filter_required',
        '/expected_count',
      ]);
    }
    expect(await outcomes()).toEqual({ dead: 1 });
    expect((await retry({ expected_count: 1 })).json.retried).toBe(1);
  });

  test.each([
    [{ status: 'pending' }, '/status'],
    [{ type: '*' }, '/type'],
    [{ since: 'yesterday' }, '/since'],
    [{ expected_count: -1 }, '/expected_count'],
    [{ expected_count: 1.5 }, '/expected_count'],
    [{ statuses: 'dead' }, '/statuses'],
  ])('refuses %j', async (body, pointer) => {
    const { status, json } = await retry(body);
    expect([status, json.errors[0].pointer]).toEqual([422, pointer]);
  });

  test('does the oldest 1,000 in one call, and says how many are left', async () => {
    await worker.database.query(
      `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, status, received_at)
       select 'evt_many' || i, 'invoice.paid', false, now(), '{}', 'dead', now() - interval '1 second' * i
       from generate_series(1, 1050) as i`,
    );
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('claim_webhook')) ? 'refuse' : 'none',
    );
    try {
      const { json, text } = await retry({ status: 'dead', expected_count: 1050 });
      expect(json, text).toEqual({ success: true, matched: 1050, retried: 1000, remaining: 50 });
      const left = await worker.database.query(
        "select count(*)::int, max(substr(event_id, 9)::int) as oldest from webhook_events where status = 'dead'",
      );
      expect(left).toEqual([{ count: 50, oldest: 50 }]);
    } finally {
      await worker.database.query('delete from webhook_events');
      worker.gateway.setFault(undefined);
    }
  });

  test('20 at once: each event is retried once, and nobody waits for anybody for ever', async () => {
    await plantMany(100);
    const before = await actionsTaken();
    const answers = await Promise.all(Array.from({ length: 20 }, () => retry({ status: 'dead' })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(answers.reduce((sum, { json }) => sum + Number(json.retried), 0)).toBe(100);
    expect((await actionsTaken()) - before).toBe(100);
    expect(await outcomes()).toEqual({ ignored: 100 });
  });

  test('leaves what somebody else is changing, and says so, instead of waiting', async () => {
    const ids = await plantMany(3);
    const session = await worker.database.connect();
    await session.query('begin');
    await session.query(
      "update webhook_events set status = 'processed', processed_at = now() where event_id = $1",
      [ids[1]],
    );
    try {
      const { json, text } = await retry({ status: 'dead', expected_count: 3 });
      expect(json, text).toEqual({ success: true, matched: 3, retried: 2, remaining: 1 });
    } finally {
      await session.query('commit');
    }
    expect(await outcomes()).toEqual({ ignored: 2, processed: 1 });
  });

  test.each([[{ status: 'dead' }], [{ status: 'dead', expected_count: 3 }]])(
    'of %j is done once under one key, and counts that when its answer was lost',
    async (body) => {
      await plantMany(3);
      const key = randomUUID();
      worker.gateway.setFault(({ queries }) =>
        queries.some((query) => query.includes('webhook_actions')) ? 'lose-answer' : 'none',
      );
      expect((await retry(body, '', key)).status).toBe(503);
      worker.gateway.setFault(undefined);
      await worker.database.query(
        "update idempotency_keys set lease_until = now() - interval '1 second' where key = $1",
        [key],
      );
      await tryAgain(worker);
      const later = await plantEvent(worker, { status: 'dead' });
      const before = await actionsTaken();
      for (const again of [await retry(body, '', key), await retry(body, '', key)]) {
        expect(again.json, again.text).toEqual({ success: true, matched: 4, retried: 3, remaining: 1 });
      }
      expect(await actionsTaken()).toBe(before);
      expect(await inboxRow(worker, later)).toMatchObject({ status: 'dead' });
    },
  );
});
