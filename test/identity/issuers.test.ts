import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer, type DevIssuer } from '../../dev/issuer/index.ts';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import { newPerson, plantSession } from '../support/people.ts';
import { hmacToken, nowFor, outsideSigner, ownSigner, signedToken, type Part } from '../support/raw-token.ts';
import { startWorker, type TestRequest, type TestWorker } from '../support/worker.ts';

const legacyIssuer = 'https://old.test';
const previousSecret = 'oLd9fKq3Wm5xTz7bRc1vNy8hJg4sPd6u';
let worker: TestWorker;

let one: DevIssuer;
/** Of its own claims, and one algorithm. */
let two: DevIssuer;
/** Which does not tell its keys at first. */
let cold: DevIssuer;

beforeAll(async () => {
  [one, two, cold] = await Promise.all([
    startIssuer({ issuer: 'https://one.test' }),
    startIssuer({ issuer: 'https://two.test', audience: 'second' }),
    startIssuer({ issuer: 'https://cold.test' }),
  ]);
  const special = {
    ...two.entry,
    audience: ['first', 'second'],
    algorithms: ['ES256'],
    email_claim: 'https://shop.test/email',
    role_claim: 'groups',
    role_values: { billing: 'admin', support: 'viewer' },
  };
  worker = await startWorker({
    variables: {
      JWT_LEGACY_ISSUER: legacyIssuer,
      JWT_SECRET_PREVIOUS: previousSecret,
      OUTSIDE_ISSUERS: JSON.stringify([one.entry, special, cold.entry]),
    },
  });
});

afterAll(async () => {
  await worker.stop();
  await Promise.all([one, two, cold].map((issuer) => issuer.stop()));
});

const balance = (token: string) => worker.request('/credits/balance', { token });
const tokenOfTwo = (subject: string, claims: object = {}) =>
  two.token({ subject, algorithm: 'ES256', claims: { ...claims } });

interface CustomerRow {
  readonly id: string;
  readonly email: string | null;
}

/** Those that a subject of an issuer has, with an identity that acts for them. */
function customersOf(issuer: string, subject: string): Promise<readonly CustomerRow[]> {
  return worker.database.query<CustomerRow & Record<string, unknown>>(
    `select c.id, c.email from external_identities as e join customers as c on c.id = e.customer_id
     where e.issuer = $1 and e.subject = $2`,
    [issuer, subject],
  );
}

describe('a customer of an outside issuer', () => {
  test('is there from the first request on, which costs a call more than those after it', async () => {
    const subject = randomUUID();
    const token = one.token({ subject, claims: { email: 'a@example.com' } });
    const first = await balance(token);
    expect([first.status, first.databaseCalls], first.text).toEqual([200, 2]);
    const second = await balance(one.token({ subject, algorithm: 'EdDSA' }));
    expect([second.status, second.databaseCalls]).toEqual([200, 1]);
    expect(await customersOf(one.issuer, subject)).toMatchObject([{ email: 'a@example.com' }]);
  });

  test('is one, however many first requests come at once, to an isolate that has no keys yet', async () => {
    await worker.restart();
    const subject = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        balance(
          one.token({
            subject: index % 2 === 0 ? subject : randomUUID(),
            claims: { email: 'b@example.com' },
          }),
        ),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await customersOf(one.issuer, subject)).toHaveLength(1);
    const rows = await worker.database.query('select 1 from customers where subject = $1', [subject]);
    expect(rows).toHaveLength(1);
  });

  test('is the one that was there before, with what it has', async () => {
    const subject = randomUUID();
    const [row] = await worker.database.query<{ id: string }>(
      "insert into customers (issuer, subject, email) values ($1, $2, 'old@example.com') returning id",
      [one.issuer, subject],
    );
    expect((await balance(one.token({ subject }))).status).toBe(200);
    expect(await customersOf(one.issuer, subject)).toEqual([{ id: row?.id, email: 'old@example.com' }]);
  });

  test('has the address that it last came with, where that is proven', async () => {
    const subject = randomUUID();
    const emailAfter = async (claims: object) => {
      expect((await balance(one.token({ subject, claims: { ...claims } }))).status).toBe(200);
      return (await customersOf(one.issuer, subject))[0]?.email;
    };
    expect(await emailAfter({ email: 'a@example.com', email_verified: false })).toBeNull();
    expect(await emailAfter({ email: 'a@example.com' })).toBe('a@example.com');
    expect(await emailAfter({ email: 'b@example.com', email_verified: true })).toBe('b@example.com');
    expect(await emailAfter({ email: 'c@example.com', email_verified: 'false' })).toBe('b@example.com');
    expect(await emailAfter({ email: 'nobody' })).toBe('b@example.com');
    expect(await emailAfter({})).toBe('b@example.com');
  });

  test('has the address of the claim that is configured', async () => {
    const subject = randomUUID();
    const claims = { email: 'wrong@example.com', 'https://shop.test/email': 'right@example.com' };
    expect((await balance(tokenOfTwo(subject, claims))).status).toBe(200);
    expect(await customersOf(two.issuer, subject)).toMatchObject([{ email: 'right@example.com' }]);
  });

  test('buys and spends as any other', async () => {
    const token = one.token({ subject: randomUUID() });
    const spent = await worker.request('/credits/spend', { token, body: { amount: 1 } });
    expect([spent.status, spent.json.code]).toEqual([402, 'insufficient_credits']);
  });
});

