import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorker, type TestWorker } from '../support/worker.ts';
import { newAdmin, newPackage, type Admin } from './support.ts';

let worker: TestWorker;
let admin: Admin;
let key: string;

beforeAll(async () => {
  worker = await startWorker();
  admin = await newAdmin(worker);
  key = await newPackage(admin);
});
afterAll(() => worker.stop());

const terms = '"price":100,"currency":"GBP","credits":10';

describe('a body that is wrong gets 422 and a pointer, and makes nothing', () => {
  test.each([
    ['/price', '{"price":"100"}'],
    ['/price', '{"price":1.5}'],
    ['/price', '{"price":-1}'],
    ['/price', '{"price":1e400}'],
    ['/price', '{"price":9007199254740993}'],
    ['/price', '{"price":100000000}'],
    ['/price', '{"price":null}'],
    ['/price', '{"price":[100]}'],
    ['/credits', '{"credits":1000000000001}'],
    ['/credits', '{"credits":true}'],
    ['/currency', '{"currency":"gbp"}'],
    ['/currency', '{"currency":"POUNDS"}'],
    ['/name', '{"name":""}'],
    ['/name', '{"name":"  "}'],
    ['/name', '{"name":"a\\u0000b"}'],
    ['/name', '{"name":"a\\ud800b"}'],
    ['/name', JSON.stringify({ name: 'x'.repeat(201) })],
    ['/description', '{"description":{}}'],
    ['/badge', '{"badge":"\\u0000"}'],
    ['/sort_order', '{"sort_order":2147483648}'],
    ['/is_active', '{"is_active":"yes"}'],
    ['/reason', '{"price":1,"reason":"\\udfff"}'],
    ['/features', '{"features":[]}'],
    ['/unknown', '{"price":1,"unknown":2}'],
    ['/__proto__', '{"price":1,"__proto__":{"is_active":false}}'],
    ['/package_key', '{"price":1,"package_key":"other"}'],
    ['', '{}'],
    ['', '{"reason":"only"}'],
    ['', '[]'],
    ['', 'null'],
    ['', '"text"'],
  ])('PATCH %s %s', async (pointer, body) => {
    const answer = await admin.patch(`/packages/${key}`, body);
    expect(answer.status, answer.text).toBe(422);
    expect(answer.json.code).toBe('invalid_body');
    expect(answer.json.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test.each([
    ['/interval', '{"interval":"year"}'],
    ['/plan_key', '{"plan_key":"other"}'],
    ['/rollover_cap', '{"rollover_cap":-1}'],
    ['/rollover_cap', '{"rollover_cap":1e300}'],
    ['/trial_credits', '{"trial_credits":-1}'],
    ['/trial_credits', '{"trial_credits":null}'],
    ['/features/1', '{"features":["a","\\u0000"]}'],
    ['/features', '{"features":"a"}'],
    ['/badge', '{"badge":"x"}'],
  ])('PATCH of a plan %s %s', async (pointer, body) => {
    const answer = await admin.patch('/plans/starter_annual', body);
    expect(answer.status, answer.text).toBe(422);
    expect(answer.json.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test.each([
    ['/package_key', `{"name":"x",${terms}}`],
    ['/package_key', `{"package_key":"Has Spaces","name":"x",${terms}}`],
    ['/package_key', `{"package_key":"a\\u0000","name":"x",${terms}}`],
    ['/price', '{"package_key":"x1","name":"x","currency":"GBP","credits":1}'],
    ['/interval', `{"package_key":"x1","name":"x","interval":"month",${terms}}`],
    ['/valid_from', `{"package_key":"x1","name":"x","valid_from":"2020-01-01T00:00:00Z",${terms}}`],
    ['/valid_from', `{"package_key":"x1","name":"x","valid_from":1,${terms}}`],
  ])('POST %s %s', async (pointer, body) => {
    const answer = await admin.ask('/packages', { method: 'POST', body });
    expect(answer.status, answer.text).toBe(422);
    expect(answer.json.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });
});

describe('what cannot be read gets 400, what does not exist 404', () => {
  test.each([
    ['/plans?limit=0', 400],
    ['/plans?limit=-1', 400],
    ['/plans?limit=101', 400],
    ['/plans?limit=NaN', 400],
    ['/plans?limit=1e1', 400],
    ['/plans?limit=', 400],
    ['/plans?limit=1&limit=2', 400],
    ['/plans?unknown=1', 400],
    ['/plans?is_active=perhaps', 400],
    ['/plans?cursor=', 400],
    ['/plans?cursor=abc', 400],
    ['/plans?cursor=%00', 400],
    ['/plans?cursor=NDM', 400],
    [`/plans?cursor=${btoa('[99999999999,"a"]').replaceAll('=', '')}`, 400],
    [`/plans?cursor=${btoa('[1,"\\u0000"]').replaceAll('=', '')}`, 400],
    [`/plans?cursor=${btoa('[1,"\\ud83d"]').replaceAll('=', '')}`, 400],
    ['/history?cursor=WzEsImEiXQ', 400],
    ['/history?cursor=LTE', 400],
    [`/history?cursor=${btoa('1e400').replaceAll('=', '')}`, 400],
    ['/history?item_type=user', 400],
    ['/history?item_key=%00', 400],
    ["/history?field=';drop", 400],
    ['/history?from=yesterday', 400],
    ['/history?from=0000-01-01T00:00:00Z', 400],
    ['/history?to=2026-13-01T00:00:00Z', 400],
    ['/plans/no_such_plan', 404],
    ['/plans/%00', 404],
    ['/plans/NOT-A-KEY', 404],
    ['/packages/starter_monthly', 404],
    ['/nothing', 404],
  ])('GET %s: %i', async (path, status) => {
    const answer = await admin.ask(path);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  });

  test('a body that is no JSON, and one of another type', async () => {
    expect((await admin.patch(`/packages/${key}`, '{"price":NaN}')).status).toBe(400);
    expect((await admin.patch(`/packages/${key}`, '')).status).toBe(400);
    const form = await admin.patch(`/packages/${key}`, 'price=1', {
      'Content-Type': 'application/x-www-form-urlencoded',
    });
    expect(form.status).toBe(415);
    expect((await admin.patch('/packages/no_such', { price: 1 })).json.code).toBe('package_not_found');
    expect((await admin.ask('/plans?dry_run=1', { method: 'POST', body: {} })).status).toBe(400);
  });
});

test('none of this has changed anything', async () => {
  expect((await admin.ask(`/packages/${key}`)).json.package).toMatchObject({ version: 1, price: 100 });
  expect((await admin.ask('/plans/starter_annual')).json.plan.version).toBe(1);
  expect((await admin.ask('/packages')).json.packages).toHaveLength(5);
});
