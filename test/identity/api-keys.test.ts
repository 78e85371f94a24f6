import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { User } from '../../src/core/actor.ts';
import { scopes } from '../../src/core/scopes.ts';
import { keyIdOf, keysIn, newKey, readKey } from '../../src/identity/api-key.ts';
import { createKeyMemory } from '../../src/identity/key-memory.ts';
import { eventually } from '../support/eventually.ts';
import { plantKey } from '../support/keys.ts';
import { newSession, type SignedIn } from '../support/people.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: SignedIn;

beforeAll(async () => {
  worker = await startWorker();
  admin = await newSession(worker, 'admin');
});
afterAll(() => worker.stop());

/** A path that nothing is under: whoever gets in is told so, without a call. */
const nowhere = '/nothing/is/here';
const statusOf = async (key: string, path = '/credits/balance') =>
  (await worker.request(path, { token: key })).status;

const own = (session: SignedIn, body: object = {}, headers = {}) =>
  worker.request('/auth/api-keys', {
    token: session.accessToken,
    body: { name: 'Back end', scopes: ['credits:read'], ...body },
    headers,
  });
const byAdmin = (body: object) =>
  worker.request('/admin/api-keys', { token: admin.accessToken, body: { name: 'Shop', ...body } });
const service = (...granted: readonly string[]) => byAdmin({ kind: 'service', scopes: granted });
const rotate = (id: string, body: object = {}, path = '/admin/api-keys', token = admin.accessToken) =>
  worker.request(`${path}/${id}/rotate`, { token, body });
const revoke = (id: string, path = '/admin/api-keys', token = admin.accessToken) =>
  worker.request(`${path}/${id}`, { method: 'DELETE', token });

async function eventsOf(keyId: string) {
  return worker.database.query<{ event_type: string; actor: string; user_id: string; text: string }>(
    `select event_type, actor, user_id, auth_events::text as text from auth_events
     where details ->> 'key_id' = $1 order by created_at`,
    [keyId],
  );
}

