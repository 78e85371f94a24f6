import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPasswordHasher } from '../../src/identity/passwords.ts';
import { hashOf } from '../../src/identity/secrets.ts';
import { eventually } from '../support/eventually.ts';
import { plantKey } from '../support/keys.ts';
import {
  freshCode,
  givePassword,
  newPerson,
  newSession,
  plantSession,
  type Person,
} from '../support/people.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

/** How many come at once. */
const many = 20;

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

const atOnce = <Result>(work: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: many }, (_, index) => work(index)));

const statuses = (answers: readonly TestAnswer[]) => tally(answers.map(({ status }) => String(status)));

function tally(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    [...new Set(words)].map((word) => [word, words.filter((each) => each === word).length]),
  );
}

/** What was written down of somebody, by type and reason. */
async function eventsOf({ id }: Person): Promise<Record<string, number>> {
  const rows = await worker.database.query<{ what: string }>(
    `select concat_ws(' ', event_type, outcome, details ->> 'reason') as what from auth_events where user_id = $1`,
    [id],
  );
  return tally(rows.map(({ what }) => what));
}

async function openSessions({ id }: Person): Promise<number> {
  const rows = await worker.database.query(
    'select 1 from sessions as s join users as u on u.id = s.user_id where u.id = $1 and is_session_open(s, u)',
    [id],
  );
  return rows.length;
}

/** A sign-in whose password was right, and that waits for a code. */
async function newChallenge({ id }: Person): Promise<string> {
  const challenge = `rcc_${randomUUID()}`;
  await worker.database.query(
    `insert into auth_tokens (token_hash, user_id, purpose, expires_at, session_kind)
     values ($1, $2, 'second_factor', now() + interval '5 minutes', 'token')`,
    [await hashOf(challenge), id],
  );
  return challenge;
}

/** A statement on twenty connections: the same one, without the hashing before it. */
async function onConnections(sql: string, parameters: readonly unknown[]) {
  const pool = worker.database.pool({ max: many });
  const connections = await atOnce(() => pool.connect());
  const answers = await Promise.all(
    connections.map((connection) => connection.query<{ outcome: string }>(sql, [...parameters])),
  );
  for (const connection of connections) connection.release();
  return answers.flatMap(({ rows }) => rows);
}

const giveCode = (body: object) => worker.request('/auth/sign-in/code', { body });

/** Does work while a row is locked, and ends the lock, after a change, once so many statements wait. */
async function behindLock<Result>(
  {
    table,
    id,
    waiters,
  }: { readonly table: 'users' | 'sessions'; readonly id: string; readonly waiters: number },
  work: () => Promise<Result>,
  change?: string,
): Promise<Result> {
  const client = await worker.database.connect();
  await client.query('begin');
  await client.query(`select from ${table} where id = $1 for update`, [id]);
  const done = work();
  await eventually('the work waits for the row', async () => {
    const waiting = await worker.database.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return waiting.length >= waiters;
  });
  if (change !== undefined) await client.query(change, [id]);
  await client.query('commit');
  return done;
}

const besideChange = <Result>({ id }: Person, work: () => Promise<Result>, change: string) =>
  behindLock({ table: 'users', id, waiters: 1 }, work, change);

/** Twenty that are sure to meet: they set off behind a lock. */
const meeting = <Result>(table: 'users' | 'sessions', id: string, work: (index: number) => Promise<Result>) =>
  behindLock({ table, id, waiters: many / 2 }, () => atOnce(work));

/** Gives somebody (`$1`) a password, hashed with a salt of its own. */
async function hashChange(password: string): Promise<string> {
  const hash = await openPasswordHasher({ calls: 0, milliseconds: 0 }).hash(password);
  return `update users set password_hash = '${hash}' where id = $1`;
}

