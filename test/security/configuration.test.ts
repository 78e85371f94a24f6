import { afterEach, describe, expect, test } from 'vitest';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import { checkVariables, parseEnv } from '../../src/env.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

const goodVariables = {
  DATABASE_URL: 'postgres://role:word@db.example.neon.tech/ratecard',
  JWT_SECRET: 'qkX2vR9tLw7nZc4bYh8mJd3sPf6gUa1e',
  JWT_ISSUER: 'https://shop.test',
  JWT_AUDIENCE: 'ratecard',
  STRIPE_SECRET_KEY: 'sk_test_4eC39HqLyjWDarjtT1zdp7dc',
  STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef0123',
  CHECKOUT_SUCCESS_URL: 'https://shop.test/success',
  CHECKOUT_CANCEL_URL: 'https://shop.test/cancel',
  PORTAL_RETURN_URL: 'https://shop.test/account',
  AUTH_ENC_KEY: `1:${Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString('base64')}`,
  PUBLIC_URL: 'https://billing.shop.test',
};

const goodIssuer = {
  issuer: 'https://accounts.shop.test',
  audience: 'ratecard',
  jwks_url: 'https://accounts.shop.test/jwks.json',
};
const issuers = (...entries: unknown[]) => JSON.stringify(entries);

const goodMail = {
  MAIL_API_URL: 'https://api.resend.com/emails',
  MAIL_API_KEY: 're_123456789',
  MAIL_FROM: 'Ratecard <ratecard@shop.test>',
};

/** 32 bytes that look random. */
const key = (seed: number) =>
  Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37 + seed * 101) % 256)).toString('base64');

const problemsWith = (changes: Record<string, string | undefined>) => {
  const result = checkVariables({ ...goodVariables, ...changes });
  return result.ok ? [] : result.problems.map(({ variable }) => variable);
};

