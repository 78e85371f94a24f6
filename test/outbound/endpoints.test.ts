import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: string;
const adminSubject = randomUUID();
const url = 'https://hooks.shop.test/ratecard';

beforeAll(async () => {
  worker = await startWorker();
  // What waits for an endpoint stays so: nobody is rung for.
  await worker.restart('dropped');
  admin = await worker.token('admin', adminSubject);
});
afterAll(async () => {
  await worker.stop();
});

interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly key?: string | undefined;
  readonly ifMatch?: string;
}

const ask = (path: string, { method, body, key, ifMatch }: Asking = {}): Promise<TestAnswer> =>
  worker.request(path, {
    token: admin,
    ...(method === undefined ? {} : { method }),
    ...(body === undefined ? {} : { body }),
    headers: {
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
    },
  });

const create = (body: object, key?: string) => ask('/admin/endpoints', { body, key });
const pathOf = (id: string) => `/admin/endpoints/${id}`;
const rotate = (id: string, body: object = {}, key?: string) =>
  ask(`${pathOf(id)}/rotate-secret`, { body, key });

async function created(members: object = {}): Promise<string> {
  const { status, json, text } = await create({ url, event_types: ['credits.*'], ...members });
  expect(status, text).toBe(201);
  return json.endpoint.id;
}

/** The present and the previous secret, as what signs deliveries finds them. */
async function secretsOf(id: string): Promise<readonly (string | null)[]> {
  const [row] = await worker.database.query<Record<string, string | null>>(
    'select sealed_secret, previous_sealed_secret from event_endpoints where id = $1',
    [id],
  );
  const open = (sealed: string | null | undefined) =>
    typeof sealed === 'string' ? worker.sealing.open(sealed, `endpoint:${id}`) : null;
  return Promise.all([open(row?.sealed_secret), open(row?.previous_sealed_secret)]);
}

/** Happens, for whoever wants to be told. */
async function emit(type: string): Promise<void> {
  await worker.database.query("select emit_event($1, null, '{}', now())", [type]);
}

async function statusesOf(id: string): Promise<readonly string[]> {
  const rows = await worker.database.query<{ status: string }>(
    'select status from event_deliveries where endpoint_id = $1 order by created_at, id',
    [id],
  );
  return rows.map(({ status }) => status);
}

