import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alertsOf, evaluated, inboxOf, toldOf } from '../support/alerts.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { migratedTemplate } from '../support/template.ts';

let database: TestDatabase;
let inbox: ReturnType<typeof inboxOf>;

beforeEach(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
  inbox = inboxOf(database.query);
});
afterEach(() => database.drop());

const query: TestDatabase['query'] = (sql, parameters) => database.query(sql, parameters);
const look = (failuresInARow?: number) => evaluated(query, failuresInARow);
const data = async (kind: string) =>
  (await query('select data from alerts where kind = $1 order by opened_at desc limit 1', [kind]))[0]?.data;

const five = ['failed', 'failed', 'lost', 'failed', 'failed'] as const;

test('where nothing is wrong, nothing is opened', async () => {
  await inbox.attempts('invoice.paid', 'processed', 'failed', 'failed', 'failed', 'failed');
  expect(await look()).toEqual([]);
});

describe('consecutive failures of a type', () => {
  test('open one alert with the fifth, and close it with the next success', async () => {
    await inbox.attempts('invoice.paid', 'processed', 'failed', 'failed', 'failed', 'lost');
    await inbox.attempts('refund.created', 'processed');
    expect(await look()).toEqual([]);
    const [last] = await inbox.attempts('invoice.paid', 'failed');
    expect(await look()).toEqual(['opened consecutive_failures invoice.paid']);
    expect(await look()).toEqual([]);
    expect(await data('consecutive_failures')).toMatchObject({
      failures: 5,
      last_error: 'stripe_unavailable',
      event_types: ['invoice.paid'],
      event_ids: expect.arrayContaining([last]),
      last_failed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    await inbox.attempts('invoice.paid', 'ignored');
    expect(await look()).toEqual(['closed consecutive_failures invoice.paid']);
    expect(await look()).toEqual([]);
    expect(await toldOf(query)).toEqual({
      'alert.opened consecutive_failures invoice.paid': 1,
      'alert.closed consecutive_failures invoice.paid': 1,
    });
  });

  test('do not count attempts that are under way, before or after', async () => {
    const ids = await inbox.attempts('invoice.paid', 'failed', 'failed', 'failed', 'failed');
    for (const id of ids) await inbox.attempt(id);
    expect(await look()).toEqual([]);
    await inbox.attempts('invoice.paid', 'failed');
    expect(await look()).toEqual(['opened consecutive_failures invoice.paid']);
    for (const id of ids) await inbox.attempt(id);
    expect(await look()).toEqual([]);
  });

  test('count one event that fails again and again', async () => {
    const id = await inbox.event('invoice.paid');
    for (const outcome of five) await inbox.attempt(id, outcome);
    expect(await look()).toEqual(['opened consecutive_failures invoice.paid']);
  });

  test('are broken by a success in between, of their own type alone', async () => {
    await inbox.attempts('invoice.paid', 'failed', 'failed', 'processed', 'failed', 'failed', 'failed');
    await inbox.attempts('refund.created', ...five);
    await inbox.attempts('charge.refunded', 'processed');
    expect(await look()).toEqual(['opened consecutive_failures refund.created']);
  });

  test('of events that an admin has since ignored do not count', async () => {
    const ids = await inbox.attempts('invoice.paid', ...five, 'failed');
    expect(await look()).toEqual(['opened consecutive_failures invoice.paid']);
    await query("update webhook_events set status = 'ignored' where event_id = any($1)", [ids.slice(0, 2)]);
    expect(await look()).toEqual(['closed consecutive_failures invoice.paid']);
    await inbox.attempts('invoice.paid', 'failed');
    expect(await look()).toEqual(['opened consecutive_failures invoice.paid']);
    await query("update webhook_events set status = 'ignored'");
    expect(await look()).toEqual(['closed consecutive_failures invoice.paid']);
  });

  test('are over when the last of them is two days old', async () => {
    const id = await inbox.event('invoice.paid');
    for (const hours of [60, 59, 58, 57, 47]) await inbox.attempt(id, 'failed', hours * 3600);
    expect(await look()).toEqual(['opened consecutive_failures invoice.paid']);
    await query("update webhook_attempts set ended_at = ended_at - interval '1 hour'");
    expect(await look()).toEqual(['closed consecutive_failures invoice.paid']);
    const ignored = await inbox.event('invoice.paid', 'ignored');
    await inbox.attempt(ignored, 'failed');
    expect(await look()).toEqual([]);
  });

  test('are as many as the configuration says', async () => {
    await inbox.attempts('invoice.paid', 'failed', 'failed');
    expect(await look(3)).toEqual([]);
    expect(await look(2)).toEqual(['opened consecutive_failures invoice.paid']);
  });
});

describe('consecutive failures of all types', () => {
  const all = 'consecutive_failures all';

  test('take two types to open, and stay while only one goes on failing', async () => {
    await inbox.attempts('invoice.paid', 'failed', 'failed', 'failed', 'failed');
    await inbox.attempts('refund.created', 'failed');
    expect(await look()).toEqual([`opened ${all}`]);
    const id = await inbox.event('invoice.paid');
    for (let times = 1; times <= 100; times += 1) await inbox.attempt(id, 'failed');
    expect(await look()).toEqual(['opened consecutive_failures invoice.paid']);
    await inbox.attempts('charge.refunded', 'processed');
    expect(await look()).toEqual([`closed ${all}`]);
  });

  test('of one type are not those of all', async () => {
    await inbox.attempts('refund.created', 'failed', 'processed');
    await inbox.attempts('invoice.paid', ...five);
    expect(await look()).toEqual(['opened consecutive_failures invoice.paid']);
  });
});

test('dead events are one alert until none is left', async () => {
  const first = await inbox.event('invoice.paid', 'dead');
  expect(await look()).toEqual(['opened dead_events']);
  const second = await inbox.event('refund.created', 'dead');
  expect(await look()).toEqual([]);
  expect(await data('dead_events')).toMatchObject({
    count: 2,
    event_ids: [first, second],
    event_types: ['invoice.paid', 'refund.created'],
  });
  await query("update webhook_events set status = 'ignored' where event_id = $1", [first]);
  expect(await look()).toEqual([]);
  await query("update webhook_events set status = 'processed' where event_id = $1", [second]);
  expect(await look()).toEqual(['closed dead_events']);
});

describe('a backlog', () => {
  test('is an event that is due for more than five minutes, and none that waits for its next try', async () => {
    await inbox.event('invoice.paid', 'pending', 295);
    const waiting = await inbox.event('invoice.paid', 'failed', -30);
    await query("update webhook_events set received_at = now() - interval '9 hours' where event_id = $1", [
      waiting,
    ]);
    expect(await look()).toEqual([]);
    await inbox.event('invoice.paid', 'failed', 301);
    expect(await look()).toEqual(['opened backlog_age']);
    expect(await data('backlog_age')).toMatchObject({ count: 2, age_seconds: expect.closeTo(301, -1) });
    await query("update webhook_events set status = 'processed' where status = 'failed'");
    expect(await look()).toEqual(['closed backlog_age']);
  });

  test('is an event whose worker was lost five minutes ago, and none that is being processed', async () => {
    const id = await inbox.event('invoice.paid', 'processing', 3600);
    const lease = (seconds: number) =>
      query('update webhook_events set lease_until = now() - make_interval(secs => $2) where event_id = $1', [
        id,
        seconds,
      ]);
    await lease(-20);
    expect(await look()).toEqual([]);
    await lease(290);
    expect(await look()).toEqual([]);
    await lease(310);
    expect(await look()).toEqual(['opened backlog_age']);
    expect(await data('backlog_age')).toMatchObject({ count: 1 });
  });
});

test('a gap is what was stored from Stripe’s list in the last quarter of an hour', async () => {
  const check = (stored: number, minutesAgo: number) =>
    query(
      `insert into gap_checks (window_since, window_until, listed, stored, updated_at, finished_at)
       values (now() - interval '1 hour', now(), 7, $1, now() - make_interval(mins => $2), now())`,
      [stored, minutesAgo],
    );
  await check(4, 16);
  await check(0, 1);
  expect(await look()).toEqual([]);
  await check(3, 14);
  expect(await look()).toEqual(['opened gap']);
  await check(2, 0);
  expect(await look()).toEqual([]);
  expect(await data('gap')).toMatchObject({ stored: 5, checks: 2 });
  await query("update gap_checks set updated_at = updated_at - interval '15 minutes'");
  expect(await look()).toEqual(['closed gap']);
});

describe('signatures that are not ours', () => {
  const refused = (count: number, minutesAgo: number, code = 'invalid_signature') =>
    query(
      `insert into webhook_rejections values (date_trunc('minute', now()) - make_interval(mins => $2), $3, $1)
       on conflict (minute, code) do update set count = webhook_rejections.count + excluded.count`,
      [count, minutesAgo, code],
    );

  test('are an alert when ten came within five minutes, until none came for ten', async () => {
    await refused(5, 8);
    await refused(9, 2);
    await refused(50, 1, 'not_an_event');
    expect(await look()).toEqual([]);
    await refused(1, 0);
    expect(await look()).toEqual(['opened signature_failures']);
    expect(await data('signature_failures')).toMatchObject({ count: 10 });
    await query("update webhook_rejections set minute = minute - interval '9 minutes'");
    await refused(1, 4);
    expect(await look()).toEqual([]);
    await query("update webhook_rejections set minute = minute - interval '8 minutes'");
    expect(await look()).toEqual(['closed signature_failures']);
    await refused(1, 0);
    expect(await look()).toEqual([]);
  });
});

test('differences of the books are those of the newest comparison that are not repaired', async () => {
  const compared = (...outcomes: readonly string[]) =>
    query(
      `insert into reconciliations (started_at, finished_at, compared, differences)
       values (clock_timestamp(), clock_timestamp(), '{}', $1::jsonb)`,
      [
        JSON.stringify(
          outcomes.map((outcome) => ({
            kind: 'invoice',
            id: 'in_1',
            customerId: 'c',
            problem: 'missing',
            outcome,
          })),
        ),
      ],
    );
  await compared('open');
  await compared();
  expect(await look()).toEqual([]);
  await compared('fixed', 'open', 'payment_unknown');
  expect(await look()).toEqual(['opened reconcile_differences']);
  expect(await data('reconcile_differences')).toMatchObject({
    count: 2,
    kinds: ['invoice'],
    differences: [{ kind: 'invoice', id: 'in_1', problem: 'missing', outcome: 'open' }, {}],
  });
  await compared('fixed');
  expect(await look()).toEqual(['closed reconcile_differences']);
});

test('an endpoint that was disabled by failing is an alert of its own, until it is enabled or deleted', async () => {
  const endpoint = async (reason: string): Promise<string> => {
    const [row] = await query<{ id: string }>(
      `insert into event_endpoints
         (url, event_types, format, sealed_secret, created_by, is_enabled, disabled_reason, disabled_at)
       values ('https://hooks.example.com/T0/secret', '{*}', 'slack', 'v1.x', 'test', false, $1, now()) returning id`,
      [reason],
    );
    return row?.id ?? '';
  };
  await endpoint('admin');
  expect(await look()).toEqual([]);
  const ids = [await endpoint('failing'), await endpoint('gone')].toSorted();
  expect(await look()).toEqual(ids.map((id) => `opened endpoint_disabled ${id}`));
  expect(JSON.stringify(await data('endpoint_disabled'))).not.toContain('hooks.example.com');
  await query('update event_endpoints set is_enabled = true, disabled_at = null where id = $1', [ids[0]]);
  await query('update event_endpoints set deleted_at = now() where id = $1', [ids[1]]);
  expect(await look()).toEqual(ids.map((id) => `closed endpoint_disabled ${id}`));
});

test('of twenty looks at once, one opens an alert and one closes it', async () => {
  const pool = database.pool({ max: 20 });
  const looks = async () =>
    (
      await Promise.all(Array.from({ length: 20 }, () => pool.query('select * from evaluate_alerts(5)')))
    ).flatMap(({ rows }) => rows);
  await inbox.attempts('invoice.paid', ...five);
  await inbox.attempts('refund.created', ...five);
  await inbox.event('invoice.paid', 'dead');
  expect(await looks()).toHaveLength(4);
  await inbox.attempts('invoice.paid', 'processed');
  await query("update webhook_events set status = 'processed' where status = 'dead'");
  expect(await looks()).toHaveLength(3);
  expect(await alertsOf(query)).toEqual([
    'consecutive_failures all closed',
    'consecutive_failures invoice.paid closed',
    'consecutive_failures refund.created open',
    'dead_events closed',
  ]);
  expect(Object.values(await toldOf(query))).toEqual(Array.from({ length: 7 }, () => 1));
});

test('what comes back is another alert', async () => {
  for (let time = 1; time <= 2; time += 1) {
    const id = await inbox.event('invoice.paid', 'dead');
    expect(await look()).toEqual(['opened dead_events']);
    await query("update webhook_events set status = 'processed' where event_id = $1", [id]);
    expect(await look()).toEqual(['closed dead_events']);
  }
  expect(await alertsOf(query)).toEqual(['dead_events closed', 'dead_events closed']);
});
