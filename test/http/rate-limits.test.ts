import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { inLanes } from '../../src/core/lanes.ts';
import { rateLimits, type RateLimitName } from '../../src/http/rate-limits.ts';
import { networkOf } from '../../src/http/origin.ts';
import { hashOf } from '../../src/identity/secrets.ts';
import { newKey } from '../../src/identity/api-key.ts';
import { plantKey } from '../support/keys.ts';
import { givePassword, newPerson, newSession } from '../support/people.ts';
import { startWorker, type TestAnswer, type TestRequest, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({
    variables: { RATE_LIMITS: undefined, CORS_ORIGINS: 'https://shop.test' },
  });
});
afterAll(() => worker.stop());

let addresses = 0;
const newAddress = () => `198.51.100.${(addresses += 1)}`;

/** Asks so many times, from one address. */
async function askFrom(
  address: string,
  times: number,
  path: string,
  { headers, ...request }: TestRequest = {},
): Promise<readonly TestAnswer[]> {
  const from = { ...request, headers: { ...headers, 'CF-Connecting-IP': address } };
  return repeat(times, () => worker.request(path, from));
}

/** A few at a time: this is no load test. */
async function repeat<Result>(
  times: number,
  work: (index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  await inLanes(
    Array.from({ length: times }, (_, index) => index),
    async (index) => {
      results.push(await work(index));
    },
  );
  return results;
}

const refused = (answers: readonly TestAnswer[]) => answers.filter(({ status }) => status === 429);
/** More than two windows let through: a minute that ends meanwhile changes nothing. */
const tooMany = (name: RateLimitName) => 2 * rateLimits[name].quota + 1;

/** The quota is let through, and somebody else's after it; what is beyond is refused, with all that it is told by. */
async function expectLimit(name: RateLimitName, path: string, request: TestRequest = {}): Promise<void> {
  const address = newAddress();
  const within = await askFrom(address, rateLimits[name].quota, path, request);
  expect(refused(within)).toEqual([]);
  const policy = `"${name}";q=${rateLimits[name].quota};w=60`;
  for (const { headers } of within) expect(headers.get('RateLimit-Policy')).toContain(policy);
  const [beyond] = refused(await askFrom(address, rateLimits[name].quota + 1, path, request));
  expect(beyond?.json).toMatchObject({ status: 429, code: 'too_many_requests', errors: [] });
  expect(beyond?.headers.get('Content-Type')).toBe('application/problem+json');
  expect(beyond?.headers.get('Retry-After')).toBe('60');
  expect(beyond?.headers.get('RateLimit')).toBe(`"${name}";r=0;t=60`);
  expect(beyond?.headers.get('RateLimit-Policy')).toBe(policy);
  expect(beyond?.databaseCalls).toBe(0);
  expect(refused(await askFrom(newAddress(), 1, path, request))).toEqual([]);
}

test('the figures that clients are told are those of wrangler.toml', async () => {
  const file = await readFile('wrangler.toml', 'utf8');
  const found = [
    ...file.matchAll(
      /\[\[ratelimits]]\nname = "(\w+)_LIMIT"\nnamespace_id = "(\d+)"\nsimple = \{ limit = (\d+), period = (\d+) }/g,
    ),
  ].map(([, name = '', , limit, period]) => ({
    name: name.toLowerCase(),
    quota: Number(limit),
    windowSeconds: Number(period),
  }));
  expect(found).toEqual(Object.values(rateLimits));
  expect(found.map(({ quota }) => quota)).toEqual([5, 30, 100, 6000]);
});

describe('an address', () => {
  test.each([
    ['auth', '/auth/sign-in', { body: { email: 'nobody@example.com', password: 'something long' } }],
    ['auth', '/auth/sign-in/code', { body: {} }],
    ['auth', '/auth/confirm', { body: {} }],
    ['public', '/payment/plans', {}],
    ['public', '/auth/refresh', { body: {} }],
    ['public', '/docs', {}],
    ['public', '/', {}],
  ] as const)('is limited as %s at %s', async (name, path, request) => {
    await expectLimit(name, path, request);
  });

  test.each([
    ['without a token', {}],
    ['with a token that is none', { token: 'garbage' }],
    ['with a key that is none', { token: `rc_test_${'a'.repeat(12)}_${'b'.repeat(43)}` }],
    ['with a header that is none', { headers: { Authorization: 'Basic Zm9vOmJhcg==' } }],
    ['with a cookie that is none', { headers: { Cookie: `__Host-session=rcs_${'a'.repeat(43)}` } }],
  ] as const)('%s is limited as everybody is', async (_, request) => {
    await expectLimit('general', '/credits/balance', request);
  });

  test('is limited as general by a good token too, whoever it is of, and whether the path exists', async () => {
    const address = newAddress();
    const ask = async () => {
      const token = await worker.token('customer');
      return askFrom(address, 1, '/library/content', { token });
    };
    const answers = (await repeat(tooMany('general'), ask)).flat();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404, 429]));
  });

  test('is what Cloudflare tells, and nothing that a client says', async () => {
    const headers = () => ({
      'X-Forwarded-For': newAddress(),
      'X-Real-IP': newAddress(),
      'True-Client-IP': newAddress(),
      Forwarded: `for=${newAddress()}`,
    });
    const address = newAddress();
    const answers = await repeat(tooMany('public'), () =>
      askFrom(address, 1, '/credits/costs', { headers: headers() }),
    );
    expect(refused(answers.flat()).length).toBeGreaterThan(0);
  });

  test('of IPv6 counts with all of its network', async () => {
    const answers = await repeat(tooMany('public'), (index) =>
      askFrom(`2001:db8:1:2::${index.toString(16)}`, 1, '/credits/costs'),
    );
    expect(refused(answers.flat()).length).toBeGreaterThan(0);
    expect(refused(await askFrom('2001:db8:1:3::1', 1, '/credits/costs'))).toEqual([]);
    expect(networkOf('2001:DB8::1')).toBe(networkOf('2001:0db8:0:0:ffff:1:2:3'));
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
    expect(networkOf('203.0.113.7')).toBe('203.0.113.7');
  });
});

