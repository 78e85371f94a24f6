import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { plantEvent, type InboxEvent } from '../support/inbox.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let viewer: string;

beforeAll(async () => {
  worker = await startWorker();
  viewer = await worker.token('viewer');
});
beforeEach(async () => {
  await worker.database.query('delete from webhook_events');
  await worker.database.query('delete from webhook_rejections');
  await worker.database.query('delete from gap_checks');
});
afterAll(() => worker.stop());

const stats = (query: Readonly<Record<string, string>> = {}) =>
  worker.request(`/admin/webhooks/stats?${new URLSearchParams(query).toString()}`, { token: viewer });

const day = { since: '2026-04-01T00:00:00Z', until: '2026-04-02T00:00:00Z' };
const at = (time: string) => `timestamptz '2026-04-01 ${time}Z'`;

/** An event with one attempt for each of these ends. */
async function plantAttempted(event: InboxEvent, ends: readonly (readonly [outcome: string, at: string])[]) {
  const id = await plantEvent(worker, { attempts: ends.length, ...event });
  for (const [index, [outcome, end]] of ends.entries()) {
    await worker.database.query(
      `insert into webhook_attempts (event_id, attempt, event_type, started_at, ended_at, outcome)
       values ($1, $2, $3, ${end}, ${end}, $4)`,
      [id, index + 1, event.type ?? 'invoice.paid', outcome],
    );
  }
  return id;
}

const none = { received: 0, processed: 0, ignored: 0, failed: 0, dead: 0 };
const noLatency = { p50: null, p95: null, p99: null };