describe('the form of a key', () => {
  test('tells its mode and id, and a scanner whether it is one, without asking anybody', async () => {
    for (let each = 0; each < 200; each += 1) {
      const id = await keyIdOf(randomUUID());
      const key = newKey('live', id);
      expect(key).toMatch(/^rc_live_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}$/);
      expect(readKey(key)).toEqual({ id, mode: 'live' });
      const at = 8 + ((each * 7) % 56);
      const other = key[at] === 'x' ? 'y' : 'x';
      if (key[at] !== '_') expect(readKey(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
      expect(readKey(key.replace('live', 'test'))).toBeUndefined();
      expect(keysIn(`TOKEN="${key}";x`)).toEqual([{ id, mode: 'live' }]);
    }
  });

  test('has a checksum that others can make: CRC-32 of all before it, in six digits of base 62', () => {
    const key = `rc_test_${'A'.repeat(12)}_${'z'.repeat(37)}`;
    // Made by Python's zlib.crc32.
    expect(readKey(`${key}2StD80`)).toEqual({ id: 'A'.repeat(12), mode: 'test' });
  });

  test('gives the same id to the same operation, and to no other', async () => {
    const ids = await Promise.all([keyIdOf('a'), keyIdOf('a'), keyIdOf('b')]);
    expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([true, false]);
  });
});

describe('the memory of an isolate', () => {
  const user = (keyId: string): User => ({
    kind: 'user',
    role: 'service',
    issuer: 'x',
    subject: `key_${keyId}`,
    email: undefined,
    keyId,
  });
  let now = new Date('2026-01-01T00:00:00Z');
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

  test('takes a key for good for 20 seconds from when it was asked about, and never beyond its end', () => {
    const memory = createKeyMemory({ now: () => now });
    memory.keep('long', user('a'), later(-5), 1000);
    memory.keep('short', user('b'), later(0), 3);
    expect([memory.recall('long')?.keyId, memory.recall('short')?.keyId]).toEqual(['a', 'b']);
    now = later(3);
    expect([memory.recall('long')?.keyId, memory.recall('short')?.keyId]).toEqual(['a', undefined]);
    now = later(12);
    expect(memory.recall('long')).toBeUndefined();
  });

  test('holds so many and no more, and forgets what is revoked', () => {
    const memory = createKeyMemory({ now: () => now }, 2);
    for (const id of ['a', 'b']) memory.keep(id, user(id), now, 1000);
    memory.recall('a');
    memory.keep('c', user('c'), now, 1000);
    expect(['a', 'b', 'c'].map((hash) => memory.recall(hash)?.keyId)).toEqual(['a', undefined, 'c']);
    memory.forget('c');
    expect(memory.recall('c')).toBeUndefined();
  });
});

describe('a customer’s key', () => {
  test('is shown once, acts for its customer, and does what its scopes say', async () => {
    const person = await newSession(worker);
    const { status, json, text, headers, databaseCalls } = await own(person);
    expect([status, databaseCalls], text).toEqual([201, 2]);
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(json.key).toMatch(new RegExp(`^rc_test_${json.api_key.id}_[0-9A-Za-z]{43}$`));
    expect(json.api_key).toMatchObject({ state: 'active', scopes: ['credits:read'], last_used_at: null });
    const days = (Date.parse(json.api_key.expires_at) - Date.parse(json.api_key.created_at)) / 86_400_000;
    expect(Math.round(days)).toBe(90);

    const balance = await worker.request('/credits/balance', { token: json.key });
    expect([balance.status, balance.json.credits.balance]).toEqual([200, 0]);
    const spent = await worker.request('/credits/spend', { token: json.key, body: { amount: 1 } });
    expect([spent.status, spent.json.code, spent.json.needed_scope]).toEqual([
      403,
      'insufficient_scope',
      'credits:spend',
    ]);
    const listed = await worker.request('/auth/api-keys', { token: person.accessToken });
    expect(listed.json.api_keys.map(({ id }: { id: string }) => id)).toEqual([json.api_key.id]);
    expect(listed.text).not.toContain(json.key.slice(-43));
    const [row] = await worker.database.query<{ secret_hash: string; text: string }>(
      'select secret_hash, api_keys::text as text from api_keys where id = $1',
      [json.api_key.id],
    );
    expect(row?.secret_hash).toBe(createHash('sha256').update(json.key).digest('hex'));
    expect(row?.text).not.toContain(json.key.slice(-43));
  });

  test('is answered again under its Idempotency-Key, and kept sealed for that', async () => {
    const person = await newSession(worker);
    const headers = { 'Idempotency-Key': randomUUID() };
    const first = await own(person, {}, headers);
    const second = await own(person, {}, headers);
    expect([second.status, second.json.key]).toEqual([201, first.json.key]);
    const kept = await worker.database.query<{ text: string }>(
      'select idempotency_keys::text as text from idempotency_keys where key = $1',
      [headers['Idempotency-Key']],
    );
    expect(kept[0]?.text).toContain('sealed:');
    expect(kept[0]?.text).not.toContain(first.json.key);
  });

  test('whose answer was lost is made anew by the same request, and not twice', async () => {
    const person = await newSession(worker);
    const headers = { 'Idempotency-Key': randomUUID() };
    const lost = await own(person, {}, headers);
    await worker.database.query(
      "update idempotency_keys set response_status = null, response_body = null, lease_until = '-infinity' where key = $1",
      [headers['Idempotency-Key']],
    );
    const again = await own(person, {}, headers);
    expect([again.status, again.json.api_key.id], again.text).toEqual([201, lost.json.api_key.id]);
    expect([await statusOf(lost.json.key), await statusOf(again.json.key)]).toEqual([401, 200]);
    expect(await eventsOf(lost.json.api_key.id)).toHaveLength(1);
  });

  test('has no scope of staff, a name, a life of a year at most', async () => {
    const person = await newSession(worker);
    for (const body of [
      { scopes: ['pricing:write'] },
      { scopes: ['credits:manage'] },
      { scopes: [] },
      { scopes: ['*'] },
      { name: ' ' },
      { expires_in_days: 0 },
      { expires_in_days: 366 },
      { customer: 'somebody' },
    ]) {
      expect([body, (await own(person, body)).status]).toEqual([body, 422]);
    }
  });

  test('is made, rotated and revoked after a fresh proof only', async () => {
    const person = await newSession(worker);
    const { json } = await own(person);
    await worker.database.query(
      "update sessions set confirmed_at = now() - interval '6 minutes' where id = $1",
      [person.sessionId],
    );
    const tried = [
      await own(person),
      await rotate(json.api_key.id, {}, '/auth/api-keys', person.accessToken),
      await revoke(json.api_key.id, '/auth/api-keys', person.accessToken),
    ];
    expect(tried.map(({ json: { code } }) => code)).toEqual(tried.map(() => 'reauthentication_required'));
    expect(await statusOf(json.key)).toBe(200);
  });

  test('of somebody else is not there', async () => {
    const [person, other] = [await newSession(worker), await newSession(worker)];
    const { id } = (await own(person)).json.api_key;
    expect((await rotate(id, {}, '/auth/api-keys', other.accessToken)).json.code).toBe('key_not_found');
    expect((await revoke(id, '/auth/api-keys', other.accessToken)).json.code).toBe('key_not_found');
    // Not even for an admin, by the customers' way.
    expect((await revoke(id, '/auth/api-keys', admin.accessToken)).json.code).toBe('key_not_found');
    expect((await revoke(id, '/auth/api-keys', person.accessToken)).json.api_key.state).toBe('revoked');
  });

  test('that an admin made is its customer’s to see and to revoke, and says nothing of the admin', async () => {
    const person = await newSession(worker);
    await own(person);
    const made = await byAdmin({ kind: 'customer', scopes: ['credits:read'], customer: person.person.id });
    expect(made.json.api_key).toMatchObject({
      kind: 'customer',
      owner: { id: admin.person.id, email: admin.person.email },
      customer: { issuer: worker.tokens.issuer, subject: person.person.id },
    });
    const listed = await worker.request('/auth/api-keys', { token: person.accessToken });
    expect(listed.json.api_keys).toHaveLength(2);
    expect(listed.text).not.toContain(admin.person.id);
    expect((await revoke(made.json.api_key.id, '/auth/api-keys', person.accessToken)).status).toBe(200);
    const [event] = await eventsOf(made.json.api_key.id);
    expect(event).toMatchObject({ user_id: person.person.id, actor: `admin:${admin.person.id}` });
  });
});

describe('a service’s key', () => {
  test('names the customer with each request, and what it does names the key', async () => {
    const subject = randomUUID();
    await plantKey(worker, { scopes: ['credits:read'], customer: subject });
    await worker.request(`/admin/customers/${subject}/credits/grant`, {
      token: await worker.token('admin'),
      body: { credits: 10, reason: 'test' },
    });
    const { key, api_key: made } = (await service('credits:spend', 'credits:read')).json;
    expect((await worker.request('/credits/balance', { token: key })).json.code).toBe('customer_required');
    const spent = await worker.request('/credits/spend', {
      token: key,
      body: { amount: 1, customer: subject },
    });
    expect(spent.status, spent.text).toBe(200);
    const [row] = await worker.database.query<{ actor: string }>(
      'select actor from credit_transactions where id = $1',
      [spent.json.transaction_id ?? spent.json.transaction?.id],
    );
    expect(row?.actor).toBe(`service:key_${made.id}`);
  });

  test('opens what its scopes say of the staff’s routes, and nothing else', async () => {
    const { key } = (await service('pricing:read', 'webhooks:manage')).json;
    expect(await statusOf(key, '/admin/pricing/plans')).toBe(200);
    expect(await statusOf(key, '/admin/webhooks')).toBe(200);
    expect(await statusOf(key, '/admin/customers')).toBe(403);
    const patched = await worker.request('/admin/pricing/plans/enterprise', {
      method: 'PATCH',
      token: key,
      body: { name: 'x' },
    });
    expect([patched.status, patched.json.needed_scope]).toEqual([403, 'pricing:write']);
  });

  test('makes no keys, whatever its scopes', async () => {
    const { key } = await plantKey(worker, { scopes });
    for (const path of ['/auth/api-keys', '/admin/api-keys']) {
      const body = { kind: 'service', name: 'x', scopes: ['credits:read'] };
      const answers = [
        await worker.request(path, { token: key }),
        await worker.request(path, { token: key, body }),
        await rotate('A'.repeat(12), {}, path, key),
        await revoke('A'.repeat(12), path, key),
      ];
      expect(answers.map(({ json }) => json.code)).toEqual(answers.map(() => 'forbidden'));
    }
  });

  test('cannot be made for a customer that is not there, nor a customer’s with more than a customer’s scopes', async () => {
    const wish = { kind: 'customer', scopes: ['credits:read'] };
    expect((await byAdmin({ ...wish, customer: randomUUID() })).json.code).toBe('customer_not_found');
    expect((await byAdmin(wish)).status).toBe(422);
    expect((await byAdmin({ ...wish, scopes: ['pricing:read'], customer: 'x' })).status).toBe(422);
    expect((await byAdmin({ kind: 'service', scopes: ['credits:read'], customer: 'x' })).status).toBe(422);
    const closed = randomUUID();
    await worker.database.query('insert into customers (issuer, subject, closed_at) values ($1, $2, now())', [
      worker.tokens.issuer,
      closed,
    ]);
    const { status, json } = await byAdmin({ ...wish, customer: closed });
    expect([status, json.code]).toEqual([409, 'customer_closed']);
  });
});

describe('a key opens nothing', () => {
  test('of another mode, or with a wrong checksum, which takes no call; nor when it is forged', async () => {
    const { key, id } = await plantKey(worker, { scopes, customer: 'somebody' });
    const live = await plantKey(worker, { scopes, mode: 'live' });
    const forms = [
      live.key,
      `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`,
      `${key}x`,
      'rc_test_',
      key.slice(0, 40),
    ];
    for (const each of forms) {
      const { status, json, databaseCalls } = await worker.request(nowhere, { token: each });
      expect([each, status, json.code, databaseCalls]).toEqual([each, 401, 'invalid_token', 0]);
    }
    expect(await statusOf(newKey('test', id))).toBe(401);
    expect(await statusOf(newKey('test', await keyIdOf(randomUUID())))).toBe(401);
    expect(await statusOf(key)).toBe(200);
  });

  const ends: Readonly<Record<string, readonly [sql: string, state: string]>> = {
    'that is revoked': ['update api_keys set revoked_at = now() where id = $1', 'revoked'],
    'that has expired': ['update api_keys set expires_at = now() where id = $1', 'expired'],
    'whose owner is disabled': [
      "update users set status = 'disabled' where id = (select user_id from api_keys where id = $1)",
      'suspended',
    ],
    'whose owner is deleted': [
      "update users set status = 'deleted' where id = (select user_id from api_keys where id = $1)",
      'suspended',
    ],
    'whose owner is an admin no more': [
      "update users set role = 'viewer' where id = (select user_id from api_keys where id = $1)",
      'suspended',
    ],
  };

  test('as soon as it is no longer remembered, at once where it is not', async () => {
    const used: string[] = [];
    for (const [name, [statement, state]] of Object.entries(ends)) {
      const [before, after] = [await plantKey(worker, { scopes }), await plantKey(worker, { scopes })];
      expect(await statusOf(after.key, '/admin/webhooks')).toBe(200);
      for (const { id } of [before, after]) await worker.database.query(statement, [id]);
      expect([name, await statusOf(before.key, '/admin/webhooks')]).toEqual([name, 401]);
      used.push(after.key);
      const { json } = await worker.request(`/admin/api-keys/${before.id}`, { token: admin.accessToken });
      expect([name, json.api_key.state]).toEqual([name, state]);
    }
    // As it is everywhere twenty seconds later.
    await worker.restart();
    for (const key of used) expect(await statusOf(key, '/admin/webhooks')).toBe(401);
  });

  test('that a customer made who is staff now', async () => {
    const person = await newSession(worker);
    const { key } = (await own(person)).json;
    await worker.database.query("update users set role = 'viewer' where id = $1", [person.person.id]);
    expect(await statusOf(key)).toBe(401);
  });

  test('once it is revoked by its route: at once, where that was asked', async () => {
    const { key, api_key: made } = (await service('webhooks:read')).json;
    expect(await statusOf(key, '/admin/webhooks')).toBe(200);
    const revoked = await revoke(made.id);
    expect([revoked.json.api_key.state, revoked.databaseCalls]).toEqual(['revoked', 2]);
    expect(await statusOf(key, '/admin/webhooks')).toBe(401);
    expect((await revoke(made.id)).json.api_key.revoked_at).toBe(revoked.json.api_key.revoked_at);
    expect((await eventsOf(made.id)).map((event) => event.event_type)).toEqual([
      'key_created',
      'key_revoked',
    ]);
  });
});

test('a key that was just verified takes no call', async () => {
  const { key } = await plantKey(worker, { scopes });
  expect((await worker.request(nowhere, { token: key })).databaseCalls).toBe(1);
  expect((await worker.request(nowhere, { token: key })).databaseCalls).toBe(0);
  expect((await worker.request('/admin/webhooks', { token: key })).databaseCalls).toBe(1);
});

test('the use of a key is written down once a minute, and counts to no request', async () => {
  await worker.database.query('create table key_uses (id text)');
  await worker.database.query(
    `create function note_use() returns trigger language plpgsql as
     $$ begin insert into key_uses values (new.id); return new; end $$`,
  );
  await worker.database.query(
    'create trigger note_use after update of last_used_at on api_keys for each row execute function note_use()',
  );
  const { key, id } = await plantKey(worker, { scopes });
  const uses = async (keyId: string) =>
    (await worker.database.query('select 1 from key_uses where id = $1', [keyId])).length;
  // All of them ask at once, before one is remembered.
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => worker.request(nowhere, { token: key })),
  );
  expect(answers.filter(({ databaseCalls }) => databaseCalls > 1)).toEqual([]);
  // Whatever they note is on its way before what a later request notes.
  const sentinel = await plantKey(worker, { scopes });
  await worker.request(nowhere, { token: sentinel.key });
  await eventually('a later use is noted', async () => (await uses(sentinel.id)) === 1);
  expect(await uses(id)).toBe(1);
  await worker.database.query('drop trigger note_use on api_keys');
});

