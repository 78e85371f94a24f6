import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inLanes } from '../../src/core/lanes.ts';
import { newSecret } from '../../src/identity/secrets.ts';
import { grant } from '../support/ledger.ts';
import { plantKey } from '../support/keys.ts';
import { cookieOf, givePassword, newPerson, newSession, ownPage, plantSession } from '../support/people.ts';
import { hmacToken, nowFor } from '../support/raw-token.ts';
import { concreteAs, routes, type RouteUnderTest } from '../support/routes.ts';
import { newBuyer } from '../support/shop.ts';
import { startWorker, type TestAnswer, type TestRequest, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

const guarded = routes.filter(({ access }) => access !== 'public');
const isRead = ({ method }: RouteUnderTest) => method === 'GET';

function ask({ method, path }: RouteUnderTest, request: TestRequest): Promise<TestAnswer> {
  const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { body: {} } : {};
  return worker.request(concreteAs(path, 'nothing_of_this_name'), { method, ...body, ...request });
}

/** Asks every guarded route, several at a time, and compares status and code with what is expected there. */
async function expectEverywhere(
  request: TestRequest,
  expected: (route: RouteUnderTest) => readonly [status: number, code: string],
): Promise<void> {
  await inLanes(guarded, async (route) => {
    const { status, json, text } = await ask(route, request);
    const name = `${route.method} ${route.path}`;
    expect([name, status, json?.code], text).toEqual([name, ...expected(route)]);
  });
}

const refused = () => [401, 'invalid_token'] as const;

/** Ends the sessions of somebody, or somebody. */
async function tokenAfter(how: string): Promise<string> {
  const person = await newPerson(worker, 'admin');
  const token = await plantSession(worker, person);
  await worker.database.query(how, [person.id]);
  return token;
}

/** What is no access token, and what was one: each must be refused everywhere. */
const badBearers: Readonly<Record<string, () => Promise<string>>> = {
  'a refresh token': async () => (await newSession(worker)).refreshToken,
  'a challenge': async () => (await givePassword(worker, await newPerson(worker, 'admin'))).json.challenge,
  'the secret of a cookie': async () => (await cookieOf(worker, await newPerson(worker))).replace(/^.*=/, ''),
  "a link's token": async () => newSecret('link'),
  'a token of a session that is revoked': () =>
    tokenAfter("update sessions set revoked_at = now(), revoked_reason = 'test' where user_id = $1"),
  'a token of a session that is over': () =>
    tokenAfter("update sessions set expires_at = now() - interval '1 second' where user_id = $1"),
  'a token of a session that was left alone': () =>
    tokenAfter(
      "update sessions set idle_seconds = 1800, last_seen_at = now() - interval '31 minutes' where user_id = $1",
    ),
  'a token of a session that is gone': () => tokenAfter('delete from sessions where user_id = $1'),
  'a token of somebody disabled': () => tokenAfter("update users set status = 'disabled' where id = $1"),
  'a token of somebody who never proved the address': () =>
    tokenAfter("update users set status = 'unverified' where id = $1"),
  'a token of somebody deleted': () =>
    tokenAfter("update users set status = 'deleted', email = null, password_hash = null where id = $1"),
  'a token of an old back end that is not configured': async () =>
    hmacToken(worker.tokens.secret, { alg: 'HS256' }, { sub: 'somebody', exp: nowFor(600).exp }),
  'the same with its issuer': async () =>
    hmacToken(
      worker.tokens.secret,
      { alg: 'HS256' },
      { iss: 'https://old.test', sub: 'somebody', exp: nowFor(600).exp },
    ),
};

describe('every route that wants a credential', () => {
  test.each(Object.keys(badBearers))('refuses %s', async (name) => {
    const token = await badBearers[name]?.();
    await expectEverywhere({ token }, refused);
  });

  test.each(Object.keys(badBearers).slice(0, 4))(
    'refuses %s in place of a session’s cookie',
    async (name) => {
      if (name === 'the secret of a cookie') return;
      const headers = { Cookie: `__Host-session=${await badBearers[name]?.()}`, ...ownPage };
      await expectEverywhere({ headers }, refused);
    },
  );

  test('refuses a cookie of a session that is revoked', async () => {
    const person = await newPerson(worker, 'admin');
    const headers = { Cookie: await cookieOf(worker, person), ...ownPage };
    await worker.database.query('update sessions set revoked_at = now() where user_id = $1', [person.id]);
    await expectEverywhere({ headers }, refused);
  });

  test('takes no cookie beside an Authorization header, whatever that says, and none of two', async () => {
    const cookie = await cookieOf(worker, await newPerson(worker, 'admin'));
    await expectEverywhere({ headers: { Cookie: cookie, ...ownPage }, token: 'garbage' }, refused);
    const two = { Cookie: `${cookie}; ${cookie}`, ...ownPage };
    await expectEverywhere({ headers: two }, () => [401, 'missing_token']);
  });

  test('changes nothing by a cookie that a foreign page brings, or one that does not say where it is from', async () => {
    const cookie = await cookieOf(worker, await newPerson(worker, 'admin'));
    const pages: readonly Record<string, string>[] = [
      {},
      { Origin: 'https://evil.test', 'Sec-Fetch-Site': 'cross-site' },
      { ...ownPage, 'Sec-Fetch-Site': 'same-site' },
      { ...ownPage, Origin: 'null' },
      { ...ownPage, Origin: 'https://ratecard.test.evil.test' },
      { Origin: ownPage.Origin },
    ];
    for (const page of pages) {
      await inLanes(
        guarded.filter((route) => !isRead(route)),
        async (route) => {
          const { status, json } = await ask(route, { headers: { Cookie: cookie, ...page } });
          expect([route.path, status, json?.code]).toEqual([route.path, 403, 'foreign_origin']);
        },
      );
    }
  });

  test('takes a good cookie as it takes a token of the same person', async () => {
    const person = await newPerson(worker, 'viewer');
    const headers = { Cookie: await cookieOf(worker, person), ...ownPage };
    const token = await plantSession(worker, person);
    // What ends the session ends both of them.
    const lasting = guarded.filter(({ path, method }) => !/sign-out/.test(path) && method !== 'DELETE');
    await inLanes(lasting, async (route) => {
      const [byCookie, byToken] = [await ask(route, { headers }), await ask(route, { token })];
      expect([401, 500]).not.toContain(byCookie.status);
      expect([route.path, byCookie.status]).toEqual([route.path, byToken.status]);
    });
  });

  test('is closed to staff without a second factor, but where it sets one up', async () => {
    const person = await newPerson(worker, 'admin', { hasSecondFactor: false });
    const { json } = await givePassword(worker, person);
    expect(json.second_factor_needed).toBe(true);
    const open: string[] = [];
    // What ends the session comes last, and alone.
    const ending = guarded.filter(({ path }) => path.includes('sign-out'));
    expect(ending.length).toBeGreaterThan(0);
    const lasting = guarded.filter((route) => !ending.includes(route));
    await inLanes(lasting, async (route) => {
      const answer = await ask(route, { token: json.access_token });
      expect([401, 500], answer.text).not.toContain(answer.status);
      if (answer.status === 403 && answer.json.code === 'second_factor_needed') return;
      open.push(`${route.method} ${route.path}`);
    });
    expect(open).toContain('POST /auth/second-factor/confirm');
    expect(open.filter((route) => !route.includes(' /auth/'))).toEqual([]);
    // Who is there may be read, and nothing of it changed.
    expect(open.filter((route) => /api-keys|me$|password|email/.test(route))).toEqual(['GET /auth/me']);
  });
});

describe('what is somebody else’s', () => {
  /** Something that another customer has, of the kind that a path names. */
  const others: Readonly<Record<string, () => Promise<string>>> = {
    '/credits/transactions/:id': async () => {
      const { token } = await rich();
      return (await worker.request('/credits/history', { token })).json.transactions[0].id;
    },
    '/credits/holds/:id': async () => {
      const { token } = await rich();
      return (await worker.request('/credits/holds', { token, body: { amount: 1 } })).json.hold.id;
    },
    '/auth/api-keys/:id': async () => {
      const person = await newPerson(worker);
      return (await plantKey(worker, { scopes: ['credits:read'], customer: person.id, owner: person.id })).id;
    },
    '/auth/sessions/:id': async () => (await newSession(worker)).sessionId,
  };

  async function rich() {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 5);
    return buyer;
  }

  const owned = guarded.filter(
    ({ access, path }) => !['viewer', 'admin'].includes(access) && path.includes(':id'),
  );

  test.each(owned.map(({ method, path }) => [method, path] as const))(
    '%s %s is not there for a customer',
    async (method, path) => {
      const kind = Object.keys(others).find((each) => path.startsWith(each));
      const theirs = await others[kind ?? '']?.();
      if (theirs === undefined) throw new Error(`${path}: nothing of somebody else's to ask for`);
      const token = await plantSession(worker, await newPerson(worker));
      const body = isRead({ method, path, access: '' }) || method === 'DELETE' ? {} : { body: {} };
      const [answer, unknown] = [
        await worker.request(concreteAs(path, theirs), { method, token, ...body }),
        await worker.request(concreteAs(path, kind === undefined ? '' : likeButUnknown(theirs)), {
          method,
          token,
          ...body,
        }),
      ];
      expect([answer.status, answer.json.code]).toEqual([404, unknown.json.code]);
    },
  );

  const likeButUnknown = (id: string) => (id.includes('-') ? randomUUID() : 'A'.repeat(id.length));
});
