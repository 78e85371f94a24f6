import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  cookieOf,
  freshCode,
  givePassword,
  newPerson,
  newSession,
  ownPage,
  plantSession,
  type Person,
} from '../support/people.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

const shop = 'https://shop.test';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ variables: { CORS_ORIGINS: shop } });
});
afterAll(() => worker.stop());

const me = (token: string) => worker.request('/auth/me', { token });
const meBy = (cookie: string) => worker.request('/auth/me', { headers: { Cookie: cookie } });
const refresh = (refreshToken: string) =>
  worker.request('/auth/refresh', { body: { refresh_token: refreshToken } });
const move = (sessionId: string, change: string) =>
  worker.database.query(`update sessions set ${change} where id = $1`, [sessionId]);

async function sessionsOf({
  id,
}: Person): Promise<readonly { readonly id: string; reason: string | null }[]> {
  return worker.database.query(
    'select id, revoked_reason as reason from sessions where user_id = $1 order by created_at',
    [id],
  );
}

async function lastEvent({ id }: Person) {
  const [event] = await worker.database.query(
    'select * from auth_events where user_id = $1 order by created_at desc, id desc limit 1',
    [id],
  );
  return event;
}

function claimsOf(token: string) {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

describe('how long things last', () => {
  test('an access token is good for ten minutes', async () => {
    const { iat, exp } = claimsOf((await newSession(worker)).accessToken);
    expect(exp - iat).toBe(600);
  });

  test('a refresh token is good for 30 days, and each exchange begins them anew', async () => {
    const { refreshToken, sessionId } = await newSession(worker);
    const daysLeft = async () => {
      const [row] = await worker.database.query<{ token: number; session: number }>(
        `select round(extract(epoch from t.expires_at - now()) / 86400)::int as token,
           round(extract(epoch from s.expires_at - now()) / 86400)::int as session
         from refresh_tokens as t join sessions as s on s.id = t.session_id
         where s.id = $1 and t.consumed_at is null`,
        [sessionId],
      );
      return row;
    };
    expect(await daysLeft()).toEqual({ token: 30, session: 30 });
    await move(sessionId, "expires_at = now() + interval '1 day', last_seen_at = now() - interval '29 days'");
    const { status, json } = await refresh(refreshToken);
    expect(status).toBe(200);
    expect(await daysLeft()).toEqual({ token: 30, session: 30 });
    await worker.database.query('update refresh_tokens set expires_at = now() where session_id = $1', [
      sessionId,
    ]);
    expect((await refresh(json.refresh_token)).status).toBe(401);
  });

  test.each([
    ['is over after 12 hours', "created_at = now() - interval '12 hours'", 401],
    ['is over by its own time', 'expires_at = now()', 401],
    ['is over after 30 minutes without use', "last_seen_at = now() - interval '30 minutes'", 401],
    ['goes on after 29 minutes without use', "last_seen_at = now() - interval '29 minutes'", 200],
  ])('staff’s session %s', async (_, change, status) => {
    const { person, accessToken, refreshToken, sessionId } = await newSession(worker, 'viewer');
    const cookie = await cookieOf(worker, person);
    await worker.database.query(`update sessions set ${change} where user_id = $1`, [person.id]);
    expect((await meBy(cookie)).status).toBe(status);
    if (status === 401) expect((await me(accessToken)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(status);
    if (status === 200) {
      await move(sessionId, change);
      expect((await me(accessToken)).status).toBe(200);
      // Used: it is seen.
      const [row] = await worker.database.query(
        "select last_seen_at > now() - interval '1 minute' as seen from sessions where id = $1",
        [sessionId],
      );
      expect(row).toEqual({ seen: true });
    }
  });

  test('staff’s session ends 12 hours after its sign-in, however often it is refreshed', async () => {
    const { refreshToken, sessionId } = await newSession(worker, 'admin');
    await move(sessionId, "expires_at = now() + interval '1 hour'");
    const { status, json } = await refresh(refreshToken);
    expect(status).toBe(200);
    expect(Date.parse(json.session_expires_at)).toBeLessThan(Date.now() + 2 * 3_600_000);
    await move(sessionId, 'expires_at = now()');
    expect((await refresh(json.refresh_token)).status).toBe(401);
  });

  test('a session of somebody who becomes staff lasts no longer than staff’s', async () => {
    const { person, refreshToken, sessionId } = await newSession(worker);
    await worker.database.query("update users set role = 'viewer' where id = $1", [person.id]);
    await move(sessionId, "last_seen_at = now() - interval '31 minutes'");
    expect((await refresh(refreshToken)).status).toBe(401);
  });

  test('a customer’s session may rest', async () => {
    const { accessToken, sessionId } = await newSession(worker);
    await move(sessionId, "last_seen_at = now() - interval '29 days'");
    expect((await me(accessToken)).status).toBe(200);
  });

  test('a challenge is good for five minutes, and for five tries', async () => {
    const person = await newPerson(worker, 'admin');
    const begin = async () => (await givePassword(worker, person)).json;
    const give = (challenge: string, code: string) =>
      worker.request('/auth/sign-in/code', { body: { challenge, code } });
    const [late, worn] = [await begin(), await begin()];
    expect(late.expires_in).toBe(300);
    await worker.database.query(
      `update auth_tokens set expires_at = expires_at - interval '5 minutes'
       where user_id = $1 and created_at = (select min(created_at) from auth_tokens where user_id = $1)`,
      [person.id],
    );
    const code = await freshCode(worker, person);
    expect((await give(late.challenge, code)).status).toBe(401);
    const wrong = code === '000000' ? '111111' : '000000';
    for (let tried = 1; tried <= 5; tried += 1) expect((await give(worn.challenge, wrong)).status).toBe(401);
    expect((await give(worn.challenge, code)).json.code).toBe('invalid_code');
    expect((await give((await begin()).challenge, code)).status).toBe(200);
  });
});

describe('a lock', () => {
  const lockOf = async ({ id }: Person) => {
    const [row] = await worker.database.query<{ minutes: number | null }>(
      'select round(extract(epoch from locked_until - now()) / 60)::int as minutes from users where id = $1',
      [id],
    );
    return row?.minutes ?? null;
  };

  test('comes with the tenth wrong password or code in a row, and refuses the right ones alike', async () => {
    const person = await newPerson(worker, 'admin');
    const wrongPassword = () => givePassword(worker, { ...person, password: 'not the password' });
    const first = await wrongPassword();
    for (let tried = 2; tried <= 4; tried += 1) await wrongPassword();
    const { challenge } = (await givePassword(worker, person)).json;
    for (let tried = 5; tried <= 9; tried += 1) {
      await worker.request('/auth/sign-in/code', { body: { challenge, recovery_code: 'NO SUCH CODE' } });
    }
    expect(await lockOf(person)).toBeNull();
    await wrongPassword();
    expect(await lockOf(person)).toBe(15);
    const right = await givePassword(worker, person);
    const { request_id: _, ...told } = right.json;
    expect([right.status, told]).toEqual([
      401,
      { ...told, code: 'invalid_credentials', detail: first.json.detail },
    ]);
    await worker.database.query('update users set locked_until = now() where id = $1', [person.id]);
    expect((await givePassword(worker, person)).status).toBe(200);
  });

  test('lasts twice as long each time, a day at most, until the right password comes', async () => {
    const person = await newPerson(worker);
    const minutes: (number | null)[] = [];
    for (let lock = 1; lock <= 9; lock += 1) {
      await worker.database.query('select count_failed_proof($1) from generate_series(1, 10)', [person.id]);
      minutes.push(await lockOf(person));
    }
    expect(minutes).toEqual([15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
    await worker.database.query('update users set locked_until = now() where id = $1', [person.id]);
    expect((await givePassword(worker, person)).status).toBe(200);
    await worker.database.query('select count_failed_proof($1) from generate_series(1, 10)', [person.id]);
    expect(await lockOf(person)).toBe(15);
  });
});

describe('the cookie of a session', () => {
  let cookie: string;
  let person: Person;
  beforeAll(async () => {
    person = await newPerson(worker);
    cookie = await cookieOf(worker, person);
  });

  const rename = (headers: Readonly<Record<string, string>>) =>
    worker.request('/auth/me', { method: 'PATCH', body: { name: 'Somebody' }, headers });

  test('is set for this host, for secure connections, for no script and no other site', async () => {
    const body = { email: person.email, password: person.password, session: 'cookie' };
    const { headers, json } = await worker.request('/auth/sign-in', { body, headers: ownPage });
    expect(headers.get('Set-Cookie')).toMatch(
      /^__Host-session=rcs_[\w-]{43}; Path=\/; Expires=[^;]+ GMT; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(json).not.toHaveProperty('access_token');
    expect(json).not.toHaveProperty('refresh_token');
  });

  test.each<[string, Readonly<Record<string, string>>, number]>([
    ['our own page', ownPage, 200],
    ['no page', {}, 403],
    ['no word of the browser', { Origin: ownPage.Origin }, 403],
    ['no origin', { 'Sec-Fetch-Site': 'same-origin' }, 403],
    ['an opaque origin', { ...ownPage, Origin: 'null' }, 403],
    ['another site', { ...ownPage, Origin: 'https://evil.test' }, 403],
    ['a sub-domain', { ...ownPage, Origin: 'https://www.ratecard.test' }, 403],
    ['a host that begins alike', { ...ownPage, Origin: 'https://ratecard.test.evil.test' }, 403],
    ['another port', { ...ownPage, Origin: 'https://ratecard.test:8443' }, 403],
    ['another scheme', { ...ownPage, Origin: 'http://ratecard.test' }, 403],
    ['a path', { ...ownPage, Origin: 'https://ratecard.test/' }, 403],
    ['an allowed other origin', { ...ownPage, Origin: shop }, 403],
    ['a page of another site', { ...ownPage, 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a page of the same site', { ...ownPage, 'Sec-Fetch-Site': 'same-site' }, 403],
    ['the address bar', { ...ownPage, 'Sec-Fetch-Site': 'none' }, 403],
  ])('changes something for %s: %#', async (_, headers, status) => {
    const answered = await rename({ Cookie: cookie, ...headers });
    expect(answered.status, answered.text).toBe(status);
    if (status === 403) expect(answered.json.code).toBe('foreign_origin');
    // To read needs none of it.
    expect((await worker.request('/auth/me', { headers: { Cookie: cookie, ...headers } })).status).toBe(200);
  });

  test.each<[string, (good: string) => Readonly<Record<string, string>>]>([
    ['garbage in Authorization', () => ({ Authorization: 'garbage' })],
    ['a bearer that is none', () => ({ Authorization: 'Bearer garbage' })],
    ['another scheme', () => ({ Authorization: 'Basic YTpi' })],
    ['another one of its name', (good) => ({ Cookie: `${good}; __Host-session=rcs_${'A'.repeat(43)}` })],
    ['another one before it', (good) => ({ Cookie: `__Host-session=rcs_${'A'.repeat(43)}; ${good}` })],
    ['the same one twice', (good) => ({ Cookie: `${good}; ${good}` })],
    ['another one behind a comma', (good) => ({ Cookie: `__Host-session=x, ${good}` })],
    ['something inside it', (good) => ({ Cookie: good.replace('=', '=x=') })],
    ['another name', (good) => ({ Cookie: good.replace('__Host-session', 'session') })],
    ['a name in other letters', (good) => ({ Cookie: good.replace('__Host-', '__host-') })],
  ])('does not count beside, or with, %s', async (_, more) => {
    const { status } = await worker.request('/auth/me', {
      headers: { Cookie: cookie, ...ownPage, ...more(cookie) },
    });
    expect(status).toBe(401);
  });

  test('counts among others', async () => {
    expect((await meBy(`a=b; ${cookie}; theme="dark"`)).status).toBe(200);
  });

  test('is nothing that another site’s page gets to read by, or to change by', async () => {
    const headers = { Origin: shop, 'Sec-Fetch-Site': 'cross-site', Cookie: cookie };
    const read = await worker.request('/auth/me', { headers });
    expect(read.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    const preflight = await worker.request('/auth/me', {
      method: 'OPTIONS',
      headers: { ...headers, 'Access-Control-Request-Method': 'PATCH' },
    });
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe(shop);
    expect(preflight.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    expect((await rename(headers)).status).toBe(403);
  });

  test('is given to nobody but our own pages, and then no code is spent', async () => {
    const body = { email: person.email, password: person.password, session: 'cookie' };
    const before = await sessionsOf(person);
    for (const headers of [{}, { ...ownPage, Origin: shop }, { ...ownPage, 'Sec-Fetch-Site': 'same-site' }]) {
      const { status, json, headers: got } = await worker.request('/auth/sign-in', { body, headers });
      expect([status, json.code, got.get('Set-Cookie')]).toEqual([403, 'foreign_origin', null]);
    }
    expect(await sessionsOf(person)).toEqual(before);

    const admin = await newPerson(worker, 'admin');
    const first = await worker.request('/auth/sign-in', {
      body: { email: admin.email, password: admin.password, session: 'cookie' },
      headers: ownPage,
    });
    const proof = { challenge: first.json.challenge, code: await freshCode(worker, admin) };
    const foreign = await worker.request('/auth/sign-in/code', { body: proof });
    expect([foreign.status, foreign.json.code]).toEqual([403, 'foreign_origin']);
    expect(await sessionsOf(admin)).toEqual([]);
    const own = await worker.request('/auth/sign-in/code', { body: proof, headers: ownPage });
    expect(own.status, own.text).toBe(200);
    expect(own.headers.get('Set-Cookie')).toMatch(/^__Host-session=rcs_/);
  });

  test('is never the one that a sign-in came with', async () => {
    const planted = `__Host-session=rcs_${'A'.repeat(43)}`;
    for (const brought of [planted, cookie]) {
      const { headers } = await worker.request('/auth/sign-in', {
        body: { email: person.email, password: person.password, session: 'cookie' },
        headers: { ...ownPage, Cookie: brought },
      });
      const got = /^[^;]+/.exec(headers.get('Set-Cookie') ?? '')?.[0] ?? '';
      expect(got).toMatch(/^__Host-session=rcs_/);
      expect(got).not.toBe(brought);
    }
    expect((await meBy(planted)).status).toBe(401);
  });

  test('is no token, and a token is no cookie', async () => {
    const { accessToken, refreshToken } = await newSession(worker);
    const secret = cookie.replace('__Host-session=', '');
    for (const token of [secret, refreshToken]) expect((await me(token)).status).toBe(401);
    for (const text of [accessToken, refreshToken]) {
      expect((await meBy(`__Host-session=${text}`)).status).toBe(401);
    }
    expect((await refresh(secret)).status).toBe(401);
  });
});

describe('a sign-out', () => {
  test('ends this session alone, by token', async () => {
    const { person, accessToken, refreshToken } = await newSession(worker);
    const other = await plantSession(worker, person);
    const { status, headers } = await worker.request('/auth/sign-out', {
      method: 'POST',
      token: accessToken,
    });
    // The cookie of a browser is another session's.
    expect([status, headers.get('Set-Cookie')]).toEqual([200, null]);
    expect([(await me(accessToken)).status, (await refresh(refreshToken)).status]).toEqual([401, 401]);
    expect((await me(other)).status).toBe(200);
    expect(await lastEvent(person)).toMatchObject({ event_type: 'sign_out', outcome: 'success' });
  });

  test('by cookie clears the cookie, for our own pages alone', async () => {
    const cookie = await cookieOf(worker, await newPerson(worker));
    const out = (headers: object) =>
      worker.request('/auth/sign-out', { method: 'POST', headers: { Cookie: cookie, ...headers } });
    expect((await out({})).status).toBe(403);
    expect((await meBy(cookie)).status).toBe(200);
    const { status, headers } = await out(ownPage);
    expect(status).toBe(200);
    expect(headers.get('Set-Cookie')).toMatch(/^__Host-session=; Max-Age=0; Path=\/;/);
    expect(headers.get('Set-Cookie')).toMatch(/; Secure/);
    expect((await meBy(cookie)).status).toBe(401);
    // Nor does a browser keep the cookie of a session that ended elsewhere.
    const again = await out(ownPage);
    expect([again.status, again.headers.get('Set-Cookie')]).toEqual([401, headers.get('Set-Cookie')]);
    const beside = { Cookie: cookie, Authorization: 'Bearer nothing' };
    expect((await worker.request('/auth/me', { headers: beside })).headers.get('Set-Cookie')).toBeNull();
  });

  test('everywhere ends all sessions, or all others', async () => {
    const person = await newPerson(worker);
    const [first = '', second = '', third = ''] = await Promise.all(
      [1, 2, 3].map(() => plantSession(worker, person)),
    );
    const out = (token: string, body?: object) =>
      worker.request('/auth/sign-out-all', {
        method: 'POST',
        token,
        ...(body === undefined ? {} : { body }),
      });
    const others = await out(first, { except_this: true });
    expect([others.status, others.json]).toEqual([200, { success: true, ended_sessions: 2 }]);
    expect((await Promise.all([first, second, third].map(me))).map(({ status }) => status)).toEqual([
      200, 401, 401,
    ]);
    expect((await out(first, { except_this: 'yes' })).status).toBe(422);
    expect((await out(first, { except: true })).status).toBe(422);
    expect((await out(first)).json).toEqual({ success: true, ended_sessions: 1 });
    expect((await me(first)).status).toBe(401);
    expect(await lastEvent(person)).toMatchObject({ event_type: 'sign_out_all', details: { sessions: 1 } });
  });

  test('is for who has signed in here', async () => {
    const token = await worker.token('customer');
    for (const [method, path] of [
      ['POST', '/auth/sign-out'],
      ['POST', '/auth/sign-out-all'],
      ['GET', '/auth/sessions'],
      ['DELETE', `/auth/sessions/${randomUUID()}`],
      ['GET', '/auth/me'],
      ['GET', '/auth/events'],
    ] as const) {
      const { status, json } = await worker.request(path, { method, token });
      expect([path, status, json.code]).toEqual([path, 404, 'no_account']);
    }
  });
});

describe('one’s sessions', () => {
  test('are told, newest first, page by page, and only those that may be used', async () => {
    const person = await newPerson(worker);
    const token = await plantSession(worker, person);
    const current: string = claimsOf(token).sid;
    await move(current, "address = '192.0.2.1', agent = 'Browser'");
    const others = await Promise.all([1, 2, 3, 4].map(async () => plantSession(worker, person)));
    const [revoked = '', over = ''] = others.map((each): string => claimsOf(each).sid);
    await move(revoked, "revoked_at = now(), revoked_reason = 'test'");
    await move(over, 'expires_at = now()');
    await newSession(worker);

    const read = async (query: string): Promise<TestAnswer> =>
      worker.request(`/auth/sessions${query}`, { token });
    const all = await read('');
    expect([all.status, all.json.count, all.json.next_cursor, all.databaseCalls]).toEqual([200, 3, null, 1]);
    const told = all.json.sessions.find(({ id }: { id: string }) => id === current);
    expect(Object.keys(told)).toEqual([
      'id',
      'kind',
      'created_at',
      'last_seen_at',
      'expires_at',
      'address',
      'agent',
      'current',
    ]);
    expect(told).toMatchObject({ kind: 'token', address: '192.0.2.1', agent: 'Browser', current: true });
    expect(all.json.sessions.filter(({ current: isThis }: { current: boolean }) => isThis)).toHaveLength(1);

    const pages: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { json }: TestAnswer = await read(`?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      pages.push(...json.sessions);
      cursor = json.next_cursor;
    }
    expect(pages).toEqual(all.json.sessions);
    for (const query of ['?cursor=nonsense', '?limit=0', '?user=x'])
      expect((await read(query)).status).toBe(400);
  });

  test('are ended one by one; another’s is not there', async () => {
    const person = await newPerson(worker);
    const [token, other] = [await plantSession(worker, person), await plantSession(worker, person)];
    const stranger = await newSession(worker);
    const end = (id: string) => worker.request(`/auth/sessions/${id}`, { method: 'DELETE', token });
    for (const id of [stranger.sessionId, randomUUID(), 'nonsense']) {
      expect((await end(id)).status).toBe(404);
    }
    expect((await me(stranger.accessToken)).status).toBe(200);
    const otherId: string = claimsOf(other).sid;
    expect((await end(otherId)).status).toBe(200);
    expect((await end(otherId)).json.code).toBe('session_not_found');
    expect((await me(other)).status).toBe(401);
    expect(await lastEvent(person)).toMatchObject({
      event_type: 'session_revoked',
      details: { session_id: otherId },
    });
    const own: string = claimsOf(token).sid;
    expect((await end(own)).status).toBe(200);
    expect((await me(token)).status).toBe(401);
  });
});

describe('one’s account', () => {
  test('is told by name, and nothing else of it', async () => {
    const person = await newPerson(worker, 'admin');
    const token = await plantSession(worker, person);
    const { json, databaseCalls, headers } = await me(token);
    expect([databaseCalls, headers.get('Cache-Control')]).toEqual([1, 'no-store']);
    expect(json).toEqual({
      success: true,
      profile: {
        id: person.id,
        email: person.email,
        name: 'Somebody',
        role: 'admin',
        second_factor: { enrolled_since: expect.any(String), recovery_codes_left: 0 },
        email_verified_at: expect.any(String),
        created_at: expect.any(String),
      },
    });
  });

  test('takes another name, and writes that down once', async () => {
    const person = await newPerson(worker);
    const token = await plantSession(worker, person);
    const rename = (body: object) => worker.request('/auth/me', { method: 'PATCH', token, body });
    const { status, json, databaseCalls } = await rename({ name: '  Ada  ' });
    expect([status, json.profile.name, databaseCalls]).toEqual([200, 'Ada', 1]);
    await rename({ name: 'Ada' });
    expect((await rename({ name: null })).json.profile.name).toBeNull();
    const events = await worker.request('/auth/events?type=profile_change', { token });
    expect(events.json.count).toBe(2);
    for (const body of [
      {},
      { name: '' },
      { name: 1 },
      { name: 'x'.repeat(201) },
      { name: 'A', role: 'admin' },
      { name: 'a\u0000' },
    ]) {
      expect((await rename(body)).status).toBe(422);
    }
  });

  test('has a history: what was refused too, from where, and of staff only that it was staff', async () => {
    const { person, accessToken: token } = await newSession(worker);
    const from = { 'CF-Connecting-IP': '198.51.100.7', 'User-Agent': 'somebody’s script' };
    await worker.request('/auth/sign-in', {
      body: { email: person.email, password: 'not the password' },
      headers: { ...from, 'User-Agent': 'script' },
    });
    await worker.database.query(
      `select record_auth_event($1, 'role_change', 'success', 'admin:' || gen_random_uuid(), gen_random_uuid(),
         '{"address": "192.0.2.9", "agent": "staff"}', '{"reason": "suspected"}')`,
      [person.id],
    );
    await newSession(worker);
    const { json, databaseCalls } = await worker.request('/auth/events', { token });
    expect(databaseCalls).toBe(1);
    expect(json.events).toMatchObject([
      { type: 'role_change', by: 'staff', address: null, agent: null, session_id: null, reason: null },
      {
        type: 'sign_in',
        outcome: 'failure',
        reason: 'wrong_password',
        by: 'account',
        address: '198.51.100.7',
        agent: 'script',
      },
      { type: 'sign_in', outcome: 'success', reason: null, by: 'account' },
    ]);
    const first = await worker.request('/auth/events?type=sign_in&limit=1', { token });
    expect(first.json.events).toEqual([json.events[1]]);
    const next = await worker.request(`/auth/events?type=sign_in&limit=1&cursor=${first.json.next_cursor}`, {
      token,
    });
    expect([next.json.events, next.json.next_cursor]).toEqual([[json.events[2]], null]);
    for (const query of ['?type=x y', '?cursor=nonsense', '?limit=0', '?user_id=x']) {
      expect((await worker.request(`/auth/events${query}`, { token })).status).toBe(400);
    }
  });
});

describe('a token says no more than is so', () => {
  test.each([
    ['whose role is another one now', "update users set role = 'viewer' where id = $1"],
    ['whose second factor is gone', 'delete from totp_factors where user_id = $1'],
    ['who is disabled', "update users set status = 'disabled' where id = $1"],
  ])('of staff %s', async (_, change) => {
    const person = await newPerson(worker, 'admin');
    const token = await plantSession(worker, person);
    expect((await worker.request('/admin/pricing/plans', { token })).status).toBe(200);
    await worker.database.query(change, [person.id]);
    expect((await worker.request('/admin/pricing/plans', { token })).status).toBe(401);
  });
});

test('a refresh whose answer was lost gets the same again; one of before ends the session', async () => {
  const { person, refreshToken, sessionId } = await newSession(worker);
  const [first, again] = [await refresh(refreshToken), await refresh(refreshToken)];
  expect([again.status, again.json.refresh_token]).toEqual([200, first.json.refresh_token]);
  const next = await refresh(first.json.refresh_token);
  expect(next.status).toBe(200);
  // Its successor was used: whoever comes with it now was not the one whose answer was lost.
  expect((await refresh(refreshToken)).status).toBe(401);
  expect((await me(next.json.access_token)).status).toBe(200);
  await worker.database.query(
    "update refresh_tokens set consumed_at = consumed_at - interval '11 seconds' where session_id = $1",
    [sessionId],
  );
  expect((await refresh(refreshToken)).status).toBe(401);
  expect((await me(next.json.access_token)).status).toBe(401);
  expect((await refresh(next.json.refresh_token)).status).toBe(401);
  expect((await sessionsOf(person)).map(({ reason }) => reason)).toEqual(['token_reused']);
  expect(await lastEvent(person)).toMatchObject({ event_type: 'token_reuse', outcome: 'failure' });
});

test('a refresh whose answer was lost, and was sealed by a key that is gone, is refused', async () => {
  const { refreshToken, sessionId } = await newSession(worker);
  await refresh(refreshToken);
  await worker.database.query(
    `update refresh_tokens set sealed_successor = regexp_replace(sealed_successor, '^v1', 'v9')
     where session_id = $1 and sealed_successor is not null`,
    [sessionId],
  );
  const { status, json } = await refresh(refreshToken);
  expect([status, json.code]).toEqual([401, 'invalid_token']);
});

test('what is kept of a request with a password does not let anybody try passwords out', async () => {
  const { person, accessToken: token } = await newSession(worker);
  const key = randomUUID();
  const body = { password: person.password };
  const ask = (given: object) =>
    worker.request('/auth/confirm', { token, body: given, headers: { 'Idempotency-Key': key } });
  expect((await ask(body)).status).toBe(200);
  const again = await ask(body);
  expect([again.status, again.headers.get('Idempotent-Replayed')]).toEqual([200, 'true']);
  expect((await ask({ password: 'another password' })).json.code).toBe('idempotency_key_reused');
  const [kept] = await worker.database.query('select request_hash from idempotency_keys where key = $1', [
    key,
  ]);
  const request = JSON.stringify(['POST', '/auth/confirm', '', '', JSON.stringify(body)]);
  expect(kept?.['request_hash']).toMatch(/^[0-9a-f]{64}$/);
  expect(kept?.['request_hash']).not.toBe(createHash('sha256').update(request).digest('hex'));
});

test('who signs in from where stands in the account’s history, and in no log; nor does what proves it', async () => {
  const person = await newPerson(worker, 'admin');
  const from = { 'CF-Connecting-IP': '203.0.113.77', 'User-Agent': 'unusual-agent' };
  const body = { email: person.email, password: person.password };
  const first = await worker.request('/auth/sign-in', { body, headers: from });
  const code = await freshCode(worker, person);
  const signedIn = await worker.request('/auth/sign-in/code', {
    body: { challenge: first.json.challenge, code },
    headers: from,
  });
  const cookie = await cookieOf(worker, person);
  const refreshed = await refresh(signedIn.json.refresh_token);
  const { headers } = await worker.request('/auth/sign-out', {
    method: 'POST',
    token: refreshed.json.access_token,
    headers: from,
  });
  await meBy(cookie);
  await me(`${signedIn.json.access_token}x`);
  const requestId = headers.get('X-Request-Id') ?? 'none';
  await eventually('the last request is logged', () =>
    worker.logs().some((line) => line.includes(requestId)),
  );
  const [event] = await worker.database.query(
    "select address, agent from auth_events where user_id = $1 and event_type = 'sign_out'",
    [person.id],
  );
  expect(event).toEqual({ address: '203.0.113.77', agent: 'unusual-agent' });
  const secrets = [
    person.email,
    person.password,
    person.id,
    from['CF-Connecting-IP'],
    from['User-Agent'],
    first.json.challenge,
    signedIn.json.session_id,
    signedIn.json.access_token,
    signedIn.json.refresh_token,
    refreshed.json.access_token,
    refreshed.json.refresh_token,
    cookie.replace('__Host-session=', ''),
  ];
  const logs = worker.logs().join('\n');
  expect(secrets.filter((secret) => logs.includes(secret))).toEqual([]);
});

describe('the hourly job', () => {
  const cron = '47 * * * *';

  test('forgets what happened to accounts more than a year ago, and not before; nothing else may', async () => {
    const userId = randomUUID();
    await worker.database.query(
      `insert into auth_events (user_id, event_type, outcome, actor, created_at)
       select $1::uuid, 'sign_in', 'success', 'test', now() - age
       from unnest(array[interval '1 year 1 hour', interval '2 years', interval '364 days']) as age
       union all select $1::uuid, 'many', 'success', 'test', now() - interval '13 months' from generate_series(1, 2500)`,
      [userId],
    );
    for (const statement of [
      "delete from auth_events where user_id = $1 and created_at > now() - interval '365 days'",
      'update auth_events set address = null where user_id = $1',
    ]) {
      await expect(worker.database.query(statement, [userId])).rejects.toThrow('auth_events');
    }
    await worker.scheduled(cron);
    const left = await worker.database.query('select event_type from auth_events where user_id = $1', [
      userId,
    ]);
    expect(left).toEqual([{ event_type: 'sign_in' }]);
  });

  test('forgets sessions and refresh tokens that are long over, and what no lost answer needs', async () => {
    const kept = await newSession(worker);
    const gone = await newSession(worker);
    const rotated = await newSession(worker);
    await refresh(rotated.refreshToken);
    await move(gone.sessionId, "expires_at = now() - interval '31 days'");
    await move(
      kept.sessionId,
      "expires_at = now() - interval '29 days', revoked_at = now() - interval '60 days'",
    );
    await worker.database.query(
      "update refresh_tokens set consumed_at = consumed_at - interval '2 minutes' where session_id = $1",
      [rotated.sessionId],
    );
    await worker.database.query(
      `insert into refresh_tokens (token_hash, session_id, expires_at) values ($1, $2, now() - interval '2 days')`,
      [randomUUID(), rotated.sessionId],
    );
    await worker.scheduled(cron);
    const rows = await worker.database.query(
      `select
         (select count(*)::int from sessions where id = $1) as kept,
         (select count(*)::int from sessions where id = $2) as gone,
         (select count(*)::int from refresh_tokens where session_id = $2) as gone_tokens,
         (select count(*)::int from refresh_tokens where session_id = $3) as chain,
         (select count(*)::int from refresh_tokens where session_id = $3 and sealed_successor is not null) as sealed`,
      [kept.sessionId, gone.sessionId, rotated.sessionId],
    );
    expect(rows).toEqual([{ kept: 1, gone: 0, gone_tokens: 0, chain: 2, sealed: 0 }]);
    // What was forgotten is still a token of before: it ends the session.
    expect((await refresh(rotated.refreshToken)).status).toBe(401);
    expect(await lastEvent(rotated.person)).toMatchObject({ event_type: 'token_reuse' });
  });
});