describe('a rotation', () => {
  test('makes one successor, of twenty at once, and lets the old key go on for a day', async () => {
    const { key, api_key: old } = (await service('webhooks:read')).json;
    const answers = await Promise.all(Array.from({ length: 20 }, () => rotate(old.id)));
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    expect(answers.filter(({ json }) => json.code === 'key_already_rotated')).toHaveLength(19);
    const { json } = made[0] ?? {};
    expect(json.api_key).toMatchObject({
      name: old.name,
      scopes: old.scopes,
      kind: 'service',
      state: 'active',
    });
    expect([await statusOf(key, '/admin/webhooks'), await statusOf(json.key, '/admin/webhooks')]).toEqual([
      200, 200,
    ]);
    const { api_key: now } = (await worker.request(`/admin/api-keys/${old.id}`, { token: admin.accessToken }))
      .json;
    expect(now).toMatchObject({ state: 'rotated', replaced_by: json.api_key.id });
    const hours = (Date.parse(now.expires_at) - Date.parse(json.api_key.created_at)) / 3_600_000;
    expect(hours).toBeCloseTo(24, 1);
    const rows = await worker.database.query('select 1 from api_keys where family = $1', [old.id]);
    expect(rows).toHaveLength(2);
    expect((await eventsOf(old.id)).map((event) => event.event_type)).toEqual(['key_created', 'key_rotated']);
    expect((await rotate(old.id)).json.code).toBe('key_already_rotated');
  });

  test('without an overlap ends the old key at once, and with more than a day’s is none', async () => {
    const { key, api_key: old } = (await service('webhooks:read')).json;
    expect(await statusOf(key, '/admin/webhooks')).toBe(200);
    expect((await rotate(old.id, { overlap_hours: 25 })).status).toBe(422);
    const { json } = await rotate(old.id, { overlap_hours: 0 });
    expect([await statusOf(key, '/admin/webhooks'), await statusOf(json.key, '/admin/webhooks')]).toEqual([
      401, 200,
    ]);
  });

  test('never gives the old key a longer life, and takes no key that is over', async () => {
    const { id } = await plantKey(worker, { scopes });
    await worker.database.query("update api_keys set expires_at = now() + interval '1 hour' where id = $1", [
      id,
    ]);
    const before = (await worker.request(`/admin/api-keys/${id}`, { token: admin.accessToken })).json.api_key;
    const { json } = await rotate(id);
    const after = (await worker.request(`/admin/api-keys/${id}`, { token: admin.accessToken })).json.api_key;
    expect(after.expires_at).toBe(before.expires_at);
    await revoke(json.api_key.id);
    expect((await rotate(json.api_key.id)).json.code).toBe('key_ended');
    expect((await rotate('A'.repeat(12))).json.code).toBe('key_not_found');
  });

  test('makes the key that of who rotates: it outlives the owner of the old one', async () => {
    const left = await plantKey(worker, { scopes: ['webhooks:read'] });
    const { json } = await rotate(left.id);
    expect(json.api_key.owner.id).toBe(admin.person.id);
    await worker.database.query("update users set status = 'disabled' where id = $1", [left.owner]);
    expect(await statusOf(left.key, '/admin/webhooks')).toBe(401);
    expect(await statusOf(json.key, '/admin/webhooks')).toBe(200);
  });

  test('between two tries of a request does not make it two requests', async () => {
    const subject = randomUUID();
    const old = await plantKey(worker, { scopes: ['credits:spend'], customer: subject });
    await worker.request(`/admin/customers/${subject}/credits/grant`, {
      token: await worker.token('admin'),
      body: { credits: 10, reason: 'test' },
    });
    const { key } = (await rotate(old.id)).json;
    const headers = { 'Idempotency-Key': randomUUID() };
    const spend = (token: string) =>
      worker.request('/credits/spend', { token, headers, body: { amount: 4 } });
    const [first, second] = [await spend(old.key), await spend(key)];
    expect([first.status, second.status, second.headers.get('Idempotent-Replayed')]).toEqual([
      200,
      200,
      'true',
    ]);
    // Another key of the same customer is another machine.
    const other = await plantKey(worker, { scopes: ['credits:spend'], customer: subject });
    expect((await spend(other.key)).headers.get('Idempotent-Replayed')).toBeNull();
    const rows = await worker.database.query<{ actor: string }>(
      `select actor from credit_transactions join customers on customers.id = customer_id
       where subject = $1 and amount < 0 order by credit_transactions.created_at`,
      [subject],
    );
    expect(rows.map(({ actor }) => actor)).toEqual([
      `customer:${subject}/key_${old.id}`,
      `customer:${subject}/key_${other.id}`,
    ]);
  });
});

