import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { newBuyer } from '../support/shop.ts';
import { startWorker, type TestRequest, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: string;
const adminSubject = randomUUID();

beforeAll(async () => {
  worker = await startWorker();
  admin = await worker.token('admin', adminSubject);
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

const newOperation = () => `operation_${randomUUID().slice(0, 8)}`;
const pathOf = (operation: string) => `/admin/credits/costs/${operation}`;
const ask = (path: string, request: TestRequest = {}) => worker.request(path, { token: admin, ...request });
const put = (operation: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  ask(pathOf(operation), { method: 'PUT', body, headers });
const remove = (operation: string, headers: Readonly<Record<string, string>> = {}) =>
  ask(pathOf(operation), { method: 'DELETE', headers });
const shownCosts = async () => (await worker.request('/credits/costs')).json.costs;
const historyOf = async (operation: string) =>
  (await ask(`/admin/pricing/history?item_type=operation&item_key=${operation}`)).json.history;

describe('a cost', () => {
  test('is made, changed and removed, shown to readers at once, and each change is in the history', async () => {
    const operation = newOperation();
    const made = await put(operation, { credits: 4, reason: 'launch' });
    expect([made.status, made.json.cost]).toEqual([
      201,
      { operation_type: operation, credits: 4, version: 1, updated_at: expect.stringMatching(/Z$/) },
    ]);
    expect((await shownCosts())[operation]).toBe(4);

    const changed = await put(operation, { credits: 6 }, { 'If-Match': made.headers.get('ETag') ?? '' });
    expect([changed.status, changed.json.cost.version, changed.headers.get('ETag')]).toEqual([200, 2, '"2"']);
    expect((await shownCosts())[operation]).toBe(6);
    const { json } = await ask('/admin/credits/costs');
    expect(json.costs).toContainEqual(changed.json.cost);

    const removed = await remove(operation, { 'If-Match': '"2"' });
    expect([removed.status, removed.json]).toEqual([200, { success: true, operation_type: operation }]);
    expect(await shownCosts()).not.toHaveProperty(operation);
    expect((await remove(operation)).json.code).toBe('operation_not_found');

    const entry = { item_type: 'operation', item_key: operation, changed_by: `admin:${adminSubject}` };
    expect(await historyOf(operation)).toEqual([
      expect.objectContaining({
        ...entry,
        field_changed: 'deleted',
        old_value: { operation_type: operation, credits: 6 },
        new_value: null,
      }),
      expect.objectContaining({
        ...entry,
        field_changed: 'credits',
        old_value: 4,
        new_value: 6,
        reason: null,
        request_id: changed.headers.get('X-Request-Id'),
      }),
      expect.objectContaining({
        ...entry,
        field_changed: 'created',
        new_value: { operation_type: operation, credits: 4 },
        reason: 'launch',
      }),
    ]);
  });

  test('changed by plain SQL is in the history under the name of its role', async () => {
    const operation = newOperation();
    await worker.database.query('insert into credit_costs (operation_type, credits) values ($1, 1)', [
      operation,
    ]);
    await worker.database.query('update credit_costs set credits = 2 where operation_type = $1', [operation]);
    await worker.database.query('delete from credit_costs where operation_type = $1', [operation]);
    const entries = await historyOf(operation);
    expect(entries.map((entry: Record<string, unknown>) => [entry.field_changed, entry.changed_by])).toEqual(
      ['deleted', 'credits', 'created'].map((field) => [field, expect.stringMatching(/^sql:/)]),
    );
  });

  test('that stays what it is makes no version and no history', async () => {
    const operation = newOperation();
    await put(operation, { credits: 4 });
    expect((await put(operation, { credits: 4 })).json.cost.version).toBe(1);
    expect(await historyOf(operation)).toHaveLength(1);
  });

  test('is not changed by a dry run, which tells the difference', async () => {
    const operation = newOperation();
    const dry = await ask(`${pathOf(operation)}?dry_run=1`, { method: 'PUT', body: { credits: 4 } });
    expect([dry.status, dry.json]).toEqual([
      200,
      {
        success: true,
        cost: null,
        dry_run: true,
        changes: [{ field: 'credits', old_value: null, new_value: 4 }],
      },
    ]);
    await put(operation, { credits: 4 });
    const gone = await ask(`${pathOf(operation)}?dry_run=1`, { method: 'DELETE' });
    expect(gone.json.changes).toEqual([{ field: 'credits', old_value: 4, new_value: null }]);
    expect((await shownCosts())[operation]).toBe(4);
    expect(await historyOf(operation)).toHaveLength(1);
  });

  const race = (operation: string, headers: Readonly<Record<string, string>> = {}) =>
    Promise.all(Array.from({ length: 20 }, (_, index) => put(operation, { credits: 100 + index }, headers)));

  test('is changed by one of 20 admins at once who saw the same version; the others get 412', async () => {
    const operation = newOperation();
    await put(operation, { credits: 4 });
    const answers = await race(operation, { 'If-Match': '"1"' });
    const outcomes = answers.map(({ status, json }) => `${status} ${json.code ?? ''}`);
    expect(outcomes.toSorted()).toEqual([
      '200 ',
      ...Array.from({ length: 19 }, () => '412 version_conflict'),
    ]);
    expect(await historyOf(operation)).toHaveLength(2);
  });

  test('is made once by 20 at once, and each change that succeeded is a version of its own', async () => {
    const operation = newOperation();
    const answers = await race(operation);
    const done = answers.filter(({ status }) => status < 300);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => ![200, 201, 412].includes(status))).toEqual([]);
    expect(done.map(({ json }) => json.cost.version).toSorted((one, other) => one - other)).toEqual(
      done.map((_, index) => index + 1),
    );
    expect(await historyOf(operation)).toHaveLength(done.length);
  });
});

describe('a changed cost', () => {
  test('that was removed and made again has a version that it never had', async () => {
    const operation = newOperation();
    await put(operation, { credits: 4 });
    await remove(operation);
    const again = await put(operation, { credits: 9 });
    expect([again.status, again.json.cost.version]).toEqual([201, 3]);
    expect((await put(operation, { credits: 5 }, { 'If-Match': '"1"' })).status).toBe(412);
    expect((await put(newOperation(), { credits: 5 }, { 'If-Match': '"1"' })).status).toBe(412);
  });

  test('is done once, and known to be done, when its answer was lost', async () => {
    const operation = newOperation();
    await put(operation, { credits: 4 });
    const headers = { 'If-Match': '"1"', 'Idempotency-Key': randomUUID() };
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('update "credit_costs"')) ? 'lose-answer' : 'none',
    );
    const lost = await put(operation, { credits: 6 }, headers);
    worker.gateway.setFault(undefined);
    expect(lost.status).toBe(503);
    const again = await put(operation, { credits: 6 }, headers);
    expect([again.status, again.json.cost.credits, again.json.cost.version]).toEqual([200, 6, 2]);
    expect((await shownCosts())[operation]).toBe(6);
    expect(await historyOf(operation)).toHaveLength(2);
  });

  test('is what every spend takes that begins after it, and no spend takes anything between', async () => {
    const operation = newOperation();
    await put(operation, { credits: 5 });
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 10_000);
    const spend = async () => {
      const { json } = await worker.request('/credits/spend', {
        token: buyer.token,
        body: { operation_type: operation },
      });
      return json.transaction.amount;
    };
    const during = [];
    for (let round = 0; round < 3; round += 1) during.push(...Array.from({ length: 10 }, spend));
    const change = put(operation, { credits: 8 });
    during.push(...Array.from({ length: 10 }, spend));
    await change;
    expect(await Promise.all(Array.from({ length: 5 }, spend))).toEqual([-8, -8, -8, -8, -8]);
    for (const amount of await Promise.all(during)) expect([-5, -8]).toContain(amount);
  });

  test.each([
    ['/credits', { credits: -1 }],
    ['/credits', { credits: 1.5 }],
    ['/credits', { credits: 1_000_000_001 }],
    ['/credits', { credits: '5' }],
    ['/credits', {}],
    ['/reason', { credits: 1, reason: 'x'.repeat(501) }],
    ['/version', { credits: 1, version: 2 }],
  ])('is refused at %s: %j', async (pointer, body) => {
    const { status, json } = await put(newOperation(), body);
    expect([status, json.errors[0].pointer]).toEqual([422, pointer]);
  });

  test.each(['Blog', 'a-b', '%00', 'x'.repeat(64)])('is refused of an operation named %s', async (name) => {
    expect((await put(name, { credits: 1 })).status).toBe(404);
  });
});