describe('an endpoint', () => {
  test('is made with a secret of 32 bytes that is shown once', async () => {
    const { status, json, headers, databaseCalls } = await create({
      url,
      event_types: ['credits.granted', 'alert.*', 'credits.granted'],
      description: 'The product',
    });
    expect([status, databaseCalls]).toEqual([201, 1]);
    expect(json).toEqual({
      success: true,
      endpoint: {
        id: expect.any(String),
        url,
        description: 'The product',
        event_types: ['credits.granted', 'alert.*'],
        format: 'standard',
        enabled: true,
        disabled_reason: null,
        disabled_at: null,
        previous_secret_until: null,
        version: 1,
        created_by: `admin:${adminSubject}`,
        created_at: expect.any(String),
        updated_at: expect.any(String),
        health: { failing_since: null, pending: 0, dead: 0, last_delivery: null },
      },
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    expect(headers.get('Location')).toBe(pathOf(json.endpoint.id));
    expect([headers.get('ETag'), headers.get('Cache-Control')]).toEqual(['"1"', 'no-store']);
    expect(await secretsOf(json.endpoint.id)).toEqual([json.secret, null]);
    const { secret: _secret, ...shown } = json;
    const single = await ask(pathOf(json.endpoint.id));
    expect(single.json.endpoint).toMatchObject(shown.endpoint);
    expect(single.text).not.toContain('whsec_');
    const listed = (await ask('/admin/endpoints')).json.endpoints;
    expect(listed.find((each: { id: string }) => each.id === json.endpoint.id)).toEqual(shown.endpoint);
  });

  test('of mail has no secret, and none to rotate', async () => {
    const { status, json } = await create({ url: 'mailto:ops@shop.test', event_types: ['alert.*'] });
    expect([status, json.endpoint.format, json.secret]).toEqual([201, 'mail', undefined]);
    const rotated = await rotate(json.endpoint.id);
    expect([rotated.status, rotated.json.code]).toEqual([409, 'endpoint_unsigned']);
  });

  test.each([
    ['/event_types', { url }],
    ['/event_types', { url, event_types: [] }],
    ['/event_types', { url, event_types: 'credits.*' }],
    ['/event_types/1', { url, event_types: ['credits.granted', 'credits.stolen'] }],
    ['/event_types/0', { url, event_types: ['cred*'] }],
    ['/event_types/0', { url, event_types: ['.*'] }],
    ['/event_types/0', { url, event_types: ['endpoint.test'] }],
    ['/url', { event_types: ['*'] }],
    ['/url', { url: '', event_types: ['*'] }],
    ['/url', { url: 'hooks.shop.test', event_types: ['*'] }],
    ['/url', { url: 'http://hooks.shop.test', event_types: ['*'] }],
    ['/url', { url: 'https://10.0.0.7/x', event_types: ['*'] }],
    ['/url', { url: 'https://user:pass@hooks.shop.test/', event_types: ['*'] }],
    ['/url', { url: 'https://hooks.shop.test/\u0000', event_types: ['*'] }],
    ['/url', { url: `https://hooks.shop.test/${'x'.repeat(2048)}`, event_types: ['*'] }],
    ['/url', { url, event_types: ['*'], format: 'mail' }],
    ['/url', { url: 'mailto:ops@shop.test', event_types: ['*'], format: 'slack' }],
    ['/url', { url: 'mailto:ops@shop.test,all@shop.test', event_types: ['*'] }],
    ['/url', { url: 'mailto:ops@shop.test?bcc=x@shop.test', event_types: ['*'] }],
    ['/format', { url, event_types: ['*'], format: 'xml' }],
    ['/description', { url, event_types: ['*'], description: ' ' }],
    ['/secret', { url, event_types: ['*'], secret: 'mine' }],
  ])('is refused at %s: %j', async (pointer, body) => {
    const { status, json, text } = await create(body);
    expect([status, json.errors[0]?.pointer], text).toEqual([422, pointer]);
  });

  test('changes what is named, with who and when', async () => {
    const id = await created({ description: 'old' });
    const first = await ask(pathOf(id), { method: 'PATCH', body: { event_types: ['*'], description: null } });
    expect(first.json.endpoint).toMatchObject({ version: 2, event_types: ['*'], description: null, url });
    expect([first.databaseCalls, first.headers.get('ETag')]).toEqual([1, '"2"']);
    const same = await ask(pathOf(id), { method: 'PATCH', body: { event_types: ['*'] } });
    expect(same.json.endpoint.version).toBe(2);
    await ask(pathOf(id), { method: 'PATCH', body: { url: `${url}/T0/B0/private` } });
    const { endpoint } = (await ask(pathOf(id))).json;
    const actor = `admin:${adminSubject}`;
    expect(endpoint.changes).toMatchObject([
      { action: 'changed', actor, details: { url_host: { from: 'hooks.shop.test', to: 'hooks.shop.test' } } },
      {
        action: 'changed',
        actor,
        request_id: expect.stringMatching(/^req_/),
        details: {
          description: { from: 'old', to: null },
          event_types: { from: ['credits.*'], to: ['*'] },
        },
      },
      { action: 'created', actor, details: { event_types: ['credits.*'], format: 'standard' } },
    ]);
    expect(JSON.stringify(endpoint.changes)).not.toContain('private');
  });

  test.each([
    ['/url', { url: 'http://hooks.shop.test' }],
    ['/url', { url: 'mailto:ops@shop.test' }],
    ['/event_types/0', { event_types: ['nothing'] }],
    ['/enabled', { enabled: 'no' }],
    ['/format', { format: 'slack' }],
    ['', {}],
  ])('is not changed, for %s: %j', async (pointer, body) => {
    const id = await created();
    const { status, json } = await ask(pathOf(id), { method: 'PATCH', body });
    expect([status, json.errors[0].pointer]).toEqual([422, pointer]);
    expect((await ask(pathOf(id))).json.endpoint.version).toBe(1);
  });

  test('is changed once by 20 admins who saw the same version: the others are told so', async () => {
    const id = await created();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask(pathOf(id), { method: 'PATCH', body: { description: `mine ${index}` }, ifMatch: '"1"' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, json } of answers.filter((each) => each.status !== 200)) {
      expect([status, json.code, json.version]).toEqual([412, 'version_conflict', 2]);
    }
    expect((await ask(pathOf(id))).json.endpoint).toMatchObject({ version: 2 });
  });

  test('that is disabled is told nothing more, and what waits is canceled; enabled, it is told again', async () => {
    const id = await created();
    await emit('credits.granted');
    await worker.database.query('update event_endpoints set failing_since = now() where id = $1', [id]);
    const off = await ask(pathOf(id), { method: 'PATCH', body: { enabled: false } });
    expect(off.json.endpoint).toMatchObject({
      enabled: false,
      disabled_reason: 'admin',
      disabled_at: expect.any(String),
      health: { pending: 0 },
    });
    await emit('credits.granted');
    expect(await statusesOf(id)).toEqual(['canceled']);
    const tested = await ask(`${pathOf(id)}/test`, { body: {} });
    expect([tested.status, tested.json.code]).toEqual([409, 'endpoint_disabled']);
    const on = await ask(pathOf(id), { method: 'PATCH', body: { enabled: true } });
    expect(on.json.endpoint).toMatchObject({
      enabled: true,
      disabled_reason: null,
      disabled_at: null,
      health: { failing_since: null },
    });
    await emit('credits.granted');
    expect(await statusesOf(id)).toEqual(['canceled', 'pending']);
  });

  test('that is deleted is gone for everybody, and told nothing more', async () => {
    const id = await created();
    await emit('credits.granted');
    const refused = await ask(pathOf(id), { method: 'DELETE', ifMatch: '"7"' });
    expect([refused.status, refused.json.version]).toEqual([412, 1]);
    const { status, json, databaseCalls } = await ask(pathOf(id), { method: 'DELETE', ifMatch: '"1"' });
    expect([status, json, databaseCalls]).toEqual([200, { success: true, endpoint_id: id }, 1]);
    await emit('credits.granted');
    expect(await statusesOf(id)).toEqual(['canceled']);
    const requests: readonly [string, Asking][] = [
      [pathOf(id), {}],
      [pathOf(id), { method: 'DELETE' }],
      [pathOf(id), { method: 'PATCH', body: { enabled: true } }],
      [`${pathOf(id)}/rotate-secret`, { body: {} }],
      [`${pathOf(id)}/test`, { body: {} }],
      [`${pathOf(id)}/deliveries`, {}],
      [`${pathOf(id)}/replay`, { body: { since: '2026-01-01T00:00:00Z' } }],
    ];
    for (const [path, request] of requests) {
      const answer = await ask(path, request);
      expect([path, answer.status, answer.json.code]).toEqual([path, 404, 'endpoint_not_found']);
    }
    const listed = (await ask('/admin/endpoints')).json.endpoints;
    expect(listed.map((each: { id: string }) => each.id)).not.toContain(id);
  });

  test('tells how it fares', async () => {
    const id = await created();
    for (const _ of Array.from({ length: 4 })) await emit('credits.granted');
    await worker.database.query(
      `with numbered as (
         select id, row_number() over (order by created_at, id) as number from event_deliveries where endpoint_id = $1)
       update event_deliveries as delivery
       set attempts = 1, last_status_code = 500, last_error = 'status 500',
         status = (array['delivered', 'dead', 'delivering'])[number]
       from numbered where numbered.id = delivery.id and number < 4`,
      [id],
    );
    const { health } = (await ask(pathOf(id))).json.endpoint;
    expect(health).toMatchObject({
      pending: 2,
      dead: 1,
      last_delivery: {
        event_type: 'credits.granted',
        status: 'delivering',
        status_code: 500,
        error: 'status 500',
      },
    });
  });
});

describe('a secret', () => {
  test('that is rotated signs beside the new one, for as long as was said', async () => {
    const first = (await create({ url, event_types: ['*'] })).json;
    const { id } = first.endpoint;
    const { status, json, databaseCalls } = await rotate(id, { overlap_hours: 2 });
    expect([status, databaseCalls]).toEqual([200, 1]);
    expect(json.secret).toMatch(/^whsec_/);
    expect(await secretsOf(id)).toEqual([json.secret, first.secret]);
    const inTwoHours = Date.now() + 2 * 3_600_000;
    expect(Math.abs(Date.parse(json.endpoint.previous_secret_until) - inTwoHours)).toBeLessThan(60_000);
    const again = await rotate(id);
    expect([again.status, again.json.code]).toEqual([409, 'rotation_under_way']);
    expect(again.json.previous_secret_until).toBe(json.endpoint.previous_secret_until);
    const atOnce = await rotate(id, { overlap_hours: 0 });
    expect(atOnce.json.endpoint.previous_secret_until).toBeNull();
    expect(await secretsOf(id)).toEqual([atOnce.json.secret, null]);
  });

  test('is rotated again once the overlap is over', async () => {
    const first = (await create({ url, event_types: ['*'] })).json;
    const { id } = first.endpoint;
    const second = (await rotate(id)).json;
    await worker.database.query(
      "update event_endpoints set previous_secret_until = now() - interval '1 second' where id = $1",
      [id],
    );
    expect((await ask(pathOf(id))).json.endpoint.previous_secret_until).toBeNull();
    const third = (await rotate(id)).json;
    expect(await secretsOf(id)).toEqual([third.secret, second.secret]);
  });

  test('is rotated by one of 20 at a time, and the receiver’s own goes on signing', async () => {
    const first = (await create({ url, event_types: ['*'] })).json;
    const { id } = first.endpoint;
    const answers = await Promise.all(Array.from({ length: 20 }, () => rotate(id)));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ json }) => json.code === 'rotation_under_way')).toHaveLength(19);
    expect(await secretsOf(id)).toEqual([winners[0]?.json.secret, first.secret]);
  });

  test.each([-1, 169, 1.5, '24', null])('is not rotated with an overlap of %j', async (hours) => {
    const { status, json } = await rotate(await created(), { overlap_hours: hours });
    expect([status, json.errors[0].pointer]).toEqual([422, '/overlap_hours']);
  });
});