test('nobody has more than fifty keys, however many are asked for at once', async () => {
  const person = await newSession(worker);
  await worker.database.query(
    `with mine as (insert into customers (issuer, subject) values ($1, $2) returning id)
     insert into api_keys (id, family, kind, user_id, customer_id, name, scopes, secret_hash, expires_at)
     select substr(md5($2 || n), 1, 12), 'x', 'customer', $2::uuid, mine.id, 'x', '{credits:read}', 'x', now() + interval '1 day'
     from mine, generate_series(1, 47) as n`,
    [worker.tokens.issuer, person.person.id],
  );
  // Each takes its time, so that they meet.
  await worker.database.query(
    `create function dawdle() returns trigger language plpgsql as
     $$ begin perform pg_sleep(0.1); return new; end $$`,
  );
  await worker.database.query(
    'create trigger dawdle before insert on api_keys for each row execute function dawdle()',
  );
  const answers = await Promise.all(Array.from({ length: 20 }, () => own(person)));
  await worker.database.query('drop trigger dawdle on api_keys');
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  expect(answers.filter(({ json }) => json.code === 'too_many_keys')).toHaveLength(17);
  // One that takes another one's place is none more.
  const { id } = answers.find(({ status }) => status === 201)?.json.api_key ?? {};
  expect((await rotate(id, {}, '/auth/api-keys', person.accessToken)).status).toBe(201);
  expect((await own(person)).json.code).toBe('too_many_keys');
  await revoke(id, '/auth/api-keys', person.accessToken);

  const ids = new Set<string>();
  let cursor = '';
  do {
    const { json } = await worker.request(`/auth/api-keys?limit=20${cursor}`, { token: person.accessToken });
    for (const key of json.api_keys) ids.add(key.id);
    cursor = json.next_cursor === null ? '' : `&cursor=${json.next_cursor}`;
  } while (cursor !== '');
  expect(ids.size).toBe(51);
});