describe('an outside issuer', () => {
  test('makes no staff by itself, whatever its tokens say', async () => {
    const claims = { role: 'admin', roles: ['admin'], groups: ['billing'], scope: 'admin' };
    const token = one.token({ subject: randomUUID(), claims });
    expect((await worker.request('/admin/pricing/plans', { token })).status).toBe(403);
    expect((await balance(token)).status).toBe(200);
  });

  test.each([
    ['billing', 200, 201],
    [['x', 'support', 'billing'], 200, 201],
    ['support', 200, 403],
    [['support', 1, null], 200, 403],
    ['other', 403, 403],
    ['admin', 403, 403],
    ['constructor', 403, 403],
    [[], 403, 403],
    [{ billing: true }, 403, 403],
    [null, 403, 403],
  ])('makes the staff that configuration maps: %j', async (groups, reads, writes) => {
    const token = tokenOfTwo(randomUUID(), { groups });
    expect((await worker.request('/admin/pricing/plans', { token })).status).toBe(reads);
    const plan = {
      plan_key: `p_${randomUUID().slice(0, 8)}`,
      interval: 'month',
      name: 'P',
      price: 1,
      currency: 'GBP',
      credits: 1,
    };
    expect((await worker.request('/admin/pricing/plans', { token, body: plan })).status).toBe(writes);
  });

  test('signs by the algorithms that are configured for it alone', async () => {
    const statuses = (['ES256', 'RS256', 'EdDSA'] as const).map(
      async (algorithm) => (await balance(two.token({ subject: 'x', algorithm }))).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 401, 401]);
  });

  test('is taken for any of its audiences, and for no other', async () => {
    const statusFor = async (aud: unknown) => (await balance(tokenOfTwo('x', { aud }))).status;
    expect(await statusFor('first')).toBe(200);
    expect(await statusFor(['other', 'second'])).toBe(200);
    expect(await statusFor(one.audience)).toBe(401);
  });

  test('that was never heard is unavailable, and nobody is refused for it, nor is it asked each time', async () => {
    cold.setFault({ status: 500 });
    const asked = cold.requestCount;
    const answers = [
      await balance(cold.token({ subject: 'x' })),
      await balance(cold.token({ subject: 'y' })),
    ];
    for (const { status, json, headers } of answers) {
      expect([status, json.code]).toEqual([503, 'issuer_unavailable']);
      expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
    }
    expect(cold.requestCount).toBe(asked + 1);
    const over = cold.token({ subject: 'x', claims: { iat: 1_700_000_000, exp: 1_700_000_060 } });
    expect((await balance(over)).status).toBe(401);
  });

  test('is not asked again for a key that it does not have', async () => {
    expect((await balance(one.token({ subject: 'x' }))).status).toBe(200);
    const asked = one.requestCount;
    const signer = outsideSigner(one);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => balance(signedToken(signer, { ...signer.header, kid: randomUUID() }))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
    expect(one.requestCount).toBe(asked);
  });
});

