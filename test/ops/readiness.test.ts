import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { checkReadiness } from '../../src/ops/check-readiness.ts';
import { inboxOf } from '../support/alerts.ts';
import { eventually } from '../support/eventually.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterEach(() => worker.gateway.setFault(undefined));
afterAll(() => worker.stop());

const ready = () => worker.request('/health/ready');

test('what has never been seen is unknown, and no reason to refuse', async () => {
  const { status, json, databaseCalls, headers } = await ready();
  expect([status, databaseCalls, headers.get('Cache-Control')]).toEqual([200, 1, 'no-store']);
  expect(json).toEqual({
    success: true,
    status: 'ready',
    degraded: [],
    checks: {
      database: 'ok',
      kv: 'ok',
      queue: 'unknown',
      cron: 'unknown',
      oldest_waiting_event: 'ok',
      last_stripe_contact: 'unknown',
    },
    components: {
      database: { status: 'ok', latency_ms: expect.any(Number) },
      kv: { status: 'ok', latency_ms: expect.any(Number) },
      queue: { status: 'unknown', at: null, age_seconds: null },
      cron: { status: 'unknown', at: null, age_seconds: null },
      oldest_waiting_event: { status: 'ok', at: null, age_seconds: null },
      last_stripe_contact: { status: 'unknown', at: null, age_seconds: null },
    },
  });
});

test('what is at work is ok, with when it was last seen', async () => {
  await worker.database.query(
    `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, status)
     values ('evt_contact', 'product.created', false, now(), '{}', 'ignored')`,
  );
  await worker.scheduled();
  await eventually('the queue is seen', async () => (await ready()).json.checks.queue === 'ok');
  const { json } = await ready();
  expect(json.degraded).toEqual([]);
  for (const name of ['queue', 'cron', 'last_stripe_contact']) {
    expect(json.components[name]).toEqual({
      status: 'ok',
      at: expect.stringMatching(/Z$/),
      age_seconds: expect.any(Number),
    });
  }
});

test('a queue and a cron trigger that stand still, an old backlog, and a silent Stripe are told, with 200', async () => {
  await worker.database.query("update heartbeats set beat_at = now() - interval '301 seconds'");
  await worker.database.query("update webhook_events set received_at = now() - interval '901 seconds'");
  const eventId = await inboxOf(worker.database.query).event('invoice.paid', 'pending', 400);
  await worker.database.query(
    "update webhook_events set received_at = now() - interval '1 day' where event_id = $1",
    [eventId],
  );
  const { status, json } = await ready();
  expect([status, json.status]).toEqual([200, 'ready']);
  expect(json.degraded).toEqual(['queue', 'cron', 'oldest_waiting_event', 'last_stripe_contact']);
  expect(json.components.oldest_waiting_event).toMatchObject({
    status: 'degraded',
    age_seconds: expect.closeTo(400, -2),
  });
  await worker.database.query(
    `insert into gap_checks (window_since, window_until, finished_at) values (now(), now(), now())`,
  );
  await worker.database.query("update webhook_events set status = 'ignored'");
  expect((await ready()).json.degraded).toEqual(['queue', 'cron']);
});

test('a database that does not answer is 503, with every part told', async () => {
  worker.gateway.setFault(() => 'refuse');
  const { status, json, headers } = await ready();
  expect([status, json.code, headers.get('Content-Type')]).toEqual([
    503,
    'database_unavailable',
    'application/problem+json',
  ]);
  expect(headers.get('Retry-After')).not.toBeNull();
  expect(json.checks).toEqual({
    database: 'failing',
    kv: 'ok',
    queue: 'unknown',
    cron: 'unknown',
    oldest_waiting_event: 'unknown',
    last_stripe_contact: 'unknown',
  });
  expect(json.components.database).toEqual({ status: 'failing', latency_ms: null });
  worker.gateway.setFault(undefined);
  expect((await ready()).status).toBe(200);
});

/** Of an isolate whose database and KV answer as they are told. */
function isolate(get: () => Promise<unknown>) {
  const looked = { times: 0, hangs: false };
  const run = async () => {
    looked.times += 1;
    if (looked.hangs) return new Promise<never>(() => undefined);
    const never = { cron_at: null, queue_at: null, oldest_due_at: null, stripe_at: null };
    return { rows: [{ state: { present: new Date().toISOString(), ...never } }] };
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const deps = { config: {}, db: { run }, documents: { store: { get } }, log };
  return { looked, deps: asDeps(deps) };
}

/** Safe because readiness asks of the dependencies what `isolate` gives them, and nothing else. */
function asDeps(deps: unknown): Parameters<typeof checkReadiness>[0] {
  return deps as Parameters<typeof checkReadiness>[0];
}

test.each([
  ['fails', () => Promise.reject(new Error('no'))],
  ['never answers', () => new Promise(() => undefined)],
])('KV that %s is told, and stops nothing', async (_, get) => {
  const { deps } = isolate(get);
  const found = await checkReadiness(deps);
  expect([found.degraded, found.components.kv]).toEqual([['kv'], { status: 'failing', latency_ms: null }]);
});

test('however often it is asked, an isolate looks a few times a second', async () => {
  const { deps, looked } = isolate(() => Promise.resolve(null));
  for (let asked = 0; asked < 500; asked += 1) await checkReadiness(deps);
  expect(looked.times).toBeGreaterThan(0);
  expect(looked.times).toBeLessThan(100);
});

test('a database that hangs is asked no more often, for as long as it does', async () => {
  const { deps, looked } = isolate(() => Promise.resolve(null));
  await checkReadiness(deps);
  looked.hangs = true;
  const second = Math.floor(Date.now() / 1000);
  await eventually('another second has begun', () => Math.floor(Date.now() / 1000) > second);
  for (let asked = 0; asked < 500; asked += 1) void checkReadiness(deps);
  await eventually('most are answered', () => looked.times > 0);
  expect(looked.times).toBeLessThan(100);
});