describe('the figures of the inbox', () => {
  test('of a time when nothing happened are zero', async () => {
    const { json, databaseCalls } = await stats();
    expect(databaseCalls).toBe(1);
    expect(json).toEqual({
      success: true,
      since: expect.any(String),
      until: expect.any(String),
      hours: [],
      totals: { ...none, latency_ms: noLatency },
      backlog: { pending: 0, failed: 0, processing: 0, dead: 0, due: 0 },
      oldest_waiting: null,
      rejected: {},
      last_gap_check: null,
    });
    expect(Date.parse(json.until) - Date.parse(json.since)).toBe(86_400_000);
  });

  test('count everything in the hour in which it happened, by type', async () => {
    const received = { status: 'processed', receivedAt: at('10:59:59') };
    await plantAttempted(received, [
      ['failed', at('10:59:59.5')],
      ['lost', at('11:10')],
      ['processed', at('12:00')],
    ]);
    await plantAttempted({ status: 'dead', type: 'charge.refunded', receivedAt: at('09:30') }, [
      ['failed', at('11:00')],
      ['failed', at('11:30')],
    ]);
    await plantAttempted({ status: 'ignored', ignoredReason: 'not_ours', receivedAt: at('11:00') }, [
      ['ignored', at('11:00:01')],
    ]);
    await plantEvent(worker, {
      status: 'ignored',
      ignoredReason: 'no_handler',
      type: 'product.created',
      receivedAt: at('11:20'),
    });
    await plantEvent(worker, { status: 'processed', receivedAt: "timestamptz '2026-04-02 00:00Z'" });
    await plantEvent(worker, { status: 'processed', receivedAt: "timestamptz '2026-03-31 23:59:59Z'" });
    const { json } = await stats(day);
    const hour = (time: string, type: string, counts: object) => ({
      hour: `2026-04-01T${time}:00.000Z`,
      type,
      ...none,
      latency_ms: noLatency,
      ...counts,
    });
    const latency = 3_601_000;
    expect(json.hours).toEqual([
      hour('09:00', 'charge.refunded', { received: 1 }),
      hour('10:00', 'invoice.paid', { received: 1, failed: 1 }),
      hour('11:00', 'charge.refunded', { failed: 2, dead: 1 }),
      hour('11:00', 'invoice.paid', { received: 1, failed: 1, ignored: 1 }),
      hour('11:00', 'product.created', { received: 1, ignored: 1 }),
      hour('12:00', 'invoice.paid', {
        processed: 1,
        latency_ms: { p50: latency, p95: latency, p99: latency },
      }),
    ]);
    expect(json.totals).toEqual({
      received: 4,
      processed: 1,
      ignored: 2,
      failed: 4,
      dead: 1,
      latency_ms: { p50: latency, p95: latency, p99: latency },
    });
  });

  test('tell how long it took from received to processed', async () => {
    for (let index = 1; index <= 100; index += 1) {
      const end = `${at('08:00')} + interval '${index} seconds'`;
      await plantAttempted({ status: 'processed', receivedAt: at('08:00') }, [['processed', end]]);
    }
    const { json } = await stats(day);
    expect(json.hours).toMatchObject([{ latency_ms: { p50: 50_000, p95: 95_000, p99: 99_000 } }]);
    expect(json.totals.latency_ms).toEqual({ p50: 50_000, p95: 95_000, p99: 99_000 });
  });

  test('count what an admin set aside', async () => {
    const id = await plantEvent(worker, { status: 'dead' });
    const body = { reason: 'a test' };
    await worker.request(`/admin/webhooks/${id}/ignore`, { token: await worker.token('admin'), body });
    expect((await stats()).json.totals).toMatchObject({ received: 1, ignored: 1, dead: 0 });
  });

  test('tell what waits now, and for how long', async () => {
    const soon = { nextAttemptAt: "now() + interval '1 hour'" };
    const later = { leaseUntil: "now() + interval '1 hour'", attempts: 1 };
    await plantEvent(worker, { status: 'pending', ...soon, receivedAt: "now() - interval '1 minute'" });
    const oldest = await plantEvent(worker, {
      status: 'failed',
      ...soon,
      receivedAt: "now() - interval '3 hours'",
    });
    await plantEvent(worker, { status: 'processing', ...later });
    await plantEvent(worker, {
      status: 'processing',
      attempts: 1,
      leaseUntil: "now() - interval '1 second'",
    });
    await plantEvent(worker, { status: 'dead', receivedAt: "now() - interval '9 hours'" });
    const { json } = await stats();
    expect(json.backlog).toEqual({ pending: 1, failed: 1, processing: 2, dead: 1, due: 1 });
    expect(json.oldest_waiting).toEqual({ event_id: oldest, seconds: expect.closeTo(10_800, -2) });
  });

  test('tell what was refused, and when Stripe’s list was last looked through', async () => {
    await worker.database.query(
      `insert into webhook_rejections (minute, code, count) values
         (${at('10:00')}, 'invalid_signature', 7), (${at('11:00')}, 'invalid_signature', 5),
         (${at('11:00')}, 'not_an_event', 1), (timestamptz '2026-04-02 00:00Z', 'wrong_livemode', 9)`,
    );
    await worker.database.query(
      `insert into gap_checks (window_since, window_until, listed, stored, finished_at)
       values (${at('09:00')}, ${at('10:00')}, 12, 3, now()), (${at('10:00')}, ${at('11:00')}, 4, 0, null)`,
    );
    const { json } = await stats(day);
    expect(json.rejected).toEqual({ invalid_signature: 12, not_an_event: 1 });
    expect(json.last_gap_check).toEqual({
      window_since: '2026-04-01T10:00:00.000Z',
      window_until: '2026-04-01T11:00:00.000Z',
      listed: 4,
      stored: 0,
      started_at: expect.any(String),
      updated_at: expect.any(String),
      finished_at: null,
    });
  });

  test.each([
    [{ since: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:01Z' }],
    [{ since: '2026-01-02T00:00:00Z', until: '2026-01-02T00:00:00Z' }],
    [{ since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }],
  ])('of %j are refused', async (query) => {
    const { status, json } = await stats(query);
    expect([status, json.code, json.errors[0].pointer]).toEqual([400, 'invalid_query', '?since']);
  });

  test('of 31 days are told', async () => {
    expect((await stats({ since: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z' })).status).toBe(200);
  });
});
