import { randomUUID } from 'node:crypto';
import type { QueryResultRow } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { linkTo, subjectsTo } from '../support/mails.ts';
import {
  freshCode,
  givePassword,
  newPerson,
  newSession,
  plantSession,
  signIn,
  useUpSignIns,
} from '../support/people.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

const password = 'a password of this test';
const newAddress = () => `${randomUUID()}@example.com`;
const post = (path: string, body: object, token?: string) => worker.request(path, { body, token });
const signUp = (email: string, more: object = {}) => post('/auth/sign-up', { email, password, ...more });
const forgot = (email: string) => post('/auth/forgot-password', { email });
const canSignIn = async (email: string, as = password) =>
  (await givePassword(worker, { email, password: as })).status === 200;
const codeOf = ({ status, json }: TestAnswer) => [status, json.code];
const isUsable = async (token: string) =>
  (await worker.request('/credits/balance', { token })).status === 200;

/** What is written down about an account, the oldest first. */
async function eventsOf(email: string): Promise<readonly string[]> {
  const rows = await worker.database.query<{ event: string }>(
    `select concat_ws(' ', e.event_type, e.outcome, e.details ->> 'reason') as event
     from auth_events as e join users as u on u.id = e.user_id where u.email = $1 order by e.created_at`,
    [email],
  );
  return rows.map(({ event }) => event);
}

const hashOf = async (id: string) =>
  (await only<{ hash: string }>('select password_hash as hash from users where id = $1', [id])).hash;

async function only<Row extends Record<string, unknown>>(
  sql: string,
  parameters: readonly unknown[],
): Promise<Row> {
  const [row] = await worker.database.query<Row>(sql, parameters);
  if (row === undefined) throw new Error(`no row: ${sql}`);
  return row;
}

/** Somebody whom an admin has invited, with the link's token. */
async function invited(role = 'viewer'): Promise<{ readonly email: string; readonly token: string }> {
  const email = newAddress();
  const token = await plantSession(worker, await newPerson(worker, 'admin'));
  const { status, text } = await worker.request('/admin/users', { token, body: { email, role } });
  if (status >= 300) throw new Error(`cannot invite: ${text}`);
  return { email, token: await linkTo(worker, email, 'invitation') };
}

