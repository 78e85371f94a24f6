import { describe, expect, test } from 'vitest';
import { watchForLeaks, type ToldAnswer } from '../support/leaks.ts';

const secret = (prefix: string) => `${prefix}${'aB3-_'.repeat(9).slice(0, 43)}`;
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
const variables = {
  JWT_SECRET: 'qkX2vR9tLw7nZc4bYh8mJd3sPf6gUa1e',
  STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef, whsec_fedcba9876543210',
  AUTH_ENC_KEY: '2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
};

const told = (text: string, more: Partial<ToldAnswer> = {}): ToldAnswer => ({
  method: 'GET',
  path: '/credits/balance',
  status: 200,
  headers: new Headers(),
  sent: undefined,
  text,
  ...more,
});

const answered = (...answers: readonly ToldAnswer[]) => {
  const watch = watchForLeaks(variables);
  for (const answer of answers) watch.answered(answer);
  return watch.findings();
};

const issued = (
  path: string,
  text: string,
  headers: Record<string, string> = { 'Cache-Control': 'no-store' },
) => told(text, { method: 'POST', path, headers: new Headers(headers) });

describe('an answer', () => {
  test.each([
    '{"hash":"$scrypt$n=16384,r=8,p=5$AA==$BB=="}',
    '{"password_hash":null}',
    '{"token_hash":"x"}',
    `{"hash":"${'0123456789abcdef'.repeat(4)}"}`,
    `{"secret":"v1.${'a'.repeat(60)}"}`,
    variables.JWT_SECRET,
    'whsec_fedcba9876543210',
    'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
    'postgres://role:word@host/db',
    'Failed query: select "id" from "users"',
    'select * from begin_sign_in($1)',
    'INSERT INTO users (id)'.toLowerCase(),
    'update users set role = 1',
    'duplicate key value violates unique constraint "users_email_unique"',
    jwt,
    secret('rcr_'),
    secret('rcs_'),
    secret('rcl_'),
    `rc_test_abcdefghijkl_${secret('')}`,
    'otpauth://totp/Ratecard:x?secret=ABC',
    '{"recovery_codes":["ABCD-EFGH-JKLM-2345"]}',
  ])('is found out when it tells %s', (text) => {
    expect(answered(told(text)).length).toBeGreaterThan(0);
    expect(answered(told('', { headers: new Headers({ 'X-Other': text }) })).length).toBeGreaterThan(0);
    expect(answered(told(text)).join()).not.toContain(text);
  });

  test('may tell a client again what it has said itself', () => {
    const echo = '{"pointer":"?password_hash"}';
    expect(answered(told(echo, { path: '/admin/users?password_hash=x' }))).toEqual([]);
    expect(answered(told(echo, { path: '/admin/users' }))).toHaveLength(1);
  });

  test('may tell what it is for', () => {
    expect(
      answered(
        told('{"email":"somebody@example.com","select":"from here","update":"set"}'),
        issued('/auth/sign-in', `${jwt} ${secret('rcr_')}`),
        issued('/auth/sign-in/code', '', { 'Cache-Control': 'no-store', 'Set-Cookie': secret('rcs_') }),
        issued('/admin/endpoints', 'whsec_00112233445566778899'),
        issued('/auth/second-factor/confirm', 'ABCD-EFGH-JKLM-2345'),
      ),
    ).toEqual([]);
  });

  test('shows a secret once, where it is issued, and to no cache', () => {
    const first = issued('/admin/endpoints', 'whsec_00112233445566778899');
    const underKey = { ...first, idempotencyKey: 'one' };
    expect(answered(underKey, underKey)).toEqual([]);
    expect(answered(underKey, { ...first, idempotencyKey: 'another' })).toHaveLength(1);
    expect(answered(first, first)).toEqual([expect.stringContaining('it was shown before')]);
    expect(answered(first, told(first.text, { path: '/admin/endpoints' }))).toEqual([
      expect.stringContaining('it does not issue it'),
    ]);
    expect(answered(issued('/admin/endpoints', first.text, {}))).toEqual([
      expect.stringContaining('a cache may keep it'),
    ]);
  });
});

describe('a log line', () => {
  const logged = (line: string, sent: unknown = {}) => {
    const watch = watchForLeaks(variables);
    watch.answered(told('', { sent }));
    watch.logged([line]);
    return watch.findings();
  };

  test.each([
    jwt,
    secret('rcc_'),
    'whsec_00112233445566778899',
    'somebody@example.com',
    '$scrypt$n=1',
    variables.JWT_SECRET,
  ])('is found out when it tells %s', (text) => {
    const findings = logged(JSON.stringify({ event: 'fault', message: text }));
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.join()).toContain('"event":"fault"');
    expect(findings.join()).not.toContain(text);
  });

  test('is found out when it tells a password or a code that was sent', () => {
    const sent = {
      password: 'correct horse',
      code: '123456',
      new_password: 'battery staple',
      session: 'cookie',
    };
    for (const text of ['correct horse', '123456', 'battery staple']) {
      expect(logged(`{"event":"x","message":"${text}"}`, sent)).toHaveLength(1);
    }
    expect(logged('{"event":"cookie","id":"a1234567","at":"src@1.2.3"}', sent)).toEqual([]);
  });
});
