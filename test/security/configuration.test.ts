import { afterEach, describe, expect, test } from 'vitest';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import { checkVariables } from '../../src/env.ts';
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
};

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
    ['STRIPE_SECRET_KEY', 'pk_test_4eC39HqLyjWDarjtT1zdp7dc'],
    ['STRIPE_WEBHOOK_SECRET', 'secret'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_0123456789abcdef0123,other'],
    ['STRIPE_API_BASE', 'https://evil.example/'],
    ['CLOCK_URL', 'https://evil.example/time'],
    ['DATABASE_FETCH_ENDPOINT', 'https://evil.example/sql'],
    ['CHECKOUT_SUCCESS_URL', 'javascript:alert(1)'],
    ['CORS_ORIGINS', 'nonsense'],
  ])('is refused with %s=%s', (variable, value) => {
    expect(problemsWith({ [variable]: value })).toEqual([variable]);
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