describe('twenty at once', () => {
  test('who refresh with one token get one successor, and the chain has one more link', async () => {
    const { refreshToken, sessionId, person } = await newSession(worker);
    const answers = await meeting('sessions', sessionId, () =>
      worker.request('/auth/refresh', { body: { refresh_token: refreshToken } }),
    );
    expect(statuses(answers)).toEqual({ 200: many });
    expect(new Set(answers.map(({ json }) => json.refresh_token)).size).toBe(1);
    const chain = await worker.database.query(
      'select consumed_at is not null as consumed from refresh_tokens where session_id = $1 order by created_at',
      [sessionId],
    );
    expect(chain).toEqual([{ consumed: true }, { consumed: false }]);
    expect(await openSessions(person)).toBe(1);
  });

  test('who give one time-based code over twenty challenges: one of them signs in', async () => {
    const person = await newPerson(worker, 'admin');
    const challenges = await atOnce(() => newChallenge(person));
    const code = await freshCode(worker, person);
    const answers = await meeting('users', person.id, (index) =>
      giveCode({ challenge: challenges[index], code }),
    );
    expect(statuses(answers)).toEqual({ 200: 1, 401: many - 1 });
    expect(await openSessions(person)).toBe(1);
    // The first one takes the code; the tenth after it locks the account; the rest is not looked at any more.
    expect(await eventsOf(person)).toEqual({
      'sign_in success': 1,
      'second_factor failure repeated_code': 9,
      'second_factor failure now_locked': 1,
      'second_factor failure locked': 9,
    });
  });

  test('who give one recovery code over twenty challenges: one of them signs in', async () => {
    const person = await newPerson(worker, 'admin');
    await worker.database.query('insert into recovery_codes (user_id, code_hash) values ($1, $2)', [
      person.id,
      await hashOf('ABCDEFGHJK'),
    ]);
    const challenges = await atOnce(() => newChallenge(person));
    const answers = await meeting('users', person.id, (index) =>
      giveCode({ challenge: challenges[index], recovery_code: 'abcde-fghjk' }),
    );
    expect(statuses(answers)).toEqual({ 200: 1, 401: many - 1 });
    expect(await openSessions(person)).toBe(1);
  });

  test('who answer one challenge: one of them signs in, and five are looked at', async () => {
    const person = await newPerson(worker, 'admin');
    const challenge = await newChallenge(person);
    const code = await freshCode(worker, person);
    const answers = await atOnce(() => giveCode({ challenge, code }));
    expect(statuses(answers)).toEqual({ 200: 1, 401: many - 1 });
    expect(await openSessions(person)).toBe(1);
    const [row] = await worker.database.query('select attempts from auth_tokens where token_hash = $1', [
      await hashOf(challenge),
    ]);
    expect(row?.['attempts']).toBeLessThanOrEqual(5);
  });

  test('who give a wrong password are all counted: ten lock the account, the others find it locked', async () => {
    const person = await newPerson(worker);
    const answers = await onConnections(
      `select outcome from end_sign_in($1, (select password_hash from users where id = $1), false, null, '{}', 'x', '{}')`,
      [person.id],
    );
    expect(tally(answers.map(({ outcome }) => outcome))).toEqual({ refused: many });
    const [state] = await worker.database.query(
      `select failed_count, lock_count, round(extract(epoch from locked_until - now()) / 60)::int as minutes
       from users where id = $1`,
      [person.id],
    );
    expect(state).toEqual({ failed_count: 0, lock_count: 1, minutes: 15 });
    expect(await eventsOf(person)).toEqual({
      'sign_in failure wrong_password': 9,
      'sign_in failure now_locked': 1,
      'sign_in failure locked': 10,
    });
    // The right one finds it locked, too.
    expect((await givePassword(worker, person)).status).toBe(401);
    expect(await openSessions(person)).toBe(0);
  });

  test('who confirm with one code: one of them does', async () => {
    const person = await newPerson(worker, 'admin');
    await plantSession(worker, person);
    const answers = await onConnections(
      `select end_compared_confirmation(s.id, u.id, u.password_hash, 60000000, null, '{}')::text as outcome
       from users as u join sessions as s on s.user_id = u.id where u.id = $1`,
      [person.id],
    );
    expect(tally(answers.map(({ outcome }) => outcome))).toEqual({ true: 1, false: many - 1 });
    expect(await eventsOf(person)).toEqual({
      'confirmation success': 1,
      'confirmation failure wrong_code': 9,
      'confirmation failure now_locked': 1,
      'confirmation failure locked': 9,
    });
  });

  test('who sign out everywhere from twenty sessions never wait in a circle, and end them all', async () => {
    const person = await newPerson(worker);
    const tokens = await atOnce(() => plantSession(worker, person));
    await worker.database.query(
      "update sessions set last_seen_at = now() - interval '5 minutes' where user_id = $1",
      [person.id],
    );
    const answers = await meeting('users', person.id, (index) =>
      worker.request('/auth/sign-out-all', { token: tokens[index], body: { except_this: true } }),
    );
    const found = statuses(answers);
    expect((found['200'] ?? 0) + (found['401'] ?? 0), JSON.stringify(found)).toBe(many);
    expect(await openSessions(person)).toBeLessThanOrEqual(1);
  });
});

