import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertEndpoint } from '../support/endpoints.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let receiver: Receiver;
let admin: string;
const adminSubject = randomUUID();

beforeAll(async () => {
  receiver = await startReceiver();
  worker = await startWorker();
  // Without messages and crons nothing is delivered: what waits can be looked at.
  await worker.restart('dropped');
  admin = await worker.token('admin', adminSubject);
});
afterAll(async () => {
  await worker.stop();
  await receiver.stop();
});

type Status = 'pending' | 'delivering' | 'delivered' | 'dead' | 'canceled';

const post = (path: string, body: unknown = {}, key?: string): Promise<TestAnswer> =>
  worker.request(path, {
    token: admin,
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });
const get = (path: string) => worker.request(path, { token: admin });

const endpointId = async (eventTypes: readonly string[] = ['*']) =>
  (await insertEndpoint(worker, { url: `${receiver.url}/${randomUUID()}`, eventTypes })).id;
const replay = (id: string, body: object, query = '', key?: string) =>
  post(`/admin/endpoints/${id}/replay${query}`, body, key);

/** An hour of a day of the test's own, so that nobody else's events are in it. */
let day = 0;
function newTime(): { readonly since: string; readonly until: string; at(minute: number): string } {
  day += 1;
  const start = Date.UTC(2001, 0, day);
  const at = (minute: number) => new Date(start + minute * 60_000).toISOString();
  return { since: at(0), until: at(60), at };
}

async function happened(type: string, at: string): Promise<string> {
  const [row] = await worker.database.query<{ id: string }>(
    `insert into outbound_events (event_type, data, occurred_at, created_at)
     values ($1, '{"amount": 5}', $2, $2) returning id`,
    [type, at],
  );
  return row?.id ?? '';
}

async function told(endpoint: string, event: string, status: Status): Promise<string> {
  const [row] = await worker.database.query<{ id: string }>(
    `insert into event_deliveries (endpoint_id, event_id, event_type, status, attempts, failures, created_at)
     select $1, id, event_type, $3, 9, 9, created_at from outbound_events where id = $2 returning id`,
    [endpoint, event, status],
  );
  return row?.id ?? '';
}

/** An endpoint's deliveries of events in order: which event, and how it stands. */
async function standOf(endpoint: string): Promise<readonly (readonly [string, string])[]> {
  const rows = await worker.database.query<{ event_id: string; status: string }>(
    `select event_id, delivery.status from event_deliveries as delivery join outbound_events as event
       on event.id = event_id where endpoint_id = $1 order by event.created_at, event.id`,
    [endpoint],
  );
  return rows.map((row) => [row.event_id, row.status]);
}

/** One event of each standing, a minute apart; the last was never told. */
async function hourOf(endpoint: string) {
  const time = newTime();
  const statuses = ['delivered', 'dead', 'canceled', 'pending', 'delivering'] as const;
  const events: string[] = [];
  for (const [minute, status] of statuses.entries()) {
    const event = await happened('credits.granted', time.at(minute));
    await told(endpoint, event, status);
    events.push(event);
  }
  events.push(await happened('credits.granted', time.at(5)));
  return { time, events };
}

