import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import { hmacToken, nowFor, ownSigner, signedToken, type Part } from '../support/raw-token.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

const legacyIssuer = 'https://old.test';
const previousSecret = 'oLd9fKq3Wm5xTz7bRc1vNy8hJg4sPd6u';
let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({
    variables: { JWT_LEGACY_ISSUER: legacyIssuer, JWT_SECRET_PREVIOUS: previousSecret },
  });
});

afterAll(() => worker.stop());

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