describe('a machine', () => {
  test('is counted for itself, and never for its address', async () => {
    const token = await worker.token('service');
    const answers = await askFrom(newAddress(), tooMany('general'), '/credits/balance', { token });
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([422]));
    for (const { headers } of answers) expect(headers.get('RateLimit-Policy')).toBe('"machine";q=6000;w=60');
  });
});

describe('a key', () => {
  test('is counted for itself, and one that is made up for the address that brings it', async () => {
    const address = newAddress();
    const { key } = await plantKey(worker, { scopes: ['credits:read'] });
    const guesses = await repeat(tooMany('general'), () =>
      askFrom(address, 1, '/credits/balance', { token: newKey('test', randomUUID().slice(-12)) }),
    );
    expect(new Set(guesses.flat().map(({ status }) => status))).toEqual(new Set([401, 429]));
    const lookedUp = guesses.flat().filter(({ databaseCalls }) => databaseCalls > 0);
    expect(lookedUp.length).toBeLessThanOrEqual(rateLimits.general.quota + 5);
    const [fromElsewhere] = await askFrom(newAddress(), 1, '/credits/balance', { token: key });
    expect(fromElsewhere?.headers.get('RateLimit-Policy')).toBe('"machine";q=6000;w=60');
    // Known here by now, it is let in from the address that guesses, too.
    const [fromThere] = await askFrom(address, 1, '/credits/balance', { token: key });
    expect(fromThere?.status).toBe(422);
    const [unknown] = await askFrom(address, 1, '/credits/balance', {
      token: (await plantKey(worker, { scopes: ['credits:read'] })).key,
    });
    expect([unknown?.status, unknown?.databaseCalls]).toEqual([429, 0]);
  });

  test('is not taken for a guess while the database is down', async () => {
    const address = newAddress();
    const { key } = await plantKey(worker, { scopes: ['credits:read'] });
    worker.gateway.setFault(() => 'error');
    const down = await askFrom(address, tooMany('general'), '/credits/balance', { token: key });
    worker.gateway.setFault(undefined);
    expect(new Set(down.map(({ status }) => status))).toEqual(new Set([503]));
    const [up] = await askFrom(address, 1, '/credits/balance', { token: key });
    expect(up?.status).toBe(422);
  });
});

/** What an installation is configured with whose rate limiter does this; nothing else is asked for here. */
const environmentWith = (limit: () => Promise<unknown>) => ({
  DATABASE_URL: worker.database.url,
  JWT_SECRET: worker.tokens.secret,
  JWT_ISSUER: worker.tokens.issuer,
  JWT_AUDIENCE: worker.tokens.audience,
  STRIPE_SECRET_KEY: worker.stripe.apiKey,
  STRIPE_WEBHOOK_SECRET: worker.stripe.webhookSecret,
  CHECKOUT_SUCCESS_URL: 'https://shop.test/success',
  CHECKOUT_CANCEL_URL: 'https://shop.test/cancel',
  PORTAL_RETURN_URL: 'https://shop.test/account',
  AUTH_ENC_KEY: `1:${randomBytes(32).toString('base64')}`,
  PUBLIC_URL: 'https://ratecard.test',
  CATALOGUE: {},
  WEBHOOK_QUEUE: {},
  ...Object.fromEntries(Object.keys(rateLimits).map((name) => [`${name.toUpperCase()}_LIMIT`, { limit }])),
});