describe('the same person at two issuers', () => {
  const links = (customer: string, request: TestRequest) =>
    worker.request(`/admin/customers/${customer}/identities`, request);

  const freshAdmin = async () => plantSession(worker, await newPerson(worker, 'admin'));

  /** Two customers, of one subject. */
  async function twoCustomers() {
    const subject = randomUUID();
    expect((await balance(one.token({ subject }))).status).toBe(200);
    expect((await balance(tokenOfTwo(subject))).status).toBe(200);
    const [[first], [second]] = await Promise.all([
      customersOf(one.issuer, subject),
      customersOf(two.issuer, subject),
    ]);
    return { subject, first: first?.id ?? '', second: second?.id ?? '' };
  }
  const give = async (customer: string) => {
    const body = { credits: 70, reason: 'test' };
    const given = await worker.request(`/admin/customers/${customer}/credits/grant`, {
      token: await worker.token('admin'),
      body,
    });
    expect(given.status, given.text).toBe(200);
  };
  const creditsWith = async (token: string) => (await balance(token)).json.credits.balance;

  test('is two customers until an admin links them, and again after the link is taken away', async () => {
    const person = await newPerson(worker, 'admin');
    const token = await plantSession(worker, person);
    const { subject, first, second } = await twoCustomers();
    expect(first).not.toBe(second);
    await give(first);
    const identity = { issuer: two.issuer, subject };
    expect(await creditsWith(tokenOfTwo(subject))).toBe(0);

    const linked = await links(first, { token, body: identity });
    expect([linked.status, linked.databaseCalls], linked.text).toEqual([200, 2]);
    expect(linked.json.identities).toMatchObject([
      { issuer: one.issuer, subject, is_own: true, linked_by: null },
      { issuer: two.issuer, subject, is_own: false, linked_by: `admin:${person.id}` },
    ]);
    expect(await creditsWith(tokenOfTwo(subject, { 'https://shop.test/email': 'z@example.com' }))).toBe(70);
    expect(await customersOf(two.issuer, subject)).toEqual([{ id: first, email: null }]);
    expect((await links(first, { token, body: identity })).status).toBe(200);
    expect((await links(second, { token })).json.identities).toEqual([]);
    expect((await links(second, { token, body: identity })).json.code).toBe('identity_in_use');

    const taken = await links(first, { token, method: 'DELETE', body: identity });
    expect([taken.status, taken.databaseCalls], taken.text).toEqual([200, 2]);
    expect(await creditsWith(tokenOfTwo(subject))).toBe(0);
    expect(await customersOf(two.issuer, subject)).toMatchObject([{ id: second }]);
    const again = await links(first, { token, method: 'DELETE', body: identity });
    expect([again.status, again.json.code]).toEqual([404, 'identity_not_linked']);
    const events = await worker.database.query(
      `select event_type, actor, details from auth_events where details ->> 'subject' = $1 order by created_at`,
      [subject],
    );
    const details = { customer_id: first, ...identity };
    expect(events).toEqual([
      { event_type: 'identity_linked', actor: `admin:${person.id}`, details },
      { event_type: 'identity_unlinked', actor: `admin:${person.id}`, details },
    ]);
  });

  test('can be linked before it was ever seen, and once, of twenty admins at once', async () => {
    const token = await freshAdmin();
    const targets = await Promise.all([twoCustomers(), twoCustomers()]);
    const identity = { issuer: two.issuer, subject: randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        links(targets[index % 2]?.first ?? '', { token, body: identity }),
      ),
    );
    const customers = await customersOf(two.issuer, identity.subject);
    expect(customers).toHaveLength(1);
    const winner = targets.findIndex(({ first }) => first === customers[0]?.id);
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map((_, index) => (index % 2 === winner ? 200 : 409)),
    );
  });

  test('is not linked where its own customer has something', async () => {
    const token = await freshAdmin();
    const { subject, first, second } = await twoCustomers();
    await give(second);
    const refused = await links(first, { token, body: { issuer: two.issuer, subject } });
    expect([refused.status, refused.json.code]).toEqual([409, 'identity_in_use']);
    expect(await customersOf(two.issuer, subject)).toMatchObject([{ id: second }]);
    const atStripe = await twoCustomers();
    await worker.database.query('update customers set stripe_customer_id = $2 where id = $1', [
      atStripe.second,
      `cus_${randomUUID()}`,
    ]);
    const body = { issuer: two.issuer, subject: atStripe.subject };
    expect((await links(atStripe.first, { token, body })).json.code).toBe('identity_in_use');
  });

  test.each([
    ['an issuer that nobody configured', 'https://evil.test', 'unknown_issuer'],
    ['a user of ours', undefined, 'own_issuer'],
  ])('is not linked for %s', async (_, issuer, code) => {
    const token = await freshAdmin();
    const { first } = await twoCustomers();
    const body = { issuer: issuer ?? worker.tokens.issuer, subject: randomUUID() };
    const { status, json } = await links(first, { token, body });
    expect([status, json.code, json.errors[0].pointer]).toEqual([422, code, '/issuer']);
  });

  test('can be linked to a user of ours, and to a customer of the old back end', async () => {
    const token = await freshAdmin();
    const person = await newPerson(worker);
    const ours = await plantSession(worker, person);
    const subject = randomUUID();
    await worker.database.query('insert into customers (issuer, subject) values ($1, $2)', [
      worker.tokens.issuer,
      person.id,
    ]);
    expect((await links(person.id, { token, body: { issuer: one.issuer, subject } })).status).toBe(200);
    await give(person.id);
    expect(await creditsWith(one.token({ subject }))).toBe(70);
    expect(await creditsWith(ours)).toBe(70);
    const old = { issuer: legacyIssuer, subject: randomUUID() };
    expect((await links(person.id, { token, body: old })).status).toBe(200);
    const legacy = hmacToken(
      worker.tokens.secret,
      { alg: 'HS256' },
      { sub: old.subject, exp: nowFor(600).exp },
    );
    expect(await creditsWith(legacy)).toBe(70);
  });

  test('is linked by an admin alone, who has just proven who it is; a viewer may look', async () => {
    const { first, subject } = await twoCustomers();
    const body = { issuer: two.issuer, subject };
    const viewer = await plantSession(worker, await newPerson(worker, 'viewer'));
    const looked = await links(first, { token: viewer });
    expect([looked.status, looked.databaseCalls]).toEqual([200, 1]);
    expect((await links(first, { token: viewer, body })).status).toBe(403);
    const script = await links(first, { token: await worker.token('admin'), body });
    expect([script.status, script.json.code]).toEqual([403, 'reauthentication_required']);
    const mapped = await links(first, { token: tokenOfTwo(randomUUID(), { groups: 'billing' }), body });
    expect([mapped.status, mapped.json.code]).toEqual([403, 'reauthentication_required']);
    const nobody = await links(randomUUID(), { token: viewer });
    expect([nobody.status, nobody.json.code]).toEqual([404, 'customer_not_found']);
    const token = await freshAdmin();
    for (const method of ['POST', 'DELETE']) {
      const { status, json } = await links(randomUUID(), { token, method, body });
      expect([status, json.code]).toEqual([404, 'customer_not_found']);
    }
  });
});

