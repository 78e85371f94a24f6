import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { totpOf } from '../../src/identity/totp.ts';
import { eventually } from '../support/eventually.ts';
import {
  cookieOf,
  freshCode,
  givePassword,
  newPerson,
  newSession,
  ownPage,
  signIn,
  type Person,
  type PersonRole,
  type SignedIn,
} from '../support/people.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

const atOnce = 20;
const twenty = <T>(ask: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: atOnce }, (_, index) => ask(index)));

type Asker = (path: string, method?: string, body?: unknown) => Promise<TestAnswer>;

const withToken =
  (token: string): Asker =>
  (path, method = 'GET', body = undefined) =>
    worker.request(path, { method, token, ...(body === undefined ? {} : { body }) });

const withCookie =
  (cookie: string): Asker =>
  (path, method = 'GET', body = undefined) =>
    worker.request(path, {
      method,
      headers: { Cookie: cookie, ...ownPage },
      ...(body === undefined ? {} : { body }),
    });

const path = '/auth/second-factor';

/** Enrols, and answers the secret and the code that confirms it. */
async function enrol(ask: Asker): Promise<{ readonly secret: string; readonly code: string }> {
  const { status, json, text } = await ask(path, 'POST');
  if (status !== 200) throw new Error(`not enrolled: ${status} ${text}`);
  return { secret: json.secret, code: totpOf(json.secret).generate() };
}

interface Enrolled extends SignedIn {
  readonly recoveryCodes: readonly string[];
}

/** Somebody signed in who has set up a second factor as people do. */
async function newEnrolled(role: PersonRole = 'customer'): Promise<Enrolled> {
  const person = await newPerson(worker, role, { hasSecondFactor: false });
  const session = await signIn(worker, person);
  const ask = withToken(session.accessToken);
  const { secret, code } = await enrol(ask);
  const { status, json, text } = await ask(`${path}/confirm`, 'POST', { code });
  if (status !== 200) throw new Error(`not confirmed: ${status} ${text}`);
  return { ...session, person: { ...person, totpSecret: secret }, recoveryCodes: json.recovery_codes };
}

async function challengeFor(person: Person): Promise<string> {
  const { json, text } = await givePassword(worker, person);
  if (json.challenge === undefined) throw new Error(`no challenge: ${text}`);
  return json.challenge;
}

/** A challenge as a right password leads to it, which takes a while to compare. */
async function plantedChallenge({ id }: Person): Promise<string> {
  const challenge = randomUUID();
  await worker.database.query(
    `insert into auth_tokens (token_hash, user_id, purpose, expires_at, session_kind)
     values ($1, $2, 'second_factor', now() + interval '5 minutes', 'token')`,
    [createHash('sha256').update(challenge).digest('hex'), id],
  );
  return challenge;
}

/** Signs in with what is given as second proof, and answers the status. */
async function proofStatus(person: Person, proof: Readonly<Record<string, string>>): Promise<number> {
  const body = { challenge: await plantedChallenge(person), ...proof };
  return (await worker.request('/auth/sign-in/code', { body })).status;
}

const stepNow = () => Math.floor(Date.now() / 30_000);

/** Does what depends on the present half minute again when that has passed meanwhile. */
async function withinStep<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    const before = stepNow();
    const result = await work();
    if (stepNow() === before) return result;
  }
}

async function codeAt(person: Person, stepsAway: number): Promise<string> {
  await freshCode(worker, person);
  return totpOf(person.totpSecret ?? '').generate({ timestamp: Date.now() + stepsAway * 30_000 });
}

async function age(sessionId: string): Promise<void> {
  await worker.database.query(
    "update sessions set confirmed_at = now() - interval '6 minutes' where id = $1",
    [sessionId],
  );
}

async function storedOf(userId: string): Promise<string> {
  const rows = await worker.database.query(
    `select (select json_agg(f) from totp_factors f where user_id = $1) as factors,
      (select json_agg(r) from recovery_codes r where user_id = $1) as codes,
      (select json_agg(k) from idempotency_keys k where principal like '%' || $1 || '%') as answers`,
    [userId],
  );
  return JSON.stringify(rows);
}

