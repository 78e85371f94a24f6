import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { insertEndpoint, type TestEndpoint } from '../support/endpoints.ts';
import { grant } from '../support/ledger.ts';
import { newBuyer } from '../support/shop.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let viewer: string;

beforeAll(async () => {
  worker = await startWorker({
    variables: { MAIL_API_URL: undefined, MAIL_API_KEY: undefined, MAIL_FROM: undefined },
  });
  await worker.restart('dropped');
  viewer = await worker.token('viewer');
});
afterAll(async () => {
  await worker.stop();
});

const get = (path: string) => worker.request(path, { token: viewer });
const newEndpoint = (): Promise<TestEndpoint> => insertEndpoint(worker, { url: 'http://127.0.0.1:1/' });

/** Deliveries of some events of one type, some of one instant; the ids, the newest first. */
async function deliveries(
  endpoint: TestEndpoint,
  type: string,
  status: string,
  at: string,
): Promise<string[]> {
  const rows = await worker.database.query<{ id: string }>(
    `with event as (
       insert into outbound_events (event_type, data, occurred_at, created_at)
       select $2, '{}', moment, moment from generate_series(0, 4) as number,
         lateral (select $4::timestamptz + number / 2 * interval '1 microsecond') as at(moment)
       returning *
     )
     insert into event_deliveries (endpoint_id, event_id, event_type, status, created_at)
     select $1, id, event_type, $3, created_at from event returning id, created_at::text`,
    [endpoint.id, type, status, at],
  );
  const listed = await worker.database.query<{ id: string }>(
    'select id from event_deliveries where id = any($1) order by created_at desc, id desc',
    [rows.map(({ id }) => id)],
  );
  return listed.map(({ id }) => id);
}

async function pages(path: string, list: string, limit: number): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { json, status, text, databaseCalls } = await get(`${path}&limit=${limit}${cursor}`);
    expect([status, databaseCalls], text).toEqual([200, 1]);
    expect(json[list].length).toBeLessThanOrEqual(limit);
    found.push(...json[list].map(({ id }: { id: string }) => id));
    cursor = json.next_cursor === null ? null : `&cursor=${json.next_cursor}`;
  }
  return found;
}

describe('the log of deliveries', () => {
  test('comes in pages, the newest first, each delivery once', async () => {
    const endpoint = await newEndpoint();
    const old = await deliveries(endpoint, 'plan.changed', 'delivered', '2026-05-01T00:00:00Z');
    const young = await deliveries(endpoint, 'credits.low', 'dead', '2026-06-01T00:00:00Z');
    const path = `/admin/endpoints/${endpoint.id}/deliveries?`;
    for (const limit of [1, 2, 3, 100]) {
      expect(await pages(path, 'deliveries', limit)).toEqual([...young, ...old]);
    }
    for (const [query, expected] of [
      ['status=dead', young],
      ['status=delivered', old],
      ['status=canceled', []],
      ['event_type=plan.changed', old],
      ['event_type=plan.changed&status=dead', []],
      ['since=2026-05-15T00:00:00Z', young],
      ['until=2026-05-15T00:00:00Z', old],
      ['since=2026-05-01T00:00:00Z&until=2026-06-01T00:00:00Z', old],
    ] as const) {
      expect([query, await pages(`${path}${query}`, 'deliveries', 2)]).toEqual([query, expected]);
    }
  });

  test('shows each try, with how long it took and what came of it', async () => {
    const endpoint = await newEndpoint();
    const [id = ''] = await deliveries(endpoint, 'plan.changed', 'pending', '2026-05-01T00:00:00Z');
    await worker.database.query(
      `insert into delivery_attempts (delivery_id, attempt, started_at, ended_at, status_code, error) values
         ($1, 1, '2026-05-01T00:00:01Z', '2026-05-01T00:00:01.250Z', 500, 'status 500'),
         ($1, 2, '2026-05-01T00:00:11Z', null, null, null)`,
      [id],
    );
    const { json } = await get(`/admin/endpoints/${endpoint.id}/deliveries/${id}`);
    expect(json.delivery).toEqual({
      id,
      event_id: expect.stringMatching(/^msg_/),
      event_type: 'plan.changed',
      status: 'pending',
      attempt_count: 0,
      next_attempt_at: expect.any(String),
      last_status_code: null,
      last_error: null,
      delivered_at: null,
      created_at: expect.any(String),
      event: {
        id: json.delivery.event_id,
        type: 'plan.changed',
        customer_id: null,
        data: {},
        cause_event_id: null,
        occurred_at: json.delivery.created_at,
        created_at: json.delivery.created_at,
      },
      attempts: [
        {
          attempt: 1,
          started_at: '2026-05-01T00:00:01.000Z',
          duration_ms: 250,
          status_code: 500,
          error: 'status 500',
        },
        {
          attempt: 2,
          started_at: '2026-05-01T00:00:11.000Z',
          duration_ms: null,
          status_code: null,
          error: null,
        },
      ],
    });
  });

  test.each([
    'status=done',
    'event_type=credits.stolen',
    'event_type=credits.*',
    'since=yesterday',
    'limit=0',
    'limit=101',
    'cursor=x',
    'page=2',
    'status=dead&status=canceled',
  ])('refuses ?%s', async (query) => {
    const { status, json } = await get(`/admin/endpoints/${(await newEndpoint()).id}/deliveries?${query}`);
    expect([status, json.errors[0].pointer]).toEqual([400, `?${query.slice(0, query.indexOf('='))}`]);
  });
});