describe('what happened in a time is told again', () => {
  test('but for what is being deleted, which nobody waits for', async () => {
    const id = await endpointId();
    const time = newTime();
    const [old, kept] = [
      await happened('credits.granted', time.at(1)),
      await happened('credits.granted', time.at(2)),
    ];
    const deleted = await happened('credits.granted', time.at(3));
    await told(id, old, 'dead');
    const client = await worker.database.connect();
    await client.query('begin');
    await client.query('delete from outbound_events where id = any ($1)', [[old, deleted]]);
    const { json } = await replay(id, { since: time.since, until: time.until });
    await client.query('commit');
    expect(json).toMatchObject({ success: true, replayed: 1 });
    expect(await standOf(id)).toEqual([[kept, 'pending']]);
  });

  test.each([
    ['all of it', {}, ['pending', 'pending', 'pending', 'pending', 'delivering', 'pending'], 4],
    [
      'what failed',
      { only_failed: true },
      ['delivered', 'pending', 'pending', 'pending', 'delivering', undefined],
      2,
    ],
    [
      'what it has not got',
      { skip_delivered: true },
      ['delivered', 'pending', 'pending', 'pending', 'delivering', 'pending'],
      3,
    ],
  ] as const)('%s, after it was counted', async (_, wish, expected, count) => {
    const id = await endpointId(['credits.*']);
    const { time, events } = await hourOf(id);
    const before = await standOf(id);
    const body = { since: time.since, until: time.until, ...wish };
    const dry = await replay(id, body, '?dry_run=1');
    expect([dry.status, dry.json]).toEqual([200, { success: true, dry_run: true, count }]);
    expect(await standOf(id)).toEqual(before);
    const done = await replay(id, body);
    expect(done.json).toEqual({ success: true, replayed: count, remaining: 0, next_cursor: null });
    expect(done.databaseCalls).toBe(1);
    const stand = new Map(await standOf(id));
    expect(events.map((event) => stand.get(event))).toEqual(expected);
    expect((await replay(id, body, '?dry_run=1')).json.count).toBe(0);
  });

  test('with all its tries, under the id that it had', async () => {
    const id = await endpointId();
    const time = newTime();
    const event = await happened('credits.granted', time.at(1));
    const delivery = await told(id, event, 'dead');
    await replay(id, { since: time.since, until: time.until });
    const { json } = await get(`/admin/endpoints/${id}/deliveries/${delivery}`);
    expect(json.delivery).toMatchObject({ event_id: event, status: 'pending', attempt_count: 9 });
    const [row] = await worker.database.query('select failures from event_deliveries where id = $1', [
      delivery,
    ]);
    expect(row?.failures).toBe(0);
  });

  test('but nothing that the endpoint does not ask for, nothing of another time or type, and no tests', async () => {
    const id = await endpointId(['credits.*', 'alert.opened']);
    const time = newTime();
    const [low, , , alert] = [
      await happened('credits.low', time.at(0)),
      await happened('price.changed', time.at(1)),
      await happened('endpoint.test', time.at(2)),
      await happened('alert.opened', time.at(3)),
      await happened('credits.low', time.at(60)),
      await happened('credits.low', time.at(-1)),
    ];
    const hour = { since: time.since, until: time.until };
    const count = async (more: object) =>
      (await replay(id, { ...hour, ...more }, '?dry_run=true')).json.count;
    expect(await count({})).toBe(2);
    expect(await count({ event_types: ['alert.*'] })).toBe(1);
    expect(await count({ event_types: ['price.changed'] })).toBe(0);
    expect((await replay(await endpointId(['*']), hour, '?dry_run=1')).json.count).toBe(3);
    await replay(id, hour);
    expect(await standOf(id)).toEqual([
      [low, 'pending'],
      [alert, 'pending'],
    ]);
  });

  test('in parts, the oldest first, until nothing remains', async () => {
    const id = await endpointId();
    const time = newTime();
    const events: string[] = [];
    // Several of one instant: a page may end between them.
    for (const minute of [0, 1, 1, 1, 2]) events.push(await happened('plan.changed', time.at(minute)));
    const hour = { since: time.since, until: time.until, limit: 2 };
    const answers: unknown[] = [];
    for (let cursor: string | undefined; answers.length < 9;) {
      const { json } = await replay(id, cursor === undefined ? hour : { ...hour, cursor });
      answers.push([json.replayed, json.remaining]);
      // What was taken meanwhile does not come again.
      await worker.database.query("update event_deliveries set status = 'delivered' where endpoint_id = $1", [
        id,
      ]);
      if (json.next_cursor === null) break;
      cursor = json.next_cursor;
    }
    expect(answers).toEqual([
      [2, 3],
      [2, 1],
      [1, 0],
    ]);
    expect(await standOf(id)).toHaveLength(events.length);
  });

  test('ten thousand at once, and no more', async () => {
    const id = await endpointId();
    const time = newTime();
    await worker.database.query(
      `insert into outbound_events (event_type, data, occurred_at, created_at)
       select 'plan.changed', '{}', moment, moment
       from generate_series(1, 10010) as number, lateral (select $1::timestamptz + number * interval '1 ms') as at(moment)`,
      [time.since],
    );
    const { json } = await replay(id, { since: time.since, until: time.until });
    expect([json.replayed, json.remaining]).toEqual([10_000, 10]);
    const tooMany = await replay(id, { since: time.since, limit: 10_001 });
    expect([tooMany.status, tooMany.json.errors[0].pointer]).toEqual([422, '/limit']);
  });

  test('once under one key, whatever became of the answer', async () => {
    const id = await endpointId();
    const time = newTime();
    await told(id, await happened('plan.changed', time.at(1)), 'dead');
    const key = randomUUID();
    const body = { since: time.since, until: time.until };
    const first = await replay(id, body, '', key);
    await worker.database.query("update event_deliveries set status = 'delivered' where endpoint_id = $1", [
      id,
    ]);
    expect((await replay(id, body, '', key)).text).toBe(first.text);
    await worker.database.query(
      "update idempotency_keys set response_status = null, response_body = null, lease_until = '-infinity' where key = $1",
      [key],
    );
    expect((await replay(id, body, '', key)).json).toEqual(first.json);
    expect((await standOf(id)).map(([, status]) => status)).toEqual(['delivered']);
    const { changes } = (await get(`/admin/endpoints/${id}`)).json.endpoint;
    expect(changes[0]).toMatchObject({ action: 'replayed', actor: `admin:${adminSubject}` });
  });

  test.each([
    ['/since', {}],
    ['/since', { since: 'yesterday' }],
    ['/until', { since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }],
    ['/event_types/0', { since: '2026-01-01T00:00:00Z', event_types: ['x'] }],
    ['/only_failed', { since: '2026-01-01T00:00:00Z', only_failed: 'yes' }],
    ['/limit', { since: '2026-01-01T00:00:00Z', limit: 0 }],
    ['/all', { since: '2026-01-01T00:00:00Z', all: true }],
  ])('is refused at %s: %j', async (pointer, body) => {
    const { status, json } = await replay(await endpointId(), body);
    expect([status, json.errors[0].pointer]).toEqual([422, pointer]);
  });

  test('is refused with a cursor of another kind, and for an endpoint that is disabled', async () => {
    const id = await endpointId();
    const odd = await replay(id, { since: '2026-01-01T00:00:00Z', cursor: 'WzEsMl0' });
    expect([odd.status, odd.json.code]).toEqual([400, 'invalid_cursor']);
    await worker.request(`/admin/endpoints/${id}`, {
      method: 'PATCH',
      token: admin,
      body: { enabled: false },
    });
    for (const query of ['', '?dry_run=1']) {
      const { status, json } = await replay(id, { since: '2026-01-01T00:00:00Z' }, query);
      expect([status, json.code]).toEqual([409, 'endpoint_disabled']);
    }
  });
});

