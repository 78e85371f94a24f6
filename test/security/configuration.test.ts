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