describe('under an Idempotency-Key', () => {
  test('an endpoint is made once, and the same request gets the same secret', async () => {
    const key = randomUUID();
    const body = { url, event_types: ['*'] };
    const first = await create(body, key);
    const again = await create(body, key);
    expect([first.status, first.databaseCalls]).toEqual([201, 2]);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect([again.headers.get('Idempotent-Replayed'), again.headers.get('Cache-Control')]).toEqual([
      'true',
      'no-store',
    ]);
    const other = await create({ ...body, url: `${url}/2` }, key);
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('what was done before an answer was lost is not done again, and answered', async () => {
    const key = { create: randomUUID(), rotate: randomUUID(), change: randomUUID(), remove: randomUUID() };
    // The answer was never stored, and the claim is over: as after a crash between the two.
    const lose = (each: string) =>
      worker.database.query(
        "update idempotency_keys set response_status = null, response_body = null, lease_until = '-infinity' where key = $1",
        [each],
      );
    const body = { url, event_types: ['*'] };
    const first = (await create(body, key.create)).json;
    await lose(key.create);
    const second = await create(body, key.create);
    expect([second.status, second.json.secret]).toEqual([201, first.secret]);
    expect(second.json.endpoint.id).toBe(first.endpoint.id);

    const { id } = first.endpoint;
    const rotated = (await rotate(id, {}, key.rotate)).json;
    await lose(key.rotate);
    const rotatedAgain = await rotate(id, {}, key.rotate);
    expect([rotatedAgain.status, rotatedAgain.json.secret]).toEqual([200, rotated.secret]);
    expect(await secretsOf(id)).toEqual([rotated.secret, first.secret]);

    const change = { method: 'PATCH', body: { description: 'x' }, ifMatch: '"2"', key: key.change };
    expect((await ask(pathOf(id), change)).json.endpoint.version).toBe(3);
    await lose(key.change);
    expect((await ask(pathOf(id), change)).json.endpoint.version).toBe(3);

    const remove = { method: 'DELETE', ifMatch: '"3"', key: key.remove };
    expect((await ask(pathOf(id), remove)).status).toBe(200);
    await lose(key.remove);
    expect((await ask(pathOf(id), remove)).status).toBe(200);
    const actions = await worker.database.query<{ action: string }>(
      'select action from endpoint_changes where endpoint_id = $1 order by id',
      [id],
    );
    expect(actions.map(({ action }) => action)).toEqual(['created', 'secret_rotated', 'changed', 'deleted']);
  });

  test('an answer whose seal is broken is not shown, and nothing is done again', async () => {
    const key = randomUUID();
    const body = { url, event_types: ['*'], description: key };
    await create(body, key);
    await worker.database.query(
      "update idempotency_keys set response_body = replace(response_body, 'sealed:v1', 'sealed:v9') where key = $1",
      [key],
    );
    const { status, json } = await create(body, key);
    expect([status, json.code]).toEqual([409, 'idempotency_answer_lost']);
    const made = (await ask('/admin/endpoints')).json.endpoints;
    expect(made.filter((each: { description: string }) => each.description === key)).toHaveLength(1);
  });
});

test('no table holds a secret in clear, and no log line shows one', async () => {
  const made = (await create({ url, event_types: ['*'] }, randomUUID())).json;
  const rotated = (await rotate(made.endpoint.id, {}, randomUUID())).json;
  const tables = await worker.database.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  );
  expect(tables.length).toBeGreaterThan(30);
  for (const { name } of tables) {
    const rows = await worker.database.query<{ row: string }>(`select t::text as row from "${name}" as t`);
    for (const secret of [made.secret, rotated.secret]) {
      expect(
        rows.some(({ row }) => row.includes(secret.slice('whsec_'.length))),
        name,
      ).toBe(false);
    }
    expect(
      rows.some(({ row }) => row.includes('whsec_')),
      name,
    ).toBe(false);
  }
  expect(worker.logs().join('\n')).not.toContain('whsec_');
});