describe('a sign-in', () => {
  test('beside a disabling leaves no session, also once the account is enabled again', async () => {
    const person = await newPerson(worker);
    const client = await worker.database.connect();
    const disable = async () => {
      await client.query('begin');
      await client.query("update users set status = 'disabled' where id = $1", [person.id]);
      await client.query("select revoke_sessions($1, null, 'user_disabled')", [person.id]);
      await client.query('commit');
    };
    const signIns = atOnce((index) =>
      index === many / 2 ? disable().then(() => undefined) : givePassword(worker, person),
    );
    const opened = (await signIns).filter((each) => each?.status === 200);
    await worker.database.query("update users set status = 'active' where id = $1", [person.id]);
    for (const each of opened) {
      const { status } = await worker.request('/credits/balance', { token: each?.json.access_token });
      expect(status).toBe(401);
    }
    expect(await openSessions(person)).toBe(0);
  });

  test('whose password is changed while it is compared is refused, and leaves the new one', async () => {
    const person = await newPerson(worker);
    const change = await hashChange('another password');
    const { status, json } = await besideChange(person, () => givePassword(worker, person), change);
    const [row] = await worker.database.query('select password_hash from users where id = $1', [person.id]);
    expect(change).toContain(row?.['password_hash']);
    expect([status, json.code]).toEqual([401, 'invalid_credentials']);
    expect(await openSessions(person)).toBe(0);
  });

  test('whose password is only hashed anew meanwhile goes through', async () => {
    const person = await newPerson(worker);
    const rehash = await hashChange(person.password);
    const { status, text } = await besideChange(person, () => givePassword(worker, person), rehash);
    expect(status, text).toBe(200);
  });

  test('that waits for a code ends with all sessions', async () => {
    const { person, accessToken: token } = await newSession(worker, 'admin');
    const challenge = await newChallenge(person);
    const out = await worker.request('/auth/sign-out-all', { token, body: {} });
    expect(out.status, out.text).toBe(200);
    const { status, json } = await giveCode({ challenge, code: await freshCode(worker, person) });
    expect([status, json.code]).toEqual([401, 'invalid_code']);
    expect(await openSessions(person)).toBe(0);
  });

  test('that is ended while its code is looked at spends no code', async () => {
    const person = await newPerson(worker, 'admin');
    const challenge = await newChallenge(person);
    const code = await freshCode(worker, person);
    const answered = await besideChange(
      person,
      () => giveCode({ challenge, code }),
      "select revoke_sessions($1, null, 'test')",
    );
    expect(answered.status).toBe(401);
    expect(await eventsOf(person)).toEqual({ 'second_factor failure challenge_over': 1 });
    const [factor] = await worker.database.query('select last_step from totp_factors where user_id = $1', [
      person.id,
    ]);
    expect(factor).toEqual({ last_step: '0' });
  });
});

describe('a refresh', () => {
  test('beside the end of its session leaves nothing that opens anything', async () => {
    const { refreshToken, person, sessionId } = await newSession(worker);
    const answers = await atOnce(async (index) => {
      if (index !== many / 2) {
        return worker.request('/auth/refresh', { body: { refresh_token: refreshToken } });
      }
      await worker.database.query("select revoke_sessions($1, null, 'test')", [person.id]);
      return undefined;
    });
    for (const each of answers.filter((answer) => answer?.status === 200)) {
      const { status } = await worker.request('/credits/balance', { token: each?.json.access_token });
      expect(status).toBe(401);
      const body = { refresh_token: each?.json.refresh_token };
      expect((await worker.request('/auth/refresh', { body })).status).toBe(401);
    }
    const [session] = await worker.database.query('select revoked_reason from sessions where id = $1', [
      sessionId,
    ]);
    expect(session).toEqual({ revoked_reason: 'test' });
  });

  test('of twenty with a token of before ends the session, and says so once', async () => {
    const { refreshToken, person, sessionId } = await newSession(worker);
    const refresh = () => worker.request('/auth/refresh', { body: { refresh_token: refreshToken } });
    expect((await refresh()).status).toBe(200);
    await worker.database.query(
      "update refresh_tokens set consumed_at = consumed_at - interval '11 seconds' where session_id = $1",
      [sessionId],
    );
    expect(statuses(await atOnce(refresh))).toEqual({ 401: many });
    expect(await eventsOf(person)).toEqual({ 'sign_in success': 1, 'token_reuse failure': 1 });
    expect(await openSessions(person)).toBe(0);
  });
});

describe('beside a change to the account', () => {
  test('a key that is rotated leaves no successor to who loses its keys', async () => {
    const { person, accessToken } = await newSession(worker, 'admin');
    const { id } = await plantKey(worker, { scopes: ['webhooks:read'], owner: person.id });
    const { status, json } = await besideChange(
      person,
      () => worker.request(`/admin/api-keys/${id}/rotate`, { token: accessToken, body: {} }),
      'update api_keys set revoked_at = now() where user_id = $1',
    );
    expect([status, json.code]).toEqual([409, 'key_ended']);
  });

  test('a first key beside the deletion of its account waits for it, and is not made', async () => {
    const { person, accessToken: token } = await newSession(worker);
    const waiting = async () =>
      worker.database.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
    const [left, made] = await behindLock({ table: 'users', id: person.id, waiters: 2 }, async () => {
      const leaving = worker.request('/auth/me', { method: 'DELETE', token });
      await eventually('the deletion waits', async () => (await waiting()).length > 0);
      const body = { name: 'First', scopes: ['credits:read'] };
      return Promise.all([leaving, worker.request('/auth/api-keys', { token, body })]);
    });
    expect([left.status, made.status], left.text + made.text).toEqual([200, 401]);
    expect(await worker.database.query('select from api_keys where user_id = $1', [person.id])).toEqual([]);
  });

  test('an address that is just being left gets no link for a new password', async () => {
    const person = await newPerson(worker);
    const { status } = await besideChange(
      person,
      () => worker.request('/auth/forgot-password', { body: { email: person.email } }),
      "update users set email = 'left-' || email where id = $1",
    );
    expect(status).toBe(202);
    expect(await eventsOf(person)).not.toHaveProperty('password_reset_request success');
  });
});
