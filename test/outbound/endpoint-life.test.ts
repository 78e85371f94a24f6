import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { happen, tellAgain, told } from '../support/endpoints.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type ReceivedRequest, type Receiver } from '../support/receiver.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let receiver: Receiver;
let admin: string;

beforeAll(async () => {
  [worker, receiver] = await Promise.all([startWorker(), startReceiver()]);
  admin = await worker.token('admin');
});
beforeEach(() => receiver.setAnswer(undefined));
afterAll(async () => {
  await worker.stop();
  await receiver.stop();
});

const ask = (path: string, body?: unknown, method?: string): Promise<TestAnswer> =>
  worker.request(path, {
    token: admin,
    ...(body === undefined ? {} : { body }),
    ...(method === undefined ? {} : { method }),
  });

/** An endpoint of a test's own, made by API. */
async function made(eventTypes: readonly string[], format = 'standard') {
  const path = `/${randomUUID()}`;
  const url = `${receiver.url}${path}`;
  const { json, status, text } = await ask('/admin/endpoints', { url, event_types: eventTypes, format });
  expect(status, text).toBe(201);
  const { id } = json.endpoint;
  return { id, url, path, secret: json.secret, api: `/admin/endpoints/${id}` };
}

const received = ({ path }: { readonly path: string }) => receiver.requests(path);
const idsOf = (requests: readonly ReceivedRequest[]) => requests.map(({ headers }) => headers['webhook-id']);

const isSignedBy = (secret: string, { body, headers }: ReceivedRequest): boolean => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

function only<T>([first, ...others]: readonly T[]): T {
  expect(others).toEqual([]);
  if (first === undefined) throw new Error('there is none');
  return first;
}

test('what an admin does to a customer is told at once, signed with the secret that was shown', async () => {
  const endpoint = await made(['credits.adjusted', 'credits.granted']);
  const subject = randomUUID();
  await worker.database.query('insert into customers (issuer, subject) values ($1, $2)', [
    worker.tokens.issuer,
    subject,
  ]);
  const grant = { credits: 7, reason: 'test' };
  const { json } = await ask(`/admin/customers/${subject}/credits/grant`, grant);
  await eventually('it was told', () => received(endpoint).length > 0);
  const request = only(received(endpoint));
  expect(isSignedBy(endpoint.secret, request)).toBe(true);
  expect(JSON.parse(request.body)).toMatchObject({
    type: 'credits.granted',
    data: { amount: 7, transaction_id: json.transaction.id, customer: { subject } },
  });
  const log = (await ask(`${endpoint.api}/deliveries`)).json;
  const { id } = only<{ id: string }>(log.deliveries);
  await told(worker, endpoint);
  const { delivery } = (await ask(`${endpoint.api}/deliveries/${id}`)).json;
  expect(delivery).toMatchObject({
    event_id: request.headers['webhook-id'],
    status: 'delivered',
    attempt_count: 1,
    last_status_code: 204,
    delivered_at: expect.any(String),
    attempts: [{ attempt: 1, status_code: 204, error: null, duration_ms: expect.any(Number) }],
  });
});

test('while a secret is being changed, the old and the new one each verify what comes; then the new one alone', async () => {
  const endpoint = await made(['plan.changed']);
  const { secret } = (await ask(`${endpoint.api}/rotate-secret`, { overlap_hours: 1 })).json;
  await ask(`${endpoint.api}/test`, {});
  await eventually('it was told', () => received(endpoint).length === 1);
  const during = only(received(endpoint));
  expect([isSignedBy(endpoint.secret, during), isSignedBy(secret, during)]).toEqual([true, true]);
  await ask(`${endpoint.api}/rotate-secret`, { overlap_hours: 0 });
  await ask(`${endpoint.api}/test`, {});
  await eventually('it was told again', () => received(endpoint).length === 2);
  const after = received(endpoint)[1];
  if (after === undefined) throw new Error('nothing came');
  expect([isSignedBy(endpoint.secret, after), isSignedBy(secret, after)]).toEqual([false, false]);
});

