import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeSecret } from '../../src/outbound/endpoint-secret.ts';
import {
  deliveriesTo,
  happen,
  insertEndpoint,
  tellAgain,
  told,
  type TestEndpoint,
} from '../support/endpoints.ts';
import { eventually } from '../support/eventually.ts';
import { inTurn, startReceiver, type ReceivedRequest, type Receiver } from '../support/receiver.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let receiver: Receiver;

beforeAll(async () => {
  [worker, receiver] = await Promise.all([startWorker(), startReceiver()]);
});
beforeEach(() => receiver.setAnswer(undefined));
afterAll(async () => {
  await receiver.stop();
  await worker.stop();
});

/** An endpoint of a test's own, and the type that it alone is told. */
async function newEndpoint(options: { readonly previousSecret?: string } = {}) {
  const path = `/${randomUUID()}`;
  const eventType = `test${path.slice(1)}.happened`;
  const endpoint = await insertEndpoint(worker, {
    url: `${receiver.url}${path}`,
    eventTypes: [eventType],
    ...options,
  });
  return { ...endpoint, path, eventType };
}

type OwnEndpoint = Awaited<ReturnType<typeof newEndpoint>>;

async function tell(endpoint: OwnEndpoint, data: Readonly<Record<string, unknown>> = {}) {
  await happen(worker, endpoint.eventType, data);
  await worker.scheduled();
  return told(worker, endpoint);
}

const verified = ({ secret }: Pick<TestEndpoint, 'secret'>, { body, headers }: ReceivedRequest) =>
  new Webhook(secret).verify(body, headers);

async function healthOf({ id }: TestEndpoint) {
  const [row] = await worker.database.query(
    'select is_enabled, disabled_reason, failing_since is not null as is_failing from event_endpoints where id = $1',
    [id],
  );
  return row;
}

describe('what happened', () => {
  test('is told, signed, with what the event has in it', async () => {
    const endpoint = await newEndpoint();
    const data = { amount: 5, text: 'Ünïcode “&<>”', nested: { list: [1, null, true] } };
    const [delivery] = await tell(endpoint, data);
    expect(delivery).toMatchObject({
      status: 'delivered',
      attempts: 1,
      last_status_code: 204,
      last_error: null,
    });
    const [request, ...others] = receiver.requests(endpoint.path);
    expect(others).toEqual([]);
    if (request === undefined) throw new Error('nothing came');
    expect(request).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'webhook-id': delivery?.event_id },
    });
    const [event] = await worker.database.query<{ occurred_at: Date }>(
      'select occurred_at from outbound_events where id = $1',
      [delivery?.event_id],
    );
    expect(verified(endpoint, request)).toEqual({
      type: endpoint.eventType,
      timestamp: event?.occurred_at.toISOString(),
      data,
    });
    expect(() => verified({ secret: makeSecret() }, request)).toThrow('No matching signature');
  });

  test('is signed by both secrets while one takes the place of the other, and by one again afterwards', async () => {
    const previousSecret = makeSecret();
    const endpoint = await newEndpoint({ previousSecret });
    await tell(endpoint);
    await worker.database.query('update event_endpoints set previous_secret_until = now() where id = $1', [
      endpoint.id,
    ]);
    await tell(endpoint);
    const [during, after] = receiver.requests(endpoint.path);
    if (during === undefined || after === undefined) throw new Error('nothing came');
    for (const secret of [endpoint.secret, previousSecret]) {
      expect(verified({ secret }, during)).toMatchObject({ type: endpoint.eventType });
    }
    expect(verified(endpoint, after)).toMatchObject({ type: endpoint.eventType });
    expect(() => verified({ secret: previousSecret }, after)).toThrow('No matching signature');
  });

  test('is told after the answer to the request that did it, by no cron', async () => {
    const endpoint = await insertEndpoint(worker, {
      url: `${receiver.url}/requested`,
      eventTypes: ['cost.changed'],
    });
    const token = await worker.token('admin');
    const { databaseCalls } = await worker.request('/admin/credits/costs/voice_over', {
      method: 'PUT',
      token,
      body: { credits: 9 },
    });
    expect(databaseCalls).toBeLessThanOrEqual(2);
    await eventually('it is told', () => receiver.requests('/requested').length === 1);
    expect(await told(worker, endpoint)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });
});

