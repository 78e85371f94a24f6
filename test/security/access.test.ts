import { randomUUID } from 'node:crypto';
import { sign } from 'hono/jwt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer, type DevIssuer } from '../../dev/issuer/index.ts';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import type { Role } from '../../src/core/actor.ts';
import { inLanes } from '../../src/core/lanes.ts';
import { customerScopes, includesScope, scopes, type Scope } from '../../src/core/scopes.ts';
import { newKey } from '../../src/identity/api-key.ts';
import { plantKey } from '../support/keys.ts';
import { newPerson, plantSession } from '../support/people.ts';
import { hmacToken, nowFor, outsideSigner } from '../support/raw-token.ts';
import { concreteAs, routes, type RouteUnderTest } from '../support/routes.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let outside: DevIssuer;
const legacyIssuer = 'https://old.test';

beforeAll(async () => {
  outside = await startIssuer();
  worker = await startWorker({
    variables: { OUTSIDE_ISSUERS: JSON.stringify([outside.entry]), JWT_LEGACY_ISSUER: legacyIssuer },
  });
});

afterAll(async () => {
  await worker.stop();
  await outside.stop();
});

/** What is about people and their credentials: no key comes in there. */
const peopleOnly = /^\/auth\/|^\/admin\/(users|api-keys)(\/|$)|\/identities(\/|$)/;

const staffAccess = ['viewer', 'admin'];

function ask({ method, path }: RouteUnderTest, token: string | undefined) {
  const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { body: {} } : {};
  return worker.request(concreteAs(path, 'nothing_of_this_name'), { method, token, ...body });
}

const subject = 'somebody';
const good = (role: Role) => accessClaims(worker.tokens, { subject, role }, 3600);