describe('a sign-up', () => {
  test('opens the account once its link is used, and not before', async () => {
    const email = newAddress();
    const { status, text, databaseCalls } = await signUp(email.toUpperCase(), { name: 'Ann' });
    expect([status, text, databaseCalls]).toEqual([202, '{"success":true}', 2]);
    const token = await linkTo(worker, email, 'verify_email');
    expect(await canSignIn(email)).toBe(false);
    const verified = await post('/auth/verify-email', { token });
    expect([verified.status, verified.databaseCalls], verified.text).toEqual([200, 1]);
    expect(await canSignIn(email)).toBe(true);
    expect(codeOf(await post('/auth/verify-email', { token }))).toEqual([422, 'invalid_link']);
    const row = await only('select name, role, status from users where email = $1', [email]);
    expect(row).toEqual({ name: 'Ann', role: 'customer', status: 'active' });
    expect(await eventsOf(email)).toEqual([
      'sign_up success',
      'sign_in failure unverified',
      'email_verified success',
      'sign_in success',
      'email_verified failure link_used',
    ]);
  });

  test('gives whoever verifies the password and the name of that very sign-up, and ends the links of the others', async () => {
    const email = newAddress();
    const [strangers, own] = ['the password of a stranger', 'the password of the owner'];
    await signUp(email, { password: strangers, name: 'Stranger' });
    const first = await linkTo(worker, email, 'verify_email');
    await signUp(email, { password: own, name: 'Owner' });
    const second = await linkTo(worker, email, 'verify_email', 1);
    expect((await post('/auth/verify-email', { token: second })).status).toBe(200);
    expect((await post('/auth/verify-email', { token: first })).status).toBe(422);
    expect([await canSignIn(email, own), await canSignIn(email, strangers)]).toEqual([true, false]);
    expect(await only('select name from users where email = $1', [email])).toEqual({ name: 'Owner' });
  });

  test('of a taken address changes nothing, and tells its owner by mail', async () => {
    const { email, password: before, id } = await newPerson(worker);
    const row = () => only('select * from users where id = $1', [id]);
    const untouched = await row();
    expect((await signUp(email)).status).toBe(202);
    await eventually('the mail is there', () => subjectsTo(worker, email).length > 0);
    expect(subjectsTo(worker, email)).toEqual(['You have an account already']);
    expect(await row()).toEqual(untouched);
    expect([await canSignIn(email), await canSignIn(email, before)]).toEqual([false, true]);
  });

  test('does not get an invited colleague’s account for a stranger’s password', async () => {
    const { email, token } = await invited('admin');
    await signUp(email);
    await eventually('a second mail is there', () => subjectsTo(worker, email).length > 1);
    expect(subjectsTo(worker, email)[1]).toBe('You have an account already');
    // Not with a link of before the invitation either.
    const stale = newAddress();
    await signUp(stale);
    const link = await linkTo(worker, stale, 'verify_email');
    await worker.database.query("update users set role = 'viewer' where email = $1", [stale]);
    expect((await post('/auth/verify-email', { token: link })).status).toBe(422);
    expect((await post('/auth/accept-invitation', { token, password })).status).toBe(200);
  });

  test.each([
    ['eleven characters', 'x'.repeat(11)],
    ['257 characters', 'x'.repeat(257)],
    ['eleven characters of two units each', '\u{1f511}'.repeat(11)],
    ['twelve that NFKC makes six', 'e\u0301'.repeat(6)],
    ['half a character', `${'x'.repeat(12)}\ud800`],
    ['NUL', `${'x'.repeat(12)}\u0000`],
    ['no text', 123_456_789_012],
  ])('refuses a password of %s', async (_name, wrong) => {
    const { status, json } = await signUp(newAddress(), { password: wrong });
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, '/password']);
  });

  test.each([
    ['twelve characters of two units each', '\u{1f511}'.repeat(12)],
    ['256 characters of two units each', '\u{1f511}'.repeat(256)],
    ['another form of the same characters', 'pa\uff53\uff53word \ufb01ve e\u0301'],
  ])('takes a password of %s, and knows it again', async (_name, typed) => {
    const email = newAddress();
    await signUp(email, { password: typed });
    const token = await linkTo(worker, email, 'verify_email');
    await post('/auth/verify-email', { token });
    expect(await canSignIn(email, typed.normalize('NFKC'))).toBe(true);
    expect(await canSignIn(email, typed)).toBe(true);
  });

  test.each([
    [{ email: 'no address' }, '/email'],
    [{ email: 'a@b.c\r\nBcc: d@e.f' }, '/email'],
    [{ name: '  ' }, '/name'],
    [{ role: 'admin' }, '/role'],
  ])('refuses %j', async (wrong, pointer) => {
    const { status, json } = await signUp(newAddress(), wrong);
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });

  test('sends one address five mails an hour at most, and answers the same', async () => {
    const email = newAddress();
    for (let time = 1; time <= 7; time += 1) {
      expect((await signUp(email)).text).toBe('{"success":true}');
    }
    await eventually('five mails are there', () => subjectsTo(worker, email).length >= 5);
    const other = newAddress();
    await signUp(other);
    await linkTo(worker, other, 'verify_email');
    expect(subjectsTo(worker, email)).toHaveLength(5);
  });
});