test('admins list keys by owner and customer; viewers see them, and change none', async () => {
  const subject = randomUUID();
  const mine = await plantKey(worker, { scopes, customer: subject });
  const other = await plantKey(worker, { scopes, owner: mine.owner });
  const { accessToken: token } = await newSession(worker, 'viewer');
  const list = async (query: string) =>
    (await worker.request(`/admin/api-keys?${query}`, { token })).json.api_keys.map(
      ({ id }: { id: string }) => id,
    );
  expect(await list(`customer=${subject}`)).toEqual([mine.id]);
  expect(await list(`owner=${mine.owner}`)).toEqual([other.id, mine.id]);
  expect(await list(`owner=${mine.owner}&customer=${subject}`)).toEqual([mine.id]);
  expect(await list(`customer=${randomUUID()}`)).toEqual([]);
  expect((await revoke(mine.id, '/admin/api-keys', token)).status).toBe(403);
});

test('what is done to keys is written down, with no secret in it', async () => {
  const person = await newSession(worker);
  const { key, api_key: made } = (await own(person)).json;
  await revoke(made.id, '/auth/api-keys', person.accessToken);
  const events = await eventsOf(made.id);
  expect(events.map((event) => [event.event_type, event.user_id, event.actor])).toEqual([
    ['key_created', person.person.id, `customer:${person.person.id}`],
    ['key_revoked', person.person.id, `customer:${person.person.id}`],
  ]);
  expect(events.map(({ text }) => text).join()).not.toContain(key.slice(-43));
});