test.each([
  ['refuses', () => Promise.reject(new Error('the limiter is down'))],
  [
    'throws',
    () => {
      throw new Error('the limiter is down');
    },
  ],
] as const)('a limiter that %s lets through, which is logged', async (_, limit) => {
  const lines = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    const answer = await createApp().request('/openapi.json', {}, environmentWith(limit));
    expect([answer.status, answer.headers.get('RateLimit-Policy')], await answer.text()).toEqual([
      200,
      '"public";q=30;w=60',
    ]);
    expect(lines.mock.calls.map(([line]) => JSON.parse(String(line)))).toMatchObject([
      { event: 'rate_limiter_failed', limit: 'public' },
    ]);
  } finally {
    lines.mockRestore();
  }
});

describe('who is never limited', () => {
  test.each([
    ['/payment/webhook', { body: '{}' }, 400],
    ['/health', {}, 200],
    ['/health/ready', {}, 200],
  ] as const)('%s', async (path, request, expected) => {
    const answers = await askFrom(newAddress(), tooMany('general'), path, request);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([expected]));
    expect(answers.filter(({ headers }) => headers.has('RateLimit-Policy'))).toEqual([]);
  });
});

describe('what the database counts', () => {
  const setCount = (bucket: string, count: number) =>
    worker.database.query(
      `insert into rate_limits (bucket, count, ends_at) values ($1, $2, now() + interval '10 minutes')
       on conflict (bucket) do update set count = $2`,
      [bucket, count],
    );
  const accountBucket = async (email: string) => `sign_in:account:${await hashOf(email)}`;
  const countOf = async (like: string) =>
    worker.database.query<{ bucket: string; count: number }>(
      'select bucket, count from rate_limits where bucket like $1',
      [like],
    );

  test('an answer tells what is left of it, for every address and account by itself', async () => {
    const person = await newPerson(worker);
    const first = await givePassword(worker, person);
    const second = await givePassword(worker, person);
    const states = [first, second].map(({ headers }) => headers.get('RateLimit'));
    expect(states[0]).toMatch(/^"sign-in";r=29;t=\d+$/);
    expect(states[1]).toMatch(/^"sign-in";r=28;t=\d+$/);
    expect(second.headers.get('RateLimit-Policy')).toBe('"auth";q=5;w=60, "sign-in";q=30;w=900');
  });

  test('an account is limited across addresses, whether there is one or not, before any hashing', async () => {
    const person = await newPerson(worker);
    await setCount(await accountBucket(person.email), 30);
    const { status, json, headers, databaseCalls } = await givePassword(worker, person);
    expect([status, json.code, databaseCalls]).toEqual([429, 'too_many_requests', 1]);
    const [, reset] = /^"sign-in";r=0;t=(\d+)$/.exec(headers.get('RateLimit') ?? '') ?? [];
    expect(headers.get('Retry-After')).toBe(reset);
    expect(Number(reset)).toBeGreaterThan(0);
    expect((await givePassword(worker, await newPerson(worker))).status).toBe(200);

    const nobody = { email: `${randomUUID()}@example.com`, password: 'something long enough' };
    await setCount(await accountBucket(nobody.email), 28);
    const answers = await Promise.all(Array.from({ length: 4 }, () => givePassword(worker, nobody)));
    expect(answers.map(({ status: each }) => each).toSorted()).toEqual([401, 401, 429, 429]);
  });

  test('an address is limited across accounts', async () => {
    const address = newAddress();
    await setCount(`sign_in:address:${address}`, 100);
    const person = await newPerson(worker);
    const body = { email: person.email, password: person.password };
    const [limited] = await askFrom(address, 1, '/auth/sign-in', { body });
    expect([limited?.status, limited?.headers.get('RateLimit')]).toEqual([
      429,
      expect.stringMatching(/^"sign-in";r=0;t=\d+$/),
    ]);
    await askFrom('2001:db8:7:7::1', 1, '/auth/sign-in', { body });
    await askFrom('2001:db8:7:7::2', 1, '/auth/sign-in', { body });
    expect(await countOf('sign_in:address:2001:db8:7:7::/64')).toMatchObject([{ count: 2 }]);
  });

  test('a confirmation is limited for its account', async () => {
    const { accessToken: token, person } = await newSession(worker);
    await setCount(`confirm:account:${person.id}`, 30);
    const { status, headers } = await worker.request('/auth/confirm', {
      token,
      body: { password: person.password },
    });
    expect([status, headers.get('RateLimit')]).toEqual([429, expect.stringMatching(/^"confirm";r=0;t=\d+$/)]);
  });
});

test('a page of another origin may read what it is told of limits', async () => {
  const { headers } = await worker.request('/payment/plans', { headers: { Origin: 'https://shop.test' } });
  const exposed = headers.get('Access-Control-Expose-Headers')?.split(',') ?? [];
  expect(exposed).toEqual(expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After']));
});