describe('a new password by mail', () => {
  test('is set once, unlocks, ends every session and challenge, and is told', async () => {
    const person = await newPerson(worker, 'customer', { hasSecondFactor: true });
    const { accessToken, refreshToken } = await signIn(worker, person);
    const { challenge } = (await givePassword(worker, person)).json;
    await worker.database.query(
      "update users set locked_until = now() + interval '1 day', lock_count = 3, failed_count = 5 where id = $1",
      [person.id],
    );
    await useUpSignIns(worker, person);
    const asked = await forgot(person.email);
    expect([asked.status, asked.text, asked.databaseCalls]).toEqual([202, '{"success":true}', 1]);
    const token = await linkTo(worker, person.email, 'reset_password');
    const reset = await post('/auth/reset-password', { token, password });
    expect([reset.status, reset.databaseCalls], reset.text).toEqual([200, 2]);
    expect(await isUsable(accessToken)).toBe(false);
    expect((await post('/auth/refresh', { refresh_token: refreshToken })).status).toBe(401);
    const code = await freshCode(worker, person);
    expect((await post('/auth/sign-in/code', { challenge, code })).status).toBe(401);
    expect([await canSignIn(person.email), await canSignIn(person.email, person.password)]).toEqual([
      true,
      false,
    ]);
    expect(codeOf(await post('/auth/reset-password', { token, password }))).toEqual([422, 'invalid_link']);
    await eventually('it is told', () =>
      subjectsTo(worker, person.email).includes('Your password was changed'),
    );
    expect(await eventsOf(person.email)).toEqual(expect.arrayContaining(['password_reset success']));
  });

  test('proves the address of somebody who never did', async () => {
    const email = newAddress();
    await signUp(email, { password: 'the password of a stranger' });
    const stale = await linkTo(worker, email, 'verify_email');
    await forgot(email);
    const token = await linkTo(worker, email, 'reset_password');
    expect((await post('/auth/reset-password', { token, password })).status).toBe(200);
    expect((await post('/auth/verify-email', { token: stale })).status).toBe(422);
    expect(await canSignIn(email)).toBe(true);
  });

  test('leaves a disabled account disabled', async () => {
    const { email, id } = await newPerson(worker);
    await worker.database.query("update users set status = 'disabled' where id = $1", [id]);
    await forgot(email);
    const token = await linkTo(worker, email, 'reset_password');
    expect((await post('/auth/reset-password', { token, password })).status).toBe(200);
    expect(await canSignIn(email)).toBe(false);
    expect(await only('select status from users where id = $1', [id])).toEqual({ status: 'disabled' });
  });

  test.each(['customer', 'viewer', 'admin'])(
    'does not open the account of an invited %s, nor keep it from being forgotten',
    async (role) => {
      const { email } = await invited(role);
      await worker.database.query(
        `update users set created_at = now() - interval '8 days', updated_at = now() - interval '8 days' where email = $1`,
        [email],
      );
      await worker.database.query(
        `update auth_tokens set expires_at = now() - interval '6 days'
         where user_id = (select id from users where email = $1)`,
        [email],
      );
      const asked = await forgot(email);
      expect([asked.status, asked.text, asked.databaseCalls]).toEqual([202, '{"success":true}', 1]);
      expect(await eventsOf(email)).toContain('password_reset_request failure not_accepted');
      if (role !== 'customer') await signUp(email);
      await worker.scheduled('47 * * * *');
      expect(await worker.database.query('select from users where email = $1', [email])).toEqual([]);
      expect(subjectsTo(worker, email).filter((subject) => /password/i.test(subject))).toEqual([]);
    },
  );

  test('is not sent to an address that nobody has', async () => {
    const nobody = newAddress();
    const { email } = await newPerson(worker);
    await forgot(nobody);
    await forgot(email);
    await linkTo(worker, email, 'reset_password');
    expect(subjectsTo(worker, nobody)).toEqual([]);
  });
});

test.each([
  ['verify_email', '1 day', '/auth/verify-email'],
  ['reset_password', '00:30:00', '/auth/reset-password'],
  ['invitation', '1 day', '/auth/accept-invitation'],
  ['change_email', '1 day', '/auth/change-email/verify'],
])('a link to %s is good for %s, and for nothing else', async (purpose, life, path) => {
  const { email, token } = await someLink(purpose);
  const ofToken = "token_hash = encode(sha256($1::text::bytea), 'hex')";
  const { lasts } = await only<{ lasts: string }>(
    `select (expires_at - created_at)::text as lasts from auth_tokens where ${ofToken}`,
    [token],
  );
  expect(lasts).toBe(life);
  for (const other of [
    '/auth/verify-email',
    '/auth/reset-password',
    '/auth/accept-invitation',
    '/auth/change-email/verify',
  ]) {
    if (other !== path)
      expect([other, codeOf(await useAt(other, token))]).toEqual([other, [422, 'invalid_link']]);
  }
  await worker.database.query(`update auth_tokens set expires_at = now() where ${ofToken}`, [token]);
  expect(codeOf(await useAt(path, token))).toEqual([422, 'invalid_link']);
  await worker.database.query(
    `update auth_tokens set expires_at = now() + interval '1 second' * 60 where ${ofToken}`,
    [token],
  );
  expect((await useAt(path, token)).status).toBe(200);
  expect(email).toContain('@');
});