describe('a token of the old back end', () => {
  const header = { alg: 'HS256', typ: 'JWT' };
  const sign = (claims: Part, secret = worker.tokens.secret, head: Part = header) =>
    hmacToken(secret, head, claims);
  const askWith = (token: string, path = '/credits/balance') => worker.request(path, { token });
  const inDays = (days: number) => nowFor(days * 86_400).exp;

  test.each([
    ['as little as it had', () => ({ sub: 'user-1', exp: inDays(1) })],
    ['its own issuer', () => ({ iss: legacyIssuer, sub: 'user-1', exp: inDays(1) })],
    ['our audience', () => ({ aud: worker.tokens.audience, sub: 'user-1', exp: inDays(1) })],
    ['a number as subject', () => ({ sub: 17, exp: inDays(1) })],
    ['a life of 29 days', () => ({ sub: 'user-1', iat: nowFor(0).iat, exp: inDays(29) })],
    ['the type access', () => ({ sub: 'user-1', type: 'access', typ: 'access', exp: inDays(1) })],
    ['claims of its own', () => ({ sub: 'user-1', user: { plan: 'pro' }, exp: inDays(1) + 0.5 })],
  ])('is taken with %s, signed by either secret', async (_, claims) => {
    for (const secret of [worker.tokens.secret, previousSecret]) {
      expect((await askWith(sign(claims(), secret))).status).toBe(200);
    }
    expect((await askWith(sign(claims(), worker.tokens.secret, { alg: 'HS256', kid: 'old' }))).status).toBe(
      200,
    );
    expect((await askWith(sign(claims(), `${previousSecret}x`))).status).toBe(401);
  });

  test.each([
    ['no exp', () => ({ sub: 'user-1' })],
    ['exp as text', () => ({ sub: 'user-1', exp: String(inDays(1)) })],
    ['an end that is past', () => ({ sub: 'user-1', exp: nowFor(-5).exp })],
    ['a life of 31 days', () => ({ sub: 'user-1', exp: inDays(31) })],
    ['no subject', () => ({ exp: inDays(1) })],
    ['a fraction as subject', () => ({ sub: 1.5, exp: inDays(1) })],
    ['null as subject', () => ({ sub: null, exp: inDays(1) })],
    ['a huge number as subject', () => ({ sub: 2 ** 53, exp: inDays(1) })],
    ['another issuer', () => ({ iss: 'https://evil.test', sub: 'user-1', exp: inDays(1) })],
    ['an empty issuer', () => ({ iss: '', sub: 'user-1', exp: inDays(1) })],
    ['null as issuer', () => ({ iss: null, sub: 'user-1', exp: inDays(1) })],
    ['another audience', () => ({ aud: 'other', sub: 'user-1', exp: inDays(1) })],
    ['a refresh token’s typ', () => ({ typ: 'refresh', sub: 'user-1', exp: inDays(1) })],
    ['a refresh token’s type', () => ({ type: 'refresh', sub: 'user-1', exp: inDays(1) })],
    ['a refresh token’s token_type', () => ({ token_type: 'refresh', sub: 'user-1', exp: inDays(1) })],
    ['a purpose', () => ({ purpose: 'reset-password', sub: 'user-1', exp: inDays(1) })],
    ['issue in the future', () => ({ iat: inDays(1), sub: 'user-1', exp: inDays(2) })],
  ])('is refused with %s', async (_, claims) => {
    const { status, json } = await askWith(sign(claims()));
    expect([status, json.code]).toEqual([401, 'invalid_token']);
  });

  test.each(['admin', 'viewer', 'service', ['admin']])(
    'is a customer’s whatever role it claims: %j',
    async (role) => {
      const token = sign({ sub: randomUUID(), role, roles: role, is_admin: true, exp: inDays(1) });
      expect((await askWith(token)).status).toBe(200);
      expect((await askWith(token, '/admin/pricing/plans')).status).toBe(403);
    },
  );

  test('cannot be one of ours with a claim left out', async () => {
    const { iss: _, ...claims } = accessClaims(worker.tokens, { subject: 'x', role: 'admin' }, 600);
    expect((await askWith(await signToken(worker.tokens, claims))).status).toBe(401);
    const { jti: __, ...withIssuer } = ownSigner(worker.tokens).claims();
    expect((await askWith(signedToken(ownSigner(worker.tokens), header, withIssuer))).status).toBe(401);
  });

  test('is another customer than one of ours with the same subject', async () => {
    const subject = randomUUID();
    const old = await askWith(sign({ sub: subject, exp: inDays(1) }));
    expect(old.status).toBe(200);
    const rows = await worker.database.query<{ issuer: string }>(
      'select issuer from customers where subject = $1',
      [subject],
    );
    expect(rows.map(({ issuer }) => issuer)).not.toContain(worker.tokens.issuer);
  });
});