/** Waits for the subjects of what this person was written. */
async function mailsTo({ email }: Person, subjects: readonly string[]): Promise<void> {
  const written = () =>
    worker.mailbox
      .mails()
      .filter(({ to }) => JSON.stringify(to).includes(email))
      .map(({ subject }) => subject);
  await eventually(`the mails ${subjects.join(', ')}`, () =>
    subjects.every((each) => written().includes(each)),
  );
}

describe('setting up a second factor', () => {
  test('answers the secret in three forms, and changes nothing until its code is confirmed', async () => {
    const { accessToken, person } = await newSession(worker);
    const ask = withToken(accessToken);
    const { json, headers } = await ask(path, 'POST');
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(json.secret).toMatch(/^[A-Z2-7]{32}$/);
    const uri = new URL(json.otpauth_uri);
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
      'otpauth:',
      'totp',
      `/Ratecard:${person.email}`,
    ]);
    expect(Object.fromEntries(uri.searchParams)).toMatchObject({
      secret: json.secret,
      issuer: 'Ratecard',
      digits: '6',
      period: '30',
    });
    expect(json.qr_svg).toMatch(/^<svg [^>]*xmlns[^]*<\/svg>$/);
    expect(Date.parse(json.expires_at) - Date.now()).toBeGreaterThan(9 * 60_000);
    expect((await givePassword(worker, person)).json.access_token).toBeTruthy();
    expect((await ask(path)).json.second_factor).toEqual({ enrolled_since: null, recovery_codes_left: 0 });
  });

  test('with its code counts from then on, gives ten recovery codes, and ends other sessions', async () => {
    const person = await newPerson(worker);
    const [mine, other] = [await signIn(worker, person), await signIn(worker, person)];
    const ask = withToken(mine.accessToken);
    const { secret, code } = await enrol(ask);
    const { json, headers, databaseCalls, text } = await ask(`${path}/confirm`, 'POST', { code });
    expect(databaseCalls, text).toBe(2);
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(json.refresh_needed).toBe(false);
    expect(new Set(json.recovery_codes).size).toBe(10);
    for (const each of json.recovery_codes)
      expect(each).toMatch(/^([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}$/);
    const { second_factor: state } = (await ask(path)).json;
    expect(state).toEqual({ enrolled_since: expect.any(String), recovery_codes_left: 10 });
    expect((await withToken(other.accessToken)('/credits/balance')).status).toBe(401);
    const refresh = (token: string) => worker.request('/auth/refresh', { body: { refresh_token: token } });
    expect((await refresh(other.refreshToken)).status).toBe(401);
    expect((await refresh(mine.refreshToken)).status).toBe(200);
    const enrolled = { ...person, totpSecret: secret };
    expect(await proofStatus(enrolled, { code })).toBe(401);
    expect(await proofStatus(enrolled, { code: await freshCode(worker, enrolled) })).toBe(200);
  });

  test('with a wrong code, none enrolled, or too late is refused, and the newest secret counts', async () => {
    const { accessToken, person } = await newSession(worker);
    const ask = withToken(accessToken);
    const confirm = async (code: string) => {
      const { status, json } = await ask(`${path}/confirm`, 'POST', { code });
      return [status, json.code];
    };
    expect(await confirm('123456')).toEqual([409, 'enrolment_over']);
    const first = await enrol(ask);
    const second = await enrol(ask);
    expect(await confirm(first.code)).toEqual([422, 'invalid_code']);
    const { json } = await ask('/auth/events?type=second_factor_confirmed');
    expect(json.events).toMatchObject([{ outcome: 'failure', reason: 'wrong_code' }]);
    await worker.database.query('update totp_factors set pending_until = now() where user_id = $1', [
      person.id,
    ]);
    expect(await confirm(second.code)).toEqual([409, 'enrolment_over']);
    expect((await givePassword(worker, person)).json.challenge).toBeUndefined();
  });

  test('is begun by who has just given password and code alone', async () => {
    const customer = await newEnrolled();
    const ask = withToken(customer.accessToken);
    await age(customer.sessionId);
    const stale = async () => (await ask(path, 'POST')).json.code;
    expect(await stale()).toBe('reauthentication_required');
    const { password } = customer.person;
    expect((await ask('/auth/confirm', 'POST', { password })).status).toBe(403);
    expect(await stale()).toBe('reauthentication_required');
    const code = await freshCode(worker, customer.person);
    expect((await ask('/auth/confirm', 'POST', { password, code })).status).toBe(200);
    expect((await ask(path, 'POST')).status).toBe(200);
  });

  test('leaves neither secret nor recovery code in the database, nor in a kept answer', async () => {
    const { accessToken: token, person } = await newSession(worker);
    const headers = { 'Idempotency-Key': randomUUID() };
    const enrolled = await worker.request(path, { method: 'POST', token, headers });
    const again = await worker.request(path, { method: 'POST', token, headers });
    expect(again.json).toEqual(enrolled.json);
    const confirmHeaders = { 'Idempotency-Key': randomUUID() };
    const body = { code: totpOf(enrolled.json.secret).generate() };
    const confirm = () =>
      worker.request(`${path}/confirm`, { method: 'POST', token, headers: confirmHeaders, body });
    const confirmed = await confirm();
    expect((await confirm()).json.recovery_codes).toEqual(confirmed.json.recovery_codes);
    const stored = await storedOf(person.id);
    expect(stored).toContain('sealed:');
    for (const secret of [enrolled.json.secret, ...confirmed.json.recovery_codes]) {
      expect(stored).not.toContain(secret);
      expect(stored).not.toContain(secret.replaceAll('-', ''));
    }
  });

  test('confirmed by twenty at once gives one set of recovery codes', async () => {
    const { accessToken, person } = await newSession(worker);
    const ask = withToken(accessToken);
    const { secret, code } = await enrol(ask);
    const answers = await twenty(() => ask(`${path}/confirm`, 'POST', { code }));
    const won = answers.filter(({ status }) => status === 200);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(atOnce - 1).fill(409)]);
    expect((await ask(path)).json.second_factor.recovery_codes_left).toBe(10);
    const enrolled = { ...person, totpSecret: secret };
    const [recoveryCode] = won[0]?.json.recovery_codes ?? [];
    expect(await proofStatus(enrolled, { recovery_code: recoveryCode })).toBe(200);
  });
});