test('a test comes to a Slack endpoint as a message, and to one of mail by mail', async () => {
  const slack = await made(['alert.*'], 'slack');
  await ask(`${slack.api}/test`, {});
  await eventually('Slack was told', () => received(slack).length === 1);
  expect(JSON.parse(only(received(slack)).body)).toEqual({ text: expect.any(String) });

  const to = `${randomUUID()}@shop.test`;
  const mail = (await ask('/admin/endpoints', { url: `mailto:${to}`, event_types: ['alert.*'] })).json;
  const { json } = await ask(`/admin/endpoints/${mail.endpoint.id}/test`, {});
  const mails = () => worker.mailbox.mails().filter((each) => each.to.includes(to));
  await eventually('the mail is there', () => mails().length === 1);
  expect(only(mails()).id).toBe(json.delivery_id);
});

describe('what was missed is told again', () => {
  test('one that was given up: under the same id and with the same body', async () => {
    const endpoint = await made(['plan.changed']);
    receiver.setAnswer(() => 500);
    await happen(worker, 'plan.changed', { item: 'x' });
    const row = only(await tellAgain(worker, endpoint));
    await worker.database.query("update event_deliveries set status = 'dead' where id = $1", [row.id]);
    receiver.setAnswer(undefined);
    expect((await ask(`${endpoint.api}/deliveries/${row.id}/replay`, {})).status).toBe(200);
    await eventually('it was told again', () => received(endpoint).length === 2);
    const [first, second] = received(endpoint);
    expect([second?.headers['webhook-id'], second?.body]).toEqual([
      first?.headers['webhook-id'],
      first?.body,
    ]);
    expect(only(await told(worker, endpoint))).toMatchObject({ status: 'delivered', attempts: 2 });
  });

  test('all that happened while it was disabled, each once, and nothing that it had', async () => {
    const endpoint = await made(['package.changed']);
    const since = new Date(Date.now() - 60_000).toISOString();
    await happen(worker, 'package.changed', { number: 0 });
    await tellAgain(worker, endpoint);
    await ask(endpoint.api, { enabled: false }, 'PATCH');
    for (const number of [1, 2, 3]) await happen(worker, 'package.changed', { number });
    await ask(endpoint.api, { enabled: true }, 'PATCH');
    const { json } = await ask(`${endpoint.api}/replay`, { since, skip_delivered: true });
    expect(json.replayed).toBe(3);
    await eventually('all were told', () => received(endpoint).length === 4);
    await told(worker, endpoint);
    const numbers = received(endpoint).map(({ body }) => JSON.parse(body).data.number);
    expect(numbers.toSorted()).toEqual([0, 1, 2, 3]);
    expect(new Set(idsOf(received(endpoint))).size).toBe(4);
  });

  test('what failed, by 20 who ask at a time while it is being told: each once', async () => {
    const endpoint = await made(['cost.changed']);
    const since = new Date(Date.now() - 60_000).toISOString();
    // At once, so that nobody is at them before.
    const client = await worker.database.connect();
    await client.query('begin');
    await client.query("select emit_event('cost.changed', null, '{}', now()) from generate_series(1, 30)");
    await client.query("update event_deliveries set status = 'dead' where endpoint_id = $1", [endpoint.id]);
    await client.query('commit');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(`${endpoint.api}/replay`, { since, only_failed: true })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(answers.reduce((sum, { json }) => sum + json.replayed, 0)).toBe(30);
    await worker.scheduled();
    const rows = await told(worker, endpoint);
    expect(rows.filter(({ status }) => status === 'delivered')).toHaveLength(30);
    expect(new Set(idsOf(received(endpoint))).size).toBe(30);
    expect(received(endpoint)).toHaveLength(30);
  });
});

test('an endpoint that is deleted while it is being told gets nothing more', async () => {
  const endpoint = await made(['price.changed']);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  receiver.setAnswer(() => ({ delayUntil: released }));
  await happen(worker, 'price.changed');
  const { json } = await ask(`${endpoint.api}/test`, {});
  await eventually('both are being told', () => received(endpoint).length === 2);
  await happen(worker, 'price.changed');
  expect((await ask(endpoint.api, undefined, 'DELETE')).status).toBe(200);
  release();
  const rows = await tellAgain(worker, endpoint);
  expect(rows.map(({ status }) => status).toSorted()).toEqual(['canceled', 'delivered', 'delivered']);
  expect(rows.find(({ id }) => id === json.delivery_id)?.status).toBe('delivered');
  expect(received(endpoint)).toHaveLength(2);
});