describe('a key that leaked', () => {
  const identify = (key: string) =>
    worker.request('/admin/api-keys/identify', { token: admin.accessToken, body: { key } });

  test('is told whose it is, and whether it still opens anything', async () => {
    const { key, api_key: made } = (await service('webhooks:read')).json;
    const found = await identify(key);
    expect(found.json.api_key).toMatchObject({
      id: made.id,
      state: 'active',
      owner: { id: admin.person.id },
    });
    expect(found.text).not.toContain(key.slice(-43));
    await revoke(made.id);
    expect((await identify(key)).json.api_key.state).toBe('revoked');
    const forged = await identify(newKey('test', made.id));
    expect([forged.status, forged.json.code]).toEqual([404, 'key_not_found']);
    for (const none of [`${key}0`, key.slice(0, -2), 'sk_test_123', newKey('live', made.id)]) {
      const { status, json } = await identify(none);
      expect([none, status, json.code]).toEqual([none, 422, 'invalid_key']);
    }
  });

  test('is found offline, in files and in what is piped, and not shown again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ratecard-keys-'));
    const [one, two] = [await plantKey(worker, { scopes }), await plantKey(worker, { scopes })];
    const [leaky, clean] = [join(folder, 'leaky.env'), join(folder, 'clean.env')];
    const lookalike = `rc_live_${'a'.repeat(12)}_${'b'.repeat(43)}`;
    writeFileSync(
      leaky,
      Buffer.concat([Buffer.from([0xff, 0xfe, 10]), Buffer.from(`A=1\nKEY=${one.key}x\n`)]),
    );
    writeFileSync(clean, `KEY=${lookalike}\n`);
    const found = await command('dev/keys-scan.ts', [clean, leaky, '-'], {}, `curl -H "${two.key}"`);
    expect(found).toEqual({
      exitCode: 1,
      stdout: `${leaky}:3: key ${one.id} (test)\n-:1: key ${two.id} (test)\n`,
      stderr: '',
    });
    expect((await command('dev/keys-scan.ts', [clean])).exitCode).toBe(0);
    expect((await command('dev/keys-scan.ts', [join(folder, 'none')])).exitCode).toBe(2);
    expect((await command('dev/keys-scan.ts', [])).exitCode).toBe(2);
    rmSync(folder, { recursive: true });
  });
});

test('the operator’s command for webhooks takes a key that has its scope', async () => {
  const run = (token: string, ...args: readonly string[]) =>
    command('dev/webhooks.ts', args, { RATECARD_URL: worker.url, RATECARD_TOKEN: token });
  const manages = await plantKey(worker, { scopes: ['webhooks:manage'] });
  const reads = await plantKey(worker, { scopes: ['webhooks:read'] });
  expect((await run(manages.key, 'stats')).exitCode).toBe(0);
  expect(await run(manages.key, 'retry', '--status', 'dead', '--yes')).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
  expect((await run(reads.key, 'list')).exitCode).toBe(0);
  const refused = await run(reads.key, 'retry', '--status', 'dead', '--yes');
  expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('insufficient_scope')]);
});

function command(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((done) => {
    const env = { ...process.env, ...environment };
    const child = execFile(process.execPath, [resolve(script), ...args], { env }, (error, stdout, stderr) =>
      done({ exitCode: Number(error?.code ?? 0), stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}