describe('a code', () => {
  test('of a clock that is one step off is taken, of one that is two steps off is not', async () => {
    const { person } = await newSession(worker, 'admin');
    const outcomes = await withinStep(async () => [
      await proofStatus(person, { code: await codeAt(person, -1) }),
      await proofStatus(person, { code: await codeAt(person, 1) }),
      await proofStatus(person, { code: await codeAt(person, -2) }),
      await proofStatus(person, { code: await codeAt(person, 2) }),
    ]);
    expect(outcomes).toEqual([200, 200, 401, 401]);
  });

  test('is taken once, also of twenty sign-ins at once, and none of an earlier step after it', async () => {
    const { person } = await newSession(worker, 'admin');
    const code = await freshCode(worker, person);
    const earlier = totpOf(person.totpSecret ?? '').generate({ timestamp: Date.now() - 30_000 });
    const challenges = await twenty(() => plantedChallenge(person));
    const answers = await Promise.all(
      challenges.map((challenge) => worker.request('/auth/sign-in/code', { body: { challenge, code } })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(atOnce - 1);
    await worker.database.query(
      'update users set failed_count = 0, lock_count = 0, locked_until = null where id = $1',
      [person.id],
    );
    expect(await proofStatus(person, { code })).toBe(401);
    expect(await proofStatus(person, { code: earlier })).toBe(401);
  });

  test('of another account, of an enrolment that is not confirmed, or of a replaced secret opens nothing', async () => {
    const { person, accessToken } = await newEnrolled();
    const stranger = await newPerson(worker, 'admin');
    expect(await proofStatus(person, { code: await freshCode(worker, stranger) })).toBe(401);
    const ask = withToken(accessToken);
    const { secret, code } = await enrol(ask);
    await freshCode(worker, person);
    expect(await proofStatus(person, { code })).toBe(401);
    expect((await ask(`${path}/confirm`, 'POST', { code })).status).toBe(200);
    expect(await proofStatus(person, { code: await freshCode(worker, person) })).toBe(401);
    const replaced = { ...person, totpSecret: secret };
    expect(await proofStatus(replaced, { code: await freshCode(worker, replaced) })).toBe(200);
  });

  test('of a secret that was moved here from another row opens nothing, and the fault is told', async () => {
    const { person, accessToken, recoveryCodes } = await newEnrolled();
    const other = await newEnrolled();
    await worker.database.query(
      `update totp_factors set sealed_secret = (select sealed_secret from totp_factors where user_id = $2)
       where user_id = $1`,
      [person.id, other.person.id],
    );
    const moved = { ...person, totpSecret: other.person.totpSecret };
    const code = await freshCode(worker, moved);
    expect(await proofStatus(moved, { code })).toBe(401);
    const { password } = person;
    const confirmation = await withToken(accessToken)('/auth/confirm', 'POST', { password, code });
    expect(confirmation.status).toBe(403);
    await eventually('the fault is logged', () =>
      worker.logs().some((line) => line.includes('second_factor_broken') && line.includes(person.id)),
    );
    expect(await proofStatus(person, { recovery_code: recoveryCodes[0] ?? '' })).toBe(200);
  });
});

describe('a recovery code', () => {
  test('opens once, however it is typed, also for twenty at once', async () => {
    const { person, accessToken, recoveryCodes } = await newEnrolled();
    const [first = '', second = '', third = ''] = recoveryCodes;
    const typed = first.toLowerCase().replaceAll('-', ' ');
    expect(await proofStatus(person, { recovery_code: typed })).toBe(200);
    expect(await proofStatus(person, { recovery_code: first })).toBe(401);
    const challenges = await twenty(() => plantedChallenge(person));
    const answers = await Promise.all(
      challenges.map((challenge) =>
        worker.request('/auth/sign-in/code', { body: { challenge, recovery_code: second } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const state = (await withToken(accessToken)(path)).json.second_factor;
    expect(state.recovery_codes_left).toBe(8);
    const stranger = await newEnrolled();
    expect(await proofStatus(stranger.person, { recovery_code: third })).toBe(401);
  });

  test('dies when new ones are made; made by twenty at once there are ten, of one of the answers', async () => {
    const { person, accessToken, recoveryCodes } = await newEnrolled();
    const ask = withToken(accessToken);
    const answers = await twenty(() => ask(`${path}/recovery-codes`, 'POST'));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect((await ask(path)).json.second_factor.recovery_codes_left).toBe(10);
    expect(await proofStatus(person, { recovery_code: recoveryCodes[0] ?? '' })).toBe(401);
    const events = await worker.database.query(
      "select 1 from auth_events where user_id = $1 and event_type = 'recovery_codes_renewed'",
      [person.id],
    );
    expect(events).toHaveLength(atOnce);
    const renewed = await ask(`${path}/recovery-codes`, 'POST');
    expect(renewed.headers.get('Cache-Control')).toBe('no-store');
    const [code] = renewed.json.recovery_codes;
    expect(await proofStatus(person, { recovery_code: code })).toBe(200);
  });

  test('is made for who has a second factor and has just proven it', async () => {
    const { accessToken } = await newSession(worker);
    const without = await withToken(accessToken)(`${path}/recovery-codes`, 'POST');
    expect([without.status, without.json.code]).toEqual([404, 'no_second_factor']);
    const enrolled = await newEnrolled();
    await age(enrolled.sessionId);
    const stale = await withToken(enrolled.accessToken)(`${path}/recovery-codes`, 'POST');
    expect([stale.status, stale.json.code]).toEqual([403, 'reauthentication_required']);
  });
});

describe('removing the second factor', () => {
  test('is told by mail, as each other change of it is', async () => {
    const { person, accessToken } = await newEnrolled();
    const ask = withToken(accessToken);
    await ask(`${path}/recovery-codes`, 'POST');
    const { code } = await enrol(ask);
    await ask(`${path}/confirm`, 'POST', { code });
    await ask(path, 'DELETE');
    await mailsTo(person, [
      'A second factor was set up',
      'You have new recovery codes',
      'Your second factor was replaced',
      'Your second factor was removed',
    ]);
  });

  test('lets a customer in by password alone, ends other sessions and waiting sign-ins', async () => {
    const { person, accessToken } = await newEnrolled();
    const other = await signIn(worker, person);
    const challenge = await challengeFor(person);
    const ask = withToken(accessToken);
    const removed = await ask(path, 'DELETE');
    expect(removed.status, removed.text).toBe(200);
    expect((await ask(path)).json.second_factor).toEqual({ enrolled_since: null, recovery_codes_left: 0 });
    expect((await withToken(other.accessToken)('/credits/balance')).status).toBe(401);
    const waiting = { challenge, code: totpOf(person.totpSecret ?? '').generate() };
    expect((await worker.request('/auth/sign-in/code', { body: waiting })).status).toBe(401);
    expect((await givePassword(worker, person)).json.access_token).toBeTruthy();
    const again = await ask(path, 'DELETE');
    expect([again.status, again.json.code]).toEqual([404, 'no_second_factor']);
  });

  test('wants a fresh proof, and is not for staff', async () => {
    const customer = await newEnrolled();
    await age(customer.sessionId);
    const stale = await withToken(customer.accessToken)(path, 'DELETE');
    expect([stale.status, stale.json.code]).toEqual([403, 'reauthentication_required']);
    for (const role of ['viewer', 'admin'] as const) {
      const staff = await newSession(worker, role);
      const refused = await withToken(staff.accessToken)(path, 'DELETE');
      expect([refused.status, refused.json.code]).toEqual([409, 'second_factor_required']);
    }
  });
});

describe('staff without a second factor', () => {
  /** What is open to it, beside what is open to everybody. */
  const open = new Set([
    'POST /auth/second-factor',
    'POST /auth/second-factor/confirm',
    'POST /auth/confirm',
    'POST /auth/sign-out',
    'GET /auth/me',
  ]);

  /** Every route that is not public, and not open to it. */
  const closed = (() => {
    const app = createApp();
    const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } });
    return Object.entries(document.paths ?? {}).flatMap(([name, item]) =>
      Object.entries(item)
        .filter(([, route]) => (route as Record<string, unknown>)['x-access'] !== 'public')
        .map(([method]) => ({ method: method.toUpperCase(), path: name }))
        .filter((route) => !open.has(`${route.method} ${route.path}`)),
    );
  })();

  test.each(['viewer', 'admin'] as const)('%s can set one up, and nothing else', async (role) => {
    const person = await newPerson(worker, role, { hasSecondFactor: false });
    const session = await signIn(worker, person);
    const askers = [withToken(session.accessToken), withCookie(await cookieOf(worker, person))];
    expect(closed.length).toBeGreaterThan(50);
    for (const ask of askers) {
      for (const route of closed) {
        const concrete = route.path.replaceAll(/\{\w+\}/g, 'nothing');
        const body = route.method === 'GET' ? undefined : {};
        const { status, json, text } = await ask(concrete, route.method, body);
        const refusals = role === 'admin' ? ['second_factor_needed'] : ['second_factor_needed', 'forbidden'];
        expect([route.method, route.path, status], text).toEqual([route.method, route.path, 403]);
        expect(refusals).toContain(json.code);
      }
    }
  });

  test('is let in by a cookie at once when it has set one up, by tokens after the next refresh', async () => {
    const person = await newPerson(worker, 'admin', { hasSecondFactor: false });
    const cookie = withCookie(await cookieOf(worker, person));
    const byCookie = await enrol(cookie);
    const confirmed = await cookie(`${path}/confirm`, 'POST', { code: byCookie.code });
    expect([confirmed.status, confirmed.json.refresh_needed], confirmed.text).toEqual([200, false]);
    expect((await cookie('/admin/pricing/plans')).status).toBe(200);

    const second = await signIn(worker, await newPerson(worker, 'admin', { hasSecondFactor: false }));
    const ask = withToken(second.accessToken);
    const { code } = await enrol(ask);
    expect((await ask(`${path}/confirm`, 'POST', { code })).json.refresh_needed).toBe(true);
    expect((await ask('/admin/pricing/plans')).status).toBe(403);
    const { json } = await worker.request('/auth/refresh', { body: { refresh_token: second.refreshToken } });
    expect(json.second_factor_needed).toBe(false);
    expect((await withToken(json.access_token)('/admin/pricing/plans')).status).toBe(200);
  });

  test('proves who it is by the password alone', async () => {
    const session = await signIn(worker, await newPerson(worker, 'viewer', { hasSecondFactor: false }));
    const ask = withToken(session.accessToken);
    await age(session.sessionId);
    expect((await ask(path, 'POST')).json.code).toBe('reauthentication_required');
    const { password } = session.person;
    expect((await ask('/auth/confirm', 'POST', { password })).status).toBe(200);
    expect((await ask(path, 'POST')).status).toBe(200);
  });
});