describe('a delivery that fails', () => {
  const schedule = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

  test('is tried again by the schedule, the same to the byte, and is dead after the last try', async () => {
    const endpoint = await newEndpoint();
    receiver.setAnswer(() => ({ status: 500, body: 'no secrets in here' }));
    let [delivery] = await tell(endpoint, { n: 1 });
    for (const [index, delay] of schedule.entries()) {
      expect(delivery).toMatchObject({
        status: 'pending',
        attempts: index + 1,
        last_status_code: 500,
        last_error: 'http 500',
      });
      expect(delivery?.due_in_seconds).toBeGreaterThanOrEqual(delay * 0.9);
      expect(delivery?.due_in_seconds).toBeLessThanOrEqual(delay * 1.1);
      [delivery] = await tellAgain(worker, endpoint);
    }
    expect(delivery).toMatchObject({ status: 'dead', attempts: 10, last_error: 'http 500' });
    const requests = receiver.requests(endpoint.path);
    expect(requests).toHaveLength(10);
    expect(new Set(requests.map(({ body, headers }) => `${headers['webhook-id']} ${body}`)).size).toBe(1);
    for (const request of requests) expect(verified(endpoint, request)).toMatchObject({ data: { n: 1 } });
    const attempts = await worker.database.query(
      'select attempt, status_code, error, ended_at is not null as ended from delivery_attempts where delivery_id = $1 order by attempt',
      [delivery?.id],
    );
    expect(attempts).toHaveLength(10);
    expect(attempts[9]).toEqual({ attempt: 10, status_code: 500, error: 'http 500', ended: true });
    expect((await tellAgain(worker, endpoint))[0]).toMatchObject({ status: 'dead', attempts: 10 });
  });

  test('comes again by the queue when that is due, with no cron', async () => {
    const endpoint = await newEndpoint();
    receiver.setAnswer(inTurn(500, 204));
    await tell(endpoint);
    await eventually('it comes again', () => receiver.requests(endpoint.path).length === 2, 30_000);
    expect(await told(worker, endpoint)).toMatchObject([
      { status: 'delivered', attempts: 2, failures: 1, last_error: null },
    ]);
  });

  test('is a redirect', async () => {
    const endpoint = await newEndpoint();
    receiver.setAnswer(() => 307);
    expect(await tell(endpoint)).toMatchObject([
      { status: 'pending', last_status_code: 307, last_error: 'redirect' },
    ]);
  });

  test('is an endpoint that does not answer, or whose connection breaks', async () => {
    const endpoint = await newEndpoint();
    receiver.setAnswer(inTurn('drop', 'hang'));
    await tell(endpoint);
    await tellAgain(worker, endpoint).catch(() => undefined);
    await eventually(
      'it is given up',
      async () => (await deliveriesTo(worker, endpoint))[0]?.failures === 2,
      30_000,
    );
    const attempts = await worker.database.query(
      'select error from delivery_attempts join event_deliveries on id = delivery_id where endpoint_id = $1 order by attempt',
      [endpoint.id],
    );
    // A connection that breaks is told to a Worker in test as a 500.
    expect(attempts).toMatchObject([
      { error: expect.stringMatching(/^(connection|http 500)$/) },
      { error: 'timeout' },
    ]);
  });

  test.each([
    [429, () => '3600', 3600],
    [503, () => new Date(Date.now() + 3_600_000).toUTCString(), 3590],
    [503, () => '999999', 86_400],
    [500, () => '3600', 4.5],
    [429, () => 'soon', 4.5],
    [429, () => new Date(0).toUTCString(), 4.5],
  ])('with %i waits as long as it is asked to, within bounds (case %#)', async (status, header, seconds) => {
    const endpoint = await newEndpoint();
    receiver.setAnswer(() => ({ status, headers: { 'Retry-After': header() } }));
    const [delivery] = await tell(endpoint);
    expect(delivery).toMatchObject({ status: 'pending', last_error: `http ${status}` });
    expect(delivery?.due_in_seconds).toBeGreaterThanOrEqual(seconds);
    expect(delivery?.due_in_seconds).toBeLessThanOrEqual(seconds * 1.25);
  });

  test('keeps nothing of what the endpoint said', async () => {
    const rows = await worker.database.query(
      "select 1 from event_deliveries as d, delivery_attempts as a where concat(d.*, a.*) ~ 'no secrets in here'",
    );
    expect(rows).toEqual([]);
    expect(worker.logs().join('\n')).not.toMatch(/no secrets in here|whsec_/);
  });
});