/** Each makes a token that must be refused everywhere. */
const badCredentials: Readonly<Record<string, () => Promise<string | undefined> | string | undefined>> = {
  'no token': () => undefined,
  garbage: () => 'garbage',
  'an empty token': () => '',
  'three empty parts': () => '..',
  expired: () => signToken(worker.tokens, { ...good('admin'), iat: 1_700_000_000, exp: 1_700_003_600 }),
  'no exp': () => signToken(worker.tokens, without('exp')),
  'no iat': () => signToken(worker.tokens, without('iat')),
  'no sub': () => signToken(worker.tokens, without('sub')),
  'no jti': () => signToken(worker.tokens, without('jti')),
  'no typ': () => signToken(worker.tokens, without('typ')),
  'no iss': () => signToken(worker.tokens, without('iss')),
  'no aud': () => signToken(worker.tokens, without('aud')),
  'exp as text': () => signToken(worker.tokens, { ...good('admin'), exp: '9999999999' }),
  'issued in the future': () => signToken(worker.tokens, shifted(7200)),
  'not valid yet': () => signToken(worker.tokens, { ...good('admin'), nbf: good('admin').iat + 3600 }),
  'a life of two days': () =>
    signToken(worker.tokens, accessClaims(worker.tokens, { subject, role: 'admin' }, 172_800)),
  'a refresh token': () => signToken(worker.tokens, { ...good('admin'), typ: 'refresh' }),
  'an MFA-pending token': () => signToken(worker.tokens, { ...good('admin'), typ: 'mfa' }),
  'an unknown role': () => signToken(worker.tokens, { ...good('admin'), role: 'root' }),
  'another secret': () => signToken({ ...worker.tokens, secret: randomUUID() + randomUUID() }, good('admin')),
  'another issuer': () => signToken(worker.tokens, { ...good('admin'), iss: 'https://evil.test' }),
  'another audience': () => signToken(worker.tokens, { ...good('admin'), aud: 'another-product' }),
  'HS512 with our secret': () => sign(good('admin'), worker.tokens.secret, 'HS512'),
  'alg none': () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(good('admin'))}.`,
  'no signature': async () => (await signToken(worker.tokens, good('admin'))).replace(/[^.]*$/, ''),
  'a key that nobody made': () => newKey('test', 'A'.repeat(12)),
  'a key with another secret': async () => newKey('test', (await plantKey(worker, { scopes })).id),
  'a key with a wrong checksum': async () =>
    (await plantKey(worker, { scopes })).key.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
  'a key of another mode': async () => (await plantKey(worker, { scopes, mode: 'live' })).key,
  'a key that is over': async () => (await plantKey(worker, { scopes, days: 0 })).key,
  'a key that is revoked': () => endedKey('update api_keys set revoked_at = now() where id = $1'),
  'a key whose owner is disabled': () =>
    endedKey("update users set status = 'disabled' where id = (select user_id from api_keys where id = $1)"),
  'a service’s key whose owner is an admin no more': () =>
    endedKey("update users set role = 'customer' where id = (select user_id from api_keys where id = $1)"),
  'an outside token that is over': () => outside.token({ subject, seconds: -60 }),
  'an outside token of another audience': () =>
    outside.token({ subject, claims: { aud: 'another-product' } }),
  'an outside refresh token': () => outside.token({ subject, claims: { typ: 'Refresh' } }),
  'an outside token that nobody signed': () => outside.token({ subject }).replace(/[^.]*$/, 'AAAA'),
  'an outside token with our secret': () =>
    hmacToken(worker.tokens.secret, { alg: 'HS256', typ: 'JWT' }, outsideSigner(outside).claims()),
  'an outside token with its public key as secret': () =>
    hmacToken(
      outside.key('RS256').publicKey.export({ type: 'spki', format: 'pem' }),
      { alg: 'HS256', typ: 'JWT' },
      outsideSigner(outside).claims(),
    ),
  'an old refresh token': () => legacyToken({ type: 'refresh' }),
  'an old token without an end': () => legacyToken({ exp: undefined }),
  'an old token with another secret': () => hmacToken('x'.repeat(40), { alg: 'HS256' }, legacyClaims()),
  'a changed payload': async () => {
    const [header, , signature] = (await signToken(worker.tokens, good('customer'))).split('.');
    return `${header}.${encode(good('admin'))}.${signature}`;
  },
};

const legacyClaims = () => ({ sub: subject, role: 'admin', exp: nowFor(3600).exp });
const legacyToken = (claims: object = {}) =>
  hmacToken(worker.tokens.secret, { alg: 'HS256' }, { ...legacyClaims(), ...claims });

async function endedKey(how: string): Promise<string> {
  const { key, id } = await plantKey(worker, { scopes });
  await worker.database.query(how, [id]);
  return key;
}

function without(claim: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(good('admin')).filter(([name]) => name !== claim));
}

function shifted(seconds: number): Record<string, unknown> {
  const claims = good('admin');
  return { ...claims, iat: claims.iat + seconds, exp: claims.exp + seconds };
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

describe('every route that the app has', () => {
  test('tells in the document who may call it', () => {
    expect(routes.filter(({ access }) => access === 'undocumented')).toEqual([]);
    expect(routes.length).toBeGreaterThan(20);
  });

  test('has a scope that keys need, but where people and their credentials are looked after', () => {
    const isScopeless = ({ access, path }: RouteUnderTest) => access === 'public' || peopleOnly.test(path);
    for (const route of routes) {
      const needed = isScopeless(route) ? undefined : expect.stringMatching(/^[a-z]+:[a-z]+$/);
      expect([route.method, route.path, route.scope]).toEqual([route.method, route.path, needed]);
      // A scope that only reads opens nothing that changes.
      if (route.method !== 'GET' && route.path !== '/payment/change-plan/preview') {
        expect(route.scope ?? '', route.path).not.toMatch(/:read$/);
      }
    }
  });

  test('is public only as one of the known few', () => {
    expect(
      routes.filter(({ access }) => access === 'public').map(({ method, path }) => `${method} ${path}`),
    ).toEqual(expect.arrayContaining(['GET /health', 'GET /payment/plans']));
    expect(routes.filter(({ access }) => access === 'public')).toHaveLength(19);
  });

  test.each(Object.keys(badCredentials))('refuses %s with 401', async (name) => {
    const token = await badCredentials[name]?.();
    const code = token === undefined || token === '' ? 'missing_token' : 'invalid_token';
    const guarded = routes.filter(({ access }) => access !== 'public');
    await inLanes(guarded, async (route) => {
      const { status, json, text } = await ask(route, token);
      const outcome = [route.method, route.path, status, json?.code];
      expect(outcome, text).toEqual([route.method, route.path, 401, code]);
      if (token !== undefined && token.length > 10) expect(text).not.toContain(token);
    });
  });

  test('refuses a customer where only staff may come in', async () => {
    const claims = { role: 'admin', roles: ['admin'], groups: ['admin'] };
    for (const token of [await worker.token('customer'), outside.token({ subject, claims }), legacyToken()]) {
      for (const route of routes.filter(({ access }) => ['viewer', 'admin'].includes(access))) {
        expect([route.path, (await ask(route, token)).status]).toEqual([route.path, 403]);
      }
    }
  });

  test('takes a customer of another issuer for nobody who has an account here, whatever its subject', async () => {
    const person = await newPerson(worker);
    await plantSession(worker, person);
    const tokens = [
      outside.token({ subject: person.id, claims: { email: person.email, sid: randomUUID() } }),
      outside.token({ subject }),
      legacyToken({ sub: person.id }),
    ];
    for (const token of tokens) {
      for (const route of routes.filter(({ access }) => !['public', ...staffAccess].includes(access))) {
        const { status, text } = await ask(route, token);
        expect([401, 500], `${route.method} ${route.path}: ${text}`).not.toContain(status);
        expect(text).not.toContain(person.email);
        if (route.access === 'person') expect([route.path, status]).not.toEqual([route.path, 200]);
      }
    }
  });

  test('lets a viewer read, and change nothing', async () => {
    const token = await worker.token('viewer');
    for (const route of routes.filter(({ access }) => access !== 'public')) {
      const { status } = await ask(route, token);
      if (route.method === 'GET' || (route.access === 'person' && route.isFresh !== true))
        expect([route.path, status]).not.toEqual([route.path, 403]);
      else expect([route.method, route.path, status]).toEqual([route.method, route.path, 403]);
    }
  });

  test('lets a service act for customers that it names, and do nothing else', async () => {
    const token = await worker.token('service');
    for (const route of routes.filter(({ access }) => access !== 'public')) {
      const { status, json, text } = await ask(route, token);
      const outcome = [route.method, route.path, status];
      if (route.access === 'account') {
        expect([401, 403, 500], `${outcome.join(' ')}: ${text}`).not.toContain(status);
        expect(outcome).not.toEqual([route.method, route.path, 200]);
      } else {
        expect([...outcome, json?.code]).toEqual([route.method, route.path, 403, 'forbidden']);
      }
    }
  });

  test('lets nobody but customers and admins have an account of their own', async () => {
    for (const role of ['service', 'viewer'] as const) {
      const token = await worker.token(role);
      for (const route of routes.filter(
        ({ access, method, path }) => access === 'account' && method === 'GET' && !path.includes(':'),
      )) {
        const { status, json, text } = await ask(route, token);
        expect([route.path, status], text).toEqual([route.path, 422]);
        expect([json.code, json.errors[0].pointer]).toEqual(['customer_required', '?customer']);
      }
    }
  });

  test('refuses a customer that names another one, or itself, with 403', async () => {
    const token = await worker.token('customer', subject);
    for (const route of routes.filter(
      ({ access, method, path }) => access === 'account' && method === 'GET' && !path.includes(':'),
    )) {
      const { status } = await ask({ ...route, path: `${route.path}?customer=${subject}` }, token);
      expect([route.path, status]).toEqual([route.path, 403]);
    }
  });

  test('lets an admin through, and ends in no fault', async () => {
    const token = await worker.token('admin');
    for (const route of routes.filter(({ isFresh }) => isFresh !== true)) {
      const { status, text } = await ask(route, token);
      expect([401, 403, 500], `${route.method} ${route.path}: ${text}`).not.toContain(status);
    }
  });

  test('that wants a fresh proof takes no token that comes from no sign-in, nor one of a sign-in that is a while ago', async () => {
    const admin = await newPerson(worker, 'admin');
    const stale = await plantSession(worker, admin);
    await worker.database.query(
      "update sessions set confirmed_at = now() - interval '6 minutes' where user_id = $1",
      [admin.id],
    );
    const wanting = routes.filter(({ isFresh }) => isFresh === true);
    expect(wanting.length).toBeGreaterThan(6);
    for (const route of wanting) {
      for (const token of [await worker.token('admin'), stale]) {
        const { status, json } = await ask(route, token);
        expect([route.path, status, json?.code]).toEqual([route.path, 403, 'reauthentication_required']);
      }
      // Somebody else each time: one of these routes deletes the account.
      const { status, text } = await ask(route, await plantSession(worker, await newPerson(worker, 'admin')));
      expect([401, 403, 500], `${route.method} ${route.path}: ${text}`).not.toContain(status);
    }
  });

  describe.each(['customer', 'service'] as const)('takes a key of a %s', (kind) => {
    const all = kind === 'customer' ? customerScopes : scopes;
    const isOpen = ({ access, scope }: RouteUnderTest) =>
      scope !== undefined &&
      (access === 'account' || (kind === 'customer' ? access === 'customer' : staffAccess.includes(access)));
    const keyWith = async (granted: readonly Scope[]) =>
      (await plantKey(worker, { scopes: granted, ...(kind === 'customer' && { customer: subject }) })).key;

    test('that has all scopes where the kind may come in, and nowhere else', async () => {
      const key = await keyWith(all);
      for (const route of routes.filter(({ access }) => access !== 'public')) {
        const { status, json, text } = await ask(route, key);
        const outcome = [route.method, route.path, status];
        if (isOpen(route) && includesScope(all, route.scope ?? 'metrics:read')) {
          expect([401, 403, 500], `${outcome.join(' ')}: ${text}`).not.toContain(status);
        } else {
          expect([...outcome, json?.code]).toEqual([route.method, route.path, 403, 'forbidden']);
        }
      }
    });

    test('that has the scope of the route alone, and none that has all others', async () => {
      for (const needed of new Set(routes.filter(isOpen).flatMap(({ scope }) => scope ?? []))) {
        const [right, others] = [
          await keyWith([needed]),
          await keyWith(all.filter((scope) => !includesScope([scope], needed))),
        ];
        for (const route of routes.filter((each) => isOpen(each) && each.scope === needed)) {
          const { status, text } = await ask(route, right);
          expect([401, 403, 500], `${route.method} ${route.path}: ${text}`).not.toContain(status);
          const { json } = await ask(route, others);
          expect([route.path, json?.code, json?.needed_scope]).toEqual([
            route.path,
            'insufficient_scope',
            needed,
          ]);
        }
      }
    });
  });

  test('answers on the public list whatever token comes along', async () => {
    for (const route of routes.filter(({ access, method }) => access === 'public' && method === 'GET')) {
      expect([route.path, (await ask(route, 'garbage')).status]).toEqual([route.path, 200]);
    }
  });
});

describe('a path that no route has', () => {
  test.each([
    '/library/content',
    '/payment/plans/',
    '//payment/plans',
    '/payment//plans',
    '/PAYMENT/PLANS',
    '/payment/plans/starter_monthly',
    '/payment/plans%2f',
    '/payment/%70lans/x',
    '/health/',
    '/health/ready/x',
    '/docs/..%2fadmin/pricing/plans',
    '/payment/webhook/x',
    '/admin',
    '/.env',
  ])('%s needs a token, and is not found with one', async (path) => {
    for (const token of [undefined, 'garbage'])
      expect((await worker.request(path, { token })).status).toBe(401);
    expect((await worker.request(path, { token: await worker.token('customer') })).status).toBe(404);
  });

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s on a public path needs a token', async (method) => {
    expect((await worker.request('/payment/plans', { method })).status).toBe(401);
  });

  test('GET on the webhook needs a token', async () => {
    expect((await worker.request('/payment/webhook')).status).toBe(401);
  });
});

describe('a token', () => {
  test('is accepted in the scheme Bearer alone', async () => {
    const token = await worker.token('customer');
    for (const header of [
      token,
      `Basic ${token}`,
      `Bearer  ${token}`,
      `Bearer ${token} x`,
      `Token ${token}`,
    ]) {
      const { status } = await worker.request('/credits/balance', { headers: { Authorization: header } });
      expect([header.slice(0, 8), status]).toEqual([header.slice(0, 8), 401]);
    }
    expect((await worker.request('/credits/balance', { token })).status).toBe(200);
  });

  test('without a role is a customer, and nothing more', async () => {
    const token = await signToken(worker.tokens, without('role'));
    expect((await worker.request('/credits/balance', { token })).status).toBe(200);
    expect((await worker.request('/admin/pricing/plans', { token })).status).toBe(403);
  });

  test('with a key id that nobody knows is judged by its signature', async () => {
    const token = await sign(good('customer'), worker.tokens.secret, 'HS256');
    expect((await worker.request('/credits/balance', { token })).status).toBe(200);
  });
});

describe('what a browser is told', () => {
  test('security headers stand on every answer, refusals included', async () => {
    for (const path of ['/', '/payment/plans', '/library/content', '/docs']) {
      const { headers } = await worker.request(path);
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
      expect(headers.get('Strict-Transport-Security')).toMatch(/max-age=\d+/);
      expect(headers.get('X-Request-Id')).toMatch(/^req_[0-9a-f]{32}$/);
      expect(headers.get('Access-Control-Allow-Origin')).toBeNull();
      expect(headers.get('Access-Control-Allow-Credentials')).toBeNull();
    }
  });
});