describe('one delivery', () => {
  const one = (endpoint: string, delivery: string, key?: string) =>
    post(`/admin/endpoints/${endpoint}/deliveries/${delivery}/replay`, {}, key);

  test.each(['delivered', 'dead', 'canceled'] as const)('that is %s is made again', async (status) => {
    const id = await endpointId();
    const delivery = await told(id, await happened('plan.changed', newTime().at(1)), status);
    const { json, databaseCalls } = await one(id, delivery);
    expect([json, databaseCalls]).toEqual([{ success: true, delivery_id: delivery }, 1]);
    expect((await standOf(id)).map(([, now]) => now)).toEqual(['pending']);
  });

  test.each(['pending', 'delivering'] as const)('that is %s is left to whoever has it', async (status) => {
    const id = await endpointId();
    const delivery = await told(id, await happened('plan.changed', newTime().at(1)), status);
    const answer = await one(id, delivery);
    expect([answer.status, answer.json.code]).toEqual([409, 'delivery_in_progress']);
  });

  test('of another endpoint, or of none, is not found', async () => {
    const [mine, other] = [await endpointId(), await endpointId()];
    const delivery = await told(other, await happened('plan.changed', newTime().at(1)), 'dead');
    for (const [id, of, code] of [
      [mine, delivery, 'delivery_not_found'],
      [mine, randomUUID(), 'delivery_not_found'],
      [randomUUID(), delivery, 'endpoint_not_found'],
    ] as const) {
      const answer = await one(id, of);
      expect([answer.status, answer.json.code]).toEqual([404, code]);
      expect((await get(`/admin/endpoints/${id}/deliveries/${of}`)).status).toBe(404);
    }
    expect((await standOf(other)).map(([, status]) => status)).toEqual(['dead']);
  });

  test('is made again once, of 20 who ask at a time', async () => {
    const id = await endpointId();
    const delivery = await told(id, await happened('plan.changed', newTime().at(1)), 'dead');
    const answers = await Promise.all(Array.from({ length: 20 }, () => one(id, delivery)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ json }) => json.code === 'delivery_in_progress')).toHaveLength(19);
  });
});

test('a test tells one endpoint alone, whatever it asked for, and is in its log', async () => {
  const [id, other] = [await endpointId(['credits.*']), await endpointId()];
  const key = randomUUID();
  const { json, status } = await post(`/admin/endpoints/${id}/test`, {}, key);
  expect(status).toBe(200);
  expect((await post(`/admin/endpoints/${id}/test`, {}, key)).json).toEqual(json);
  const { delivery } = (await get(`/admin/endpoints/${id}/deliveries/${json.delivery_id}`)).json;
  expect(delivery).toMatchObject({
    event_type: 'endpoint.test',
    status: 'pending',
    event: { type: 'endpoint.test', data: { endpoint_id: id }, customer_id: null },
    attempts: [],
  });
  expect(await standOf(id)).toHaveLength(1);
  expect(await standOf(other)).toEqual([]);
});