describe('an endpoint', () => {
  test('that says that it is gone is disabled at once, and told nothing more', async () => {
    const endpoint = await newEndpoint();
    receiver.setAnswer(() => 500);
    await tell(endpoint, { n: 1 });
    receiver.setAnswer(() => 410);
    expect(await tell(endpoint, { n: 2 })).toMatchObject([
      { status: 'canceled', last_status_code: 500 },
      { status: 'canceled', last_status_code: 410, last_error: 'http 410' },
    ]);
    expect(await healthOf(endpoint)).toMatchObject({ is_enabled: false, disabled_reason: 'gone' });
    const count = receiver.requests(endpoint.path).length;
    expect(await tell(endpoint, { n: 3 })).toHaveLength(2);
    await tellAgain(worker, endpoint);
    expect(receiver.requests(endpoint.path)).toHaveLength(count);
  });

  test('that has failed for five days, and does so again, is disabled; one that failed for less is not', async () => {
    const endpoint = await newEndpoint();
    receiver.setAnswer(() => 503);
    const failingFor = (days: number) =>
      worker.database.query(
        "update event_endpoints set failing_since = now() - $2 * interval '1 day' where id = $1",
        [endpoint.id, days],
      );
    await tell(endpoint, { n: 1 });
    expect(await healthOf(endpoint)).toEqual({ is_enabled: true, disabled_reason: null, is_failing: true });
    await failingFor(4.9);
    await tell(endpoint, { n: 2 });
    expect(await healthOf(endpoint)).toMatchObject({ is_enabled: true, is_failing: true });
    await failingFor(5.1);
    const rows = await tell(endpoint, { n: 3 });
    expect(rows.map(({ status }) => status)).toEqual(['canceled', 'canceled', 'canceled']);
    expect(await healthOf(endpoint)).toMatchObject({ is_enabled: false, disabled_reason: 'failing' });
  });

  test('that takes something fails no longer', async () => {
    const endpoint = await newEndpoint();
    receiver.setAnswer(inTurn(500, 204));
    await tell(endpoint);
    expect(await healthOf(endpoint)).toMatchObject({ is_failing: true });
    await tellAgain(worker, endpoint);
    expect(await healthOf(endpoint)).toEqual({ is_enabled: true, disabled_reason: null, is_failing: false });
  });

  test.each(['is_enabled = false, disabled_at = now()', 'deleted_at = now()'])(
    'that is no longer there (%s) is not told what waits for it',
    async (change) => {
      const endpoint = await newEndpoint();
      await happen(worker, endpoint.eventType);
      await worker.database.query(`update event_endpoints set ${change} where id = $1`, [endpoint.id]);
      await worker.scheduled();
      expect(await told(worker, endpoint)).toMatchObject([{ status: 'canceled', attempts: 0 }]);
      expect(receiver.requests(endpoint.path)).toEqual([]);
    },
  );

  test.each(['https://10.0.0.1/hook', 'https://[fd00::1]/', 'http://shop.test/', 'ftp://127.0.0.1/'])(
    'whose row says %s is not sent to',
    async (url) => {
      const { id, eventType, ...endpoint } = await newEndpoint();
      await worker.database.query('update event_endpoints set url = $2 where id = $1', [id, url]);
      expect(await tell({ ...endpoint, id, eventType })).toMatchObject([
        { status: 'pending', last_status_code: null, last_error: 'address_not_allowed' },
      ]);
    },
  );

  test('whose secret cannot be read is not sent to, and says why', async () => {
    const endpoint = await newEndpoint();
    await worker.database.query(
      'update event_endpoints set sealed_secret = (select sealed_secret from event_endpoints where id <> $1 and sealed_secret is not null limit 1) where id = $1',
      [endpoint.id],
    );
    expect(await tell(endpoint)).toMatchObject([{ status: 'pending', last_error: 'secret_unreadable' }]);
    expect(receiver.requests(endpoint.path)).toEqual([]);
  });

  test('that takes its time keeps nobody else from being told', async () => {
    const slow = await newEndpoint();
    const quick = await newEndpoint();
    const { promise, resolve } = Promise.withResolvers<void>();
    receiver.setAnswer(({ path }) => (path === slow.path ? { delayUntil: promise } : 204));
    for (let count = 0; count < 40; count += 1) await happen(worker, slow.eventType);
    await worker.scheduled();
    await eventually('the slow one is told', () => receiver.requests(slow.path).length >= 5);
    await happen(worker, quick.eventType);
    await worker.scheduled();
    await eventually('the quick one is told', () => receiver.requests(quick.path).length === 1);
    expect((await deliveriesTo(worker, slow)).some(({ status }) => status === 'delivering')).toBe(true);
    expect(receiver.requests(slow.path).length).toBeLessThanOrEqual(25);
    resolve();
  });
});