const useAt = (path: string, token: string) =>
  post(path, path.includes('verify') ? { token } : { token, password });

async function someLink(purpose: string): Promise<{ readonly email: string; readonly token: string }> {
  if (purpose === 'invitation') return invited('customer');
  const email = newAddress();
  if (purpose === 'verify_email') await signUp(email);
  if (purpose === 'change_email') {
    const token = await plantSession(worker, await newPerson(worker));
    await post('/auth/change-email', { email }, token);
  }
  if (purpose === 'reset_password') {
    const person = await newPerson(worker);
    await forgot(person.email);
    return { email: person.email, token: await linkTo(worker, person.email, purpose) };
  }
  return { email, token: await linkTo(worker, email, purpose) };
}

/** Asks the database alone, over so many connections: nothing is hashed. */
async function atOnce<Row extends QueryResultRow>(
  sql: string,
  parameters: readonly unknown[],
): Promise<Row[]> {
  const pool = worker.database.pool({ max: 20 });
  await Promise.all(Array.from({ length: 20 }, () => pool.query('select pg_sleep(0.05)')));
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => pool.query<Row>(sql, [...parameters, `$scrypt$${index}`])),
  );
  await pool.end();
  return results.flatMap(({ rows }) => rows);
}

describe('of twenty at once', () => {
  test.each([
    ['verify_email', '/auth/verify-email'],
    ['change_email', '/auth/change-email/verify'],
  ])('one works, of a link to %s', async (purpose, path) => {
    const { token } = await someLink(purpose);
    const answers = await Promise.all(Array.from({ length: 20 }, () => useAt(path, token)));
    const outcomes = answers.map(({ status }) => status).toSorted();
    expect(outcomes).toEqual([200, ...Array.from({ length: 19 }, () => 422)]);
  });

  test.each([
    ['reset_password', 'reset_password', ' as t (done, email)'],
    ['invitation', 'accept_invitation', ' as done'],
  ])('one works, of a link to %s, and its password is the one', async (purpose, call, columns) => {
    const { email, token } = await someLink(purpose);
    const rows = await atOnce<{ done: boolean; mark: string }>(
      `select done, $2::text as mark from ${call}(encode(sha256($1::text::bytea), 'hex'), $2::text, '{}')${columns}`,
      [token],
    );
    const done = rows.filter((row) => row.done);
    expect(done).toHaveLength(1);
    const { hash } = await only('select password_hash as hash from users where email = $1', [email]);
    expect(hash).toBe(done[0]?.mark);
  });

  test('one works, of the links of five sign-ups, and its password is the one', async () => {
    const email = newAddress();
    const passwords = Array.from({ length: 5 }, (_, index) => `the password of sign-up ${index}`);
    for (const each of passwords) await signUp(email, { password: each });
    const links = await Promise.all(
      passwords.map((_, index) => linkTo(worker, email, 'verify_email', index)),
    );
    const answers = await Promise.all(
      [...links, ...links, ...links, ...links].map((token) => post('/auth/verify-email', { token })),
    );
    const used = answers.findIndex(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const works = await Promise.all(passwords.map((each) => canSignIn(email, each)));
    expect(works.filter(Boolean)).toHaveLength(1);
    const { hash } = await only<{ hash: string }>(
      'select password_hash as hash from users where email = $1',
      [email],
    );
    const token = links[used % links.length] ?? '';
    expect(
      await only(
        "select password_hash as hash from auth_tokens where token_hash = encode(sha256($1::text::bytea), 'hex')",
        [token],
      ),
    ).toEqual({ hash });
  });
});

describe('a change of the password', () => {
  const change = (token: string, body: object) => post('/auth/change-password', body, token);

  test('wants the present one, ends the other sessions and every link, and is told', async () => {
    const { person, accessToken } = await newSession(worker);
    const other = await signIn(worker, person);
    await forgot(person.email);
    const link = await linkTo(worker, person.email, 'reset_password');
    const wrong = await change(accessToken, { current_password: 'wrong', new_password: password });
    expect(codeOf(wrong)).toEqual([403, 'confirmation_failed']);
    const right = { current_password: person.password, new_password: password };
    const done = await change(accessToken, right);
    expect([done.status, done.databaseCalls], done.text).toEqual([200, 2]);
    expect([await isUsable(accessToken), await isUsable(other.accessToken)]).toEqual([true, false]);
    expect((await post('/auth/reset-password', { token: link, password: 'yet another one' })).status).toBe(
      422,
    );
    expect([await canSignIn(person.email), await canSignIn(person.email, person.password)]).toEqual([
      true,
      false,
    ]);
    await eventually('it is told', () =>
      subjectsTo(worker, person.email).includes('Your password was changed'),
    );
  });

  test('wants a code where there is a second factor', async () => {
    const { person, accessToken } = await newSession(worker, 'admin');
    const body = { current_password: person.password, new_password: password };
    expect(codeOf(await change(accessToken, body))).toEqual([403, 'confirmation_failed']);
    expect((await change(accessToken, { ...body, code: await freshCode(worker, person) })).status).toBe(200);
  });

  test('locks after ten wrong ones, like a sign-in', async () => {
    const { person, accessToken } = await newSession(worker);
    for (let time = 1; time <= 10; time += 1) {
      await change(accessToken, { current_password: 'wrong', new_password: password });
    }
    const right = { current_password: person.password, new_password: password };
    expect(codeOf(await change(accessToken, right))).toEqual([403, 'confirmation_failed']);
    expect(await canSignIn(person.email, person.password)).toBe(false);
  });

  test('of twenty at once happens once', async () => {
    const person = await newPerson(worker);
    await plantSession(worker, person);
    const rows = await atOnce<{ done: boolean }>(
      `select c.is_changed as done from sessions as s,
         lateral change_password(s.id, s.user_id, $2, $3, null, null, '{}') as c where s.user_id = $1`,
      [person.id, await hashOf(person.id)],
    );
    expect(rows.filter(({ done }) => done)).toHaveLength(1);
  });

  test('is not for who has no account here', async () => {
    const token = await worker.token('customer');
    const body = { current_password: password, new_password: password };
    expect(codeOf(await change(token, body))).toEqual([403, 'reauthentication_required']);
  });
});

describe('a change of the address', () => {
  const ask = (token: string, email: string) => post('/auth/change-email', { email }, token);
  const prove = (token: string) => post('/auth/change-email/verify', { token });

  test('wants the new one proven, and tells the one before', async () => {
    const person = await newPerson(worker);
    const session = await plantSession(worker, person);
    const email = newAddress();
    const asked = await ask(session, email);
    expect([asked.status, asked.databaseCalls], asked.text).toEqual([202, 2]);
    const token = await linkTo(worker, email, 'change_email');
    await forgot(person.email);
    const reset = await linkTo(worker, person.email, 'reset_password');
    expect(await canSignIn(person.email, person.password)).toBe(true);
    expect((await prove(token)).status).toBe(200);
    expect(await canSignIn(person.email, person.password)).toBe(false);
    expect(await canSignIn(email, person.password)).toBe(true);
    // What the address before was sent opens nothing any more.
    expect((await post('/auth/reset-password', { token: reset, password })).status).toBe(422);
    await eventually('it is told', () =>
      subjectsTo(worker, person.email).includes('The address of your account was changed'),
    );
    expect(subjectsTo(worker, person.email)).toContain('The address of your account is about to change');
  });

  test.each([
    ['all other sessions end', 'POST /auth/sign-out-all', { except_this: true }],
    ['all sessions end', 'POST /auth/sign-out-all', {}],
    ['an admin ends all sessions', 'POST /admin/users/ID/revoke-sessions', {}],
    ['an admin takes the second factor away', 'POST /admin/users/ID/remove-second-factor', {}],
    ['the second factor is removed', 'DELETE /auth/second-factor', undefined],
  ])('is over when %s', async (_, route, body) => {
    const person = await newPerson(worker, 'customer', { hasSecondFactor: true });
    const session = await plantSession(worker, person);
    const email = newAddress();
    expect((await ask(session, email)).status).toBe(202);
    const token = await linkTo(worker, email, 'change_email');
    const [method = '', path = ''] = route.replace('ID', person.id).split(' ');
    const isByAdmin = path.startsWith('/admin/');
    const as = isByAdmin ? await plantSession(worker, await newPerson(worker, 'admin')) : session;
    const done = await worker.request(path, { method, token: as, ...(body && { body }) });
    expect(done.status, done.text).toBe(200);
    expect(codeOf(await prove(token))).toEqual([422, 'invalid_link']);
  });

  test('is over when an admin ends all sessions, also where none is open any more', async () => {
    const person = await newPerson(worker);
    const email = newAddress();
    await ask(await plantSession(worker, person), email);
    const token = await linkTo(worker, email, 'change_email');
    await worker.database.query('update sessions set revoked_at = now() where user_id = $1', [person.id]);
    const as = await plantSession(worker, await newPerson(worker, 'admin'));
    await worker.request(`/admin/users/${person.id}/revoke-sessions`, { method: 'POST', token: as });
    expect(codeOf(await prove(token))).toEqual([422, 'invalid_link']);
  });

  test('wants password and code to have just been given', async () => {
    const { person, accessToken, sessionId } = await newSession(worker);
    await worker.database.query(
      "update sessions set confirmed_at = now() - interval '6 minutes' where id = $1",
      [sessionId],
    );
    expect(codeOf(await ask(accessToken, newAddress()))).toEqual([403, 'reauthentication_required']);
    await post('/auth/confirm', { password: person.password }, accessToken);
    expect((await ask(accessToken, newAddress())).status).toBe(202);
    expect(codeOf(await ask(accessToken, person.email))).toEqual([422, 'email_unchanged']);
  });

  test('to somebody else’s address changes nothing, and is answered the same', async () => {
    const [person, other] = await Promise.all([newPerson(worker), newPerson(worker)]);
    const session = await plantSession(worker, person);
    const taken = await ask(session, other.email);
    const free = await ask(session, newAddress());
    expect([taken.status, taken.text, taken.databaseCalls]).toEqual([
      free.status,
      free.text,
      free.databaseCalls,
    ]);
    await eventually('its owner is told', () => subjectsTo(worker, other.email).length > 0);
    expect(subjectsTo(worker, other.email)).toEqual(['You have an account already']);
  });

  test('goes before a sign-up that nobody proved, and not before one that was proven since', async () => {
    const [first, second] = await Promise.all([newPerson(worker), newPerson(worker)]);
    const email = newAddress();
    await signUp(email);
    const links: string[] = [];
    for (const person of [first, second]) {
      await ask(await plantSession(worker, person), email);
      links.push(await linkTo(worker, email, 'change_email', links.length));
    }
    const answers = await Promise.all(links.map(prove));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect(answers.map(({ json }) => json.code)).toContain('email_taken');
  });
});

describe('a mail', () => {
  test('that the provider does not take at once is sent again, and arrives once', async () => {
    const email = newAddress();
    let failures = 0;
    worker.mailbox.setFault(() => {
      failures += 1;
      return failures === 1 ? { status: 503 } : failures === 2 ? 'lose-answer' : 'none';
    });
    await signUp(email);
    await eventually('three tries were made', () => failures === 3);
    worker.mailbox.setFault(undefined);
    await linkTo(worker, email, 'verify_email');
    expect(subjectsTo(worker, email)).toHaveLength(1);
  });

  test('holds no name that a stranger typed', async () => {
    const email = newAddress();
    await signUp(email, { name: 'Win at https://evil.test' });
    await linkTo(worker, email, 'verify_email');
    expect(JSON.stringify(worker.mailbox.mails())).not.toContain('evil.test');
  });
});

test('the hourly job deletes what is over, and nothing else', async () => {
  const emails = { old: newAddress(), again: newAddress(), young: newAddress() };
  for (const email of Object.values(emails)) await signUp(email);
  await worker.database.query(
    `update users set created_at = now() - interval '8 days', updated_at = now() - interval '8 days'
     where email = any($1)`,
    [[emails.old, emails.again]],
  );
  await worker.database.query(
    `update auth_tokens set expires_at = now() - interval '7 days 1 minute'
     where user_id in (select id from users where email = any($1))`,
    [[emails.old, emails.again, emails.young]],
  );
  await signUp(emails.again);
  const { email: proven } = await newPerson(worker);
  await worker.database.query(
    "update users set created_at = now() - interval '1 year', updated_at = now() - interval '1 year' where email = $1",
    [proven],
  );
  await worker.database.query(
    `insert into rate_limits (bucket, count, ends_at)
     values ('test:over', 1, now() - interval '1 second'), ('test:counting', 1, now() + interval '1 hour')`,
  );
  await worker.scheduled('47 * * * *');
  const left = async (sql: string, values: readonly unknown[]) =>
    (await worker.database.query<{ value: string }>(sql, values)).map(({ value }) => value);
  expect(
    new Set(
      await left('select email as value from users where email = any($1)', [
        [...Object.values(emails), proven],
      ]),
    ),
  ).toEqual(new Set([emails.again, emails.young, proven]));
  expect(await left("select bucket as value from rate_limits where bucket like 'test:%'", [])).toEqual([
    'test:counting',
  ]);
  expect(
    await left(
      'select u.email as value from auth_tokens as t join users as u on u.id = t.user_id where u.email = any($1)',
      [Object.values(emails)],
    ),
  ).toEqual([emails.again]);
});

test('the hourly job waits for nobody: what is held, or looked at by another run, is left for later', async () => {
  const emails = [newAddress(), newAddress()];
  for (const email of emails) await signUp(email);
  await worker.database.query(
    `update users set created_at = now() - interval '8 days', updated_at = now() - interval '8 days'
     where email = any($1)`,
    [emails],
  );
  await worker.database.query(
    `update auth_tokens set expires_at = now() - interval '8 days'
     where user_id in (select id from users where email = any($1))`,
    [emails],
  );
  await worker.database.query(
    `insert into rate_limits (bucket, count, ends_at) select bucket, 1, now() - interval '1 second'
     from unnest($1::text[]) as bucket`,
    [emails],
  );
  const holder = await worker.database.connect();
  const runner = await worker.database.connect();
  await runner.query("set lock_timeout = '1s'");
  await holder.query('begin');
  await holder.query('select from users where email = $1 for update', [emails[0]]);
  await holder.query(
    'select from auth_tokens where user_id = (select id from users where email = $1) for update',
    [emails[0]],
  );
  await holder.query('select from rate_limits where bucket = $1 for update', [emails[0]]);
  await runner.query('select forget_proofs(1000)');
  const left = async () =>
    worker.database.query(
      `select email as value from users where email = any($1)
       union all select bucket from rate_limits where bucket = any($1)`,
      [emails],
    );
  expect(await left()).toEqual([{ value: emails[0] }, { value: emails[0] }]);
  await holder.query('rollback');
  await holder.query('begin');
  await holder.query('select forget_proofs(1000)');
  expect((await runner.query('select forget_proofs(1000) as deleted')).rows).toEqual([{ deleted: 0 }]);
  await holder.query('commit');
  expect(await left()).toEqual([]);
});

test('the page of the links runs its own script alone, is kept by nobody, and tells nobody where it came from', async () => {
  const { status, headers, text, databaseCalls } = await worker.request('/auth/link');
  expect([status, databaseCalls]).toEqual([200, 0]);
  expect(headers.get('Content-Type')).toContain('text/html');
  expect(headers.get('Cache-Control')).toBe('no-store');
  expect(headers.get('Referrer-Policy')).toBe('no-referrer');
  const script = /<script>([\s\S]*)<\/script>/.exec(text)?.[1] ?? '';
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script));
  const policy = headers.get('Content-Security-Policy') ?? '';
  expect(policy).toContain(`script-src 'sha256-${Buffer.from(digest).toString('base64')}';`);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  expect(text).not.toMatch(/https?:|\son\w+=|innerHTML/);
  // Elsewhere no script runs.
  const docs = await worker.request('/docs');
  expect(docs.headers.get('Content-Security-Policy')).not.toContain('script-src');
});