describe('what happened', () => {
  test('is listed whether an endpoint wanted it or not, with whom it was told', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 10);
    const endpoint = await newEndpoint();
    await grant(worker, buyer, 20);
    const { json } = await get(`/admin/events?customer=${buyer.subject}&type=credits.granted`);
    const [second, first] = json.events;
    expect(second).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      type: 'credits.granted',
      data: { amount: 20, customer: { subject: buyer.subject } },
      cause_event_id: null,
    });
    expect(second.deliveries).toContainEqual({
      id: expect.any(String),
      endpoint_id: endpoint.id,
      status: 'pending',
    });
    expect(first.data.amount).toBe(10);
    expect(first.deliveries.map((each: { endpoint_id: string }) => each.endpoint_id)).not.toContain(
      endpoint.id,
    );
    expect(json.events).toHaveLength(2);
    const byId = await get(`/admin/events?customer=${second.customer_id}`);
    expect(byId.json.events.map(({ id }: { id: string }) => id)).toEqual([second.id, first.id]);
  });

  test('comes in pages by type and time, each event once', async () => {
    await deliveries(await newEndpoint(), 'cost.changed', 'delivered', '2026-03-01T00:00:00Z');
    const expected = await worker.database.query<{ id: string }>(
      "select id from outbound_events where event_type = 'cost.changed' order by created_at desc, id desc",
    );
    for (const limit of [1, 2, 3, 100]) {
      const found = await pages(
        '/admin/events?type=cost.changed&until=2026-03-02T00:00:00Z',
        'events',
        limit,
      );
      expect(found).toEqual(expected.map(({ id }) => id));
    }
    expect(await pages('/admin/events?type=cost.changed&since=2026-03-02T00:00:00Z', 'events', 2)).toEqual(
      [],
    );
  });

  test('is not asked of a customer who is not there, nor of a type', async () => {
    const nobody = await get(`/admin/events?customer=${randomUUID()}`);
    expect([nobody.status, nobody.json.code]).toEqual([404, 'customer_not_found']);
    const odd = await get('/admin/events?type=credits.stolen');
    expect([odd.status, odd.json.errors[0].pointer]).toEqual([400, '?type']);
  });
});

test('there are 50 endpoints at most, however many are made at a time', async () => {
  const admin = await worker.token('admin');
  const create = () => {
    const body = { url: 'https://hooks.shop.test/', event_types: ['*'] };
    return worker.request('/admin/endpoints', { token: admin, body });
  };
  const live = async () => (await get('/admin/endpoints')).json.endpoints.length;
  while ((await live()) < 45) expect((await create()).status).toBe(201);
  // All of them have counted, as far as they may, before the first is made.
  const holding = await worker.database.connect();
  await holding.query('begin');
  await holding.query('lock table event_endpoints in share mode');
  const making = Promise.all(Array.from({ length: 20 }, create));
  await eventually('several wait', async () => {
    const waiting = await worker.database.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return waiting.length >= 8;
  });
  await holding.query('commit');
  const answers = await making;
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  expect(answers.filter(({ json }) => json.code === 'too_many_endpoints')).toHaveLength(15);
  expect(await live()).toBe(50);
});

test('mail is no place to tell events where none is sent', async () => {
  const { status, json } = await worker.request('/admin/endpoints', {
    token: await worker.token('admin'),
    body: { url: 'mailto:ops@shop.test', event_types: ['alert.*'] },
  });
  expect([status, json.code, json.errors[0].pointer]).toEqual([422, 'mail_not_configured', '/url']);
});