describe('the configuration', () => {
  test('is accepted when every variable is good', () => {
    expect(problemsWith({})).toEqual([]);
  });

  test.each(Object.keys(goodVariables))('is refused without %s, or with an empty one', (variable) => {
    expect(problemsWith({ [variable]: undefined })).toEqual([variable]);
    expect(problemsWith({ [variable]: '' })).toEqual([variable]);
  });

  test.each([
    ['too short', 'qkX2vR9tLw7nZc4bYh8mJd3sPf6gUa1'],
    ['too few distinct characters', 'abcabcabcabcabcabcabcabcabcabcabcabcabc'],
    ['the placeholder of the old back end', 'your-secret-key-change-in-production'],
    ['another placeholder', 'please-CHANGE_ME-0123456789-abcdefghijkl'],
    ['the word secret-key', 'this-is-my-secret-key-for-signing-tokens'],
  ])('is refused with a JWT_SECRET that is %s', (_, value) => {
    expect(problemsWith({ JWT_SECRET: value })).toEqual(['JWT_SECRET']);
    expect(problemsWith({ JWT_SECRET_PREVIOUS: value })).toEqual(['JWT_SECRET_PREVIOUS']);
  });

  test.each([
    ['DATABASE_URL', 'mysql://a:b@host/db'],
    ['JWT_LEGACY_ISSUER', goodVariables.JWT_ISSUER],
    ['STRIPE_SECRET_KEY', 'pk_test_4eC39HqLyjWDarjtT1zdp7dc'],
    ['STRIPE_WEBHOOK_SECRET', 'secret'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_0123456789abcdef0123,other'],
    ['STRIPE_API_BASE', 'https://evil.example/'],
    ['CLOCK_URL', 'https://evil.example/time'],
    ['CLOCK_URL', 'nonsense'],
    ['LOOPBACK_ENDPOINTS', 'true'],
    ['RATE_LIMITS', 'on'],
    ['DATABASE_FETCH_ENDPOINT', 'https://evil.example/sql'],
    ['CHECKOUT_SUCCESS_URL', 'javascript:alert(1)'],
    ['CORS_ORIGINS', 'nonsense'],
    ['ALERT_FAILURES', '0'],
    ['ALERT_FAILURES', '101'],
    ['ALERT_FAILURES', '5.5'],
    ['AUTH_ENC_KEY', key(1)],
    ['AUTH_ENC_KEY', `1:${key(1)}, 1:${key(2)}`],
    ['AUTH_ENC_KEY', `1:${key(1)},`],
    ['AUTH_ENC_KEY', `0:${key(1)}`],
    ['AUTH_ENC_KEY', `1:${Buffer.alloc(16, 'abcdefghijklmnop').toString('base64')}`],
    ['AUTH_ENC_KEY', `1:${Buffer.alloc(32).toString('base64')}`],
    ['AUTH_ENC_KEY', `1:${Buffer.alloc(32, 'password').toString('base64')}`],
  ])('is refused with %s=%s', (variable, value) => {
    expect(problemsWith({ [variable]: value })).toEqual([variable]);
  });

  test.each([
    ['MAIL_API_URL', 'http://api.resend.com/emails'],
    ['MAIL_API_URL', 'https://user:word@api.resend.com/emails'],
    ['MAIL_API_URL', 'nonsense'],
    ['MAIL_API_KEY', 're_1 2'],
    ['MAIL_API_KEY', 're_1\nX-Other: 1'],
    ['MAIL_FROM', 'ratecard'],
    ['MAIL_FROM', 'Ratecard <ratecard>'],
    ['MAIL_FROM', 'Shop, Inc <ratecard@shop.test>'],
    ['MAIL_FROM', 'a@shop.test, b@shop.test'],
    ['MAIL_FROM', 'Ratecard <a@shop.test>\r\nBcc: b@shop.test'],
    ['MAIL_FROM', 'Rate\ncard <a@shop.test>'],
    ['MAIL_FROM', 'b@shop.test <a@shop.test>'],
  ])('is refused with %s=%j', (variable, value) => {
    expect(problemsWith({ ...goodMail, [variable]: value })).toEqual([variable]);
  });

  test('takes outside issuers, and says what is left out', () => {
    const special = {
      issuer: 'https://other.test',
      audience: ['a', 'b'],
      jwks_url: 'https://other.test/jwks',
      algorithms: ['EdDSA'],
      email_claim: 'mail',
      role_claim: 'groups',
      role_values: { staff: 'viewer', root: 'admin' },
    };
    const result = checkVariables({ ...goodVariables, OUTSIDE_ISSUERS: issuers(goodIssuer, special) });
    expect(result.ok && result.config.outsideIssuers).toEqual([
      {
        issuer: goodIssuer.issuer,
        audience: ['ratecard'],
        jwksUrl: new URL(goodIssuer.jwks_url),
        algorithms: ['RS256', 'ES256', 'EdDSA'],
        emailClaim: 'email',
        role: undefined,
      },
      {
        issuer: special.issuer,
        audience: ['a', 'b'],
        jwksUrl: new URL(special.jwks_url),
        algorithms: ['EdDSA'],
        emailClaim: 'mail',
        role: {
          claim: 'groups',
          values: new Map([
            ['staff', 'viewer'],
            ['root', 'admin'],
          ]),
        },
      },
    ]);
    for (const none of [undefined, '', '[]']) {
      const without = checkVariables({ ...goodVariables, OUTSIDE_ISSUERS: none });
      expect(without.ok && without.config.outsideIssuers).toEqual([]);
    }
  });

  test.each([
    ['no JSON', 'nonsense'],
    ['no list', JSON.stringify(goodIssuer)],
    ['text', issuers('https://accounts.shop.test')],
    ['null', issuers(null)],
    ['no issuer', issuers({ ...goodIssuer, issuer: undefined })],
    ['an empty issuer', issuers({ ...goodIssuer, issuer: '' })],
    ['a number as issuer', issuers({ ...goodIssuer, issuer: 1 })],
    ['no audience', issuers({ ...goodIssuer, audience: undefined })],
    ['an empty audience', issuers({ ...goodIssuer, audience: '' })],
    ['an empty list of audiences', issuers({ ...goodIssuer, audience: [] })],
    ['no jwks_url', issuers({ ...goodIssuer, jwks_url: undefined })],
    ['keys by plain HTTP', issuers({ ...goodIssuer, jwks_url: 'http://accounts.shop.test/jwks' })],
    ['keys from this machine', issuers({ ...goodIssuer, jwks_url: 'http://127.0.0.1:4000/jwks' })],
    ['a user in the URL', issuers({ ...goodIssuer, jwks_url: 'https://a:b@accounts.shop.test/jwks' })],
    ['a URL of another kind', issuers({ ...goodIssuer, jwks_url: 'file:///etc/passwd' })],
    ['a shared secret', issuers({ ...goodIssuer, algorithms: ['HS256'] })],
    ['no signature', issuers({ ...goodIssuer, algorithms: ['none'] })],
    ['no algorithm', issuers({ ...goodIssuer, algorithms: [] })],
    ['an algorithm twice', issuers({ ...goodIssuer, algorithms: ['ES256', 'ES256'] })],
    ['a claim of a role without values', issuers({ ...goodIssuer, role_claim: 'role' })],
    ['values of a role without a claim', issuers({ ...goodIssuer, role_values: { a: 'admin' } })],
    ['no values of a role', issuers({ ...goodIssuer, role_claim: 'role', role_values: {} })],
    [
      'a role that is not to be given',
      issuers({ ...goodIssuer, role_claim: 'r', role_values: { a: 'service' } }),
    ],
    ['a member that nobody knows', issuers({ ...goodIssuer, jwks_uri: 'https://x.test' })],
    ['an issuer twice', issuers(goodIssuer, goodIssuer)],
    ['our own issuer', issuers({ ...goodIssuer, issuer: goodVariables.JWT_ISSUER })],
    ['the old back end', issuers({ ...goodIssuer, issuer: 'https://old.test' })],
  ])('is refused with outside issuers of which one has %s', (_, value) => {
    const changes = { OUTSIDE_ISSUERS: value, JWT_LEGACY_ISSUER: 'https://old.test' };
    expect(problemsWith(changes)).toEqual(['OUTSIDE_ISSUERS']);
  });

  test('says which member of which issuer is wrong', () => {
    const reasonOf = (...entries: unknown[]) => {
      const result = checkVariables({ ...goodVariables, OUTSIDE_ISSUERS: issuers(...entries) });
      return result.ok ? undefined : result.problems[0]?.reason;
    };
    const other = { ...goodIssuer, issuer: 'https://other.test' };
    expect(reasonOf(goodIssuer, { ...other, algorithms: ['private'] })).toMatch(
      /^entry 2: algorithms must be/,
    );
    expect(reasonOf({ ...goodIssuer, audience: 1 })).toMatch(/^entry 1: audience/);
    expect(reasonOf({ ...goodIssuer, jwks_url: 'private' })).toMatch(
      /^entry 1: jwks_url must be an https URL/,
    );
    expect(reasonOf({ ...goodIssuer, role_claim: 'r', role_values: { private: 'private' } })).toMatch(
      /^entry 1: role_values must map/,
    );
    for (const changes of [
      { issuer: 'private'.repeat(100) },
      { audience: ['private'.repeat(100)] },
      { jwks_url: 'http://private.test' },
      { algorithms: ['private'] },
      { role_claim: 'private' },
      { private: 'private' },
      { role_claim: 'private', role_values: { private: 'private' } },
    ]) {
      expect(reasonOf({ ...goodIssuer, ...changes })).toBeDefined();
      expect(reasonOf({ ...goodIssuer, ...changes })).not.toMatch(/private/);
    }
  });

  test('takes an issuer of this machine where that is allowed', () => {
    const local = issuers({ ...goodIssuer, jwks_url: 'http://127.0.0.1:4000/jwks' });
    expect(problemsWith({ OUTSIDE_ISSUERS: local, LOOPBACK_ENDPOINTS: 'allowed' })).toEqual([]);
    const elsewhere = issuers({ ...goodIssuer, jwks_url: 'http://10.0.0.1/jwks' });
    expect(problemsWith({ OUTSIDE_ISSUERS: elsewhere, LOOPBACK_ENDPOINTS: 'allowed' })).toEqual([
      'OUTSIDE_ISSUERS',
    ]);
  });

  test('knows no mail unless it is configured', () => {
    const result = checkVariables(goodVariables);
    expect(result.ok && result.config).toMatchObject({ mail: undefined });
  });

  test('takes a mail provider, on this machine by plain HTTP too', () => {
    for (const url of [goodMail.MAIL_API_URL, 'http://127.0.0.1:4000/emails']) {
      const result = checkVariables({ ...goodVariables, ...goodMail, MAIL_API_URL: url });
      expect(result.ok && result.config.mail).toEqual({
        from: { address: 'ratecard@shop.test', name: 'Ratecard' },
        provider: { url, key: 're_123456789' },
      });
    }
  });

  test.each([
    [['MAIL_API_URL'], ['MAIL_API_KEY', 'MAIL_FROM']],
    [['MAIL_API_KEY'], ['MAIL_API_URL', 'MAIL_FROM']],
    [['MAIL_API_URL', 'MAIL_API_KEY'], ['MAIL_FROM']],
    [['MAIL_API_URL', 'MAIL_FROM'], ['MAIL_API_KEY']],
    [['MAIL_API_KEY', 'MAIL_FROM'], ['MAIL_API_URL']],
  ])('with %j alone misses %j: no mail is half configured', (given, missing) => {
    const some = Object.fromEntries(Object.entries(goodMail).filter(([name]) => given.includes(name)));
    expect(problemsWith(some)).toEqual(missing);
  });

  test('takes several keys that seal, the first one first', () => {
    const result = checkVariables({ ...goodVariables, AUTH_ENC_KEY: `2:${key(2)}, 1:${key(1)}` });
    expect(result.ok && result.config.sealingKeys.map(({ version }) => version)).toEqual(['2', '1']);
  });

  test('takes several webhook secrets, for the time of a roll', () => {
    const result = checkVariables({
      ...goodVariables,
      STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef, whsec_fedcba9876543210',
    });
    expect(result.ok && result.config.stripe.webhookSecrets).toEqual([
      'whsec_0123456789abcdef',
      'whsec_fedcba9876543210',
    ]);
  });

  test('names variables, and never tells a value', () => {
    const result = checkVariables({
      ...goodVariables,
      JWT_SECRET: 'short-but-private',
      DATABASE_URL: 'private-url',
      AUTH_ENC_KEY: '1:private',
      MAIL_API_URL: 'http://private.test',
      MAIL_API_KEY: 'private key',
      MAIL_FROM: 'private',
    });
    expect(JSON.stringify(result)).not.toMatch(/private/);
  });
});

describe('a Worker without a good configuration', () => {
  let worker: TestWorker;
  afterEach(() => worker.stop());

  test.each([
    ['JWT_SECRET', undefined],
    ['JWT_SECRET', 'your-secret-key-change-in-production'],
    ['STRIPE_WEBHOOK_SECRET', undefined],
    ['MAIL_API_KEY', undefined],
    ['AUTH_ENC_KEY', '1:c2hvcnQ='],
  ])('serves nothing but /health and names %s (%s)', async (variable, value) => {
    worker = await startWorker({ variables: { [variable]: value } });
    expect((await worker.request('/health')).status).toBe(200);
    const paths = ['/', '/health/ready', '/payment/plans', '/credits/balance', '/library/content', '/docs'];
    for (const path of paths) {
      const { status, json, text } = await worker.request(path, { token: await worker.token('admin') });
      expect([path, status, json.code, json.errors[0].pointer]).toEqual([
        path,
        503,
        'misconfigured',
        variable,
      ]);
      expect(text).toContain(variable);
      if (value !== undefined) expect(text).not.toContain(value);
    }
    expect((await worker.request('/payment/webhook', { body: {} })).status).toBe(503);
  });
});

describe('while JWT_SECRET is being changed', () => {
  const previous = 'oLd9fKq3Wm5xTz7bRc1vNy8hJg4sPd6u';
  let worker: TestWorker;
  afterEach(() => worker.stop());

  test('tokens of the secret before are accepted, and of no other', async () => {
    worker = await startWorker({ variables: { JWT_SECRET_PREVIOUS: previous } });
    const statusWith = async (secret: string) => {
      const issuer = { ...worker.tokens, secret };
      const token = await signToken(issuer, accessClaims(issuer, { subject: 'x', role: 'customer' }, 60));
      return (await worker.request('/credits/balance', { token })).status;
    };
    expect(await statusWith(worker.tokens.secret)).toBe(200);
    expect(await statusWith(previous)).toBe(200);
    expect(await statusWith(`${previous}x`)).toBe(401);
  });
});

const limiters = { AUTH_LIMIT: {}, PUBLIC_LIMIT: {}, GENERAL_LIMIT: {}, MACHINE_LIMIT: {} };
const bindings = { CATALOGUE: {}, WEBHOOK_QUEUE: {}, ...limiters, ...goodVariables };
/** Safe: the configuration is what finds out whether everything is there. */
const environment = (values: object) => values as Env;
const problemsOf = (values: object) => {
  const result = parseEnv(environment(values));
  return result.ok ? [] : result.problems.map(({ variable }) => variable);
};

describe('the bindings', () => {
  test('are all needed, those of the rate limiter unless limits are off', () => {
    expect(problemsOf(bindings)).toEqual([]);
    for (const name of ['CATALOGUE', 'WEBHOOK_QUEUE', ...Object.keys(limiters)]) {
      expect(problemsOf({ ...bindings, [name]: undefined })).toEqual([name]);
    }
    const unlimited = { CATALOGUE: {}, WEBHOOK_QUEUE: {}, ...goodVariables };
    expect(problemsOf({ ...unlimited, RATE_LIMITS: 'off' })).toEqual([]);
    expect(problemsOf(unlimited)).toEqual(Object.keys(limiters));
  });
});

describe('mail by the binding', () => {
  const EMAIL = { send: async () => undefined };

  test('needs a sender, and a sender needs a way for its mails', () => {
    expect(problemsOf(bindings)).toEqual([]);
    expect(problemsOf({ ...bindings, EMAIL })).toEqual(['MAIL_FROM']);
    expect(problemsOf({ ...bindings, MAIL_FROM: 'a@shop.test' })).toEqual(['MAIL_API_URL']);
    expect(problemsOf({ ...bindings, EMAIL, MAIL_FROM: 'a@shop.test' })).toEqual([]);
    expect(problemsOf({ ...bindings, EMAIL, ...goodMail })).toEqual([]);
  });
});
