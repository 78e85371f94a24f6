import { jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startIssuer, type DevIssuer } from '../../dev/issuer/index.ts';
import { createLog } from '../../src/core/log.ts';
import { openKeySet, type KeySet } from '../../src/identity/key-set.ts';
import { outsideSigner, signedToken } from '../support/raw-token.ts';

let issuer: DevIssuer;
let keys: KeySet;

beforeAll(async () => {
  issuer = await startIssuer();
});

beforeEach(() => {
  issuer.setFault('none');
  keys = openKeySet(new URL(issuer.jwksUrl));
  vi.useFakeTimers({ toFake: ['Date'] });
  return () => vi.useRealTimers();
});

afterAll(() => issuer.stop());

const quiet = { ...createLog(), warn: () => undefined };

/** Whether a token is good, or why its key cannot be told; claims are another's matter. */
async function outcomeOf(token: string): Promise<string> {
  try {
    await jwtVerify(token, keys.finder(quiet), { currentDate: new Date(0) });
    return 'good';
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return String(code);
  }
}

const token = () => issuer.token({ subject: 'x', claims: { iat: undefined, exp: undefined } });
const later = (minutes: number) => vi.setSystemTime(Date.now() + minutes * 60_000);

test('keys are asked for once in ten minutes, and kept for a day while their issuer is silent', async () => {
  const before = issuer.requestCount;
  expect(await outcomeOf(token())).toBe('good');
  later(9);
  expect(await outcomeOf(token())).toBe('good');
  expect(issuer.requestCount).toBe(before + 1);
  issuer.setFault('reset');
  later(2);
  expect(await outcomeOf(token())).toBe('good');
  expect(await outcomeOf(token())).toBe('good');
  // Asked for again, in vain, and then left alone for half a minute.
  expect(issuer.requestCount).toBe(before + 2);
  later(23 * 60);
  expect(await outcomeOf(token())).toBe('good');
  later(60);
  expect(await outcomeOf(token())).toBe('issuer_unavailable');
});

test('a new key is taken half a minute after the last look, and one that was withdrawn is refused within ten minutes', async () => {
  const old = token();
  expect(await outcomeOf(old)).toBe('good');
  await issuer.rotate();
  expect(await outcomeOf(token())).toBe('ERR_JWKS_NO_MATCHING_KEY');
  expect(await outcomeOf(old)).toBe('good');
  later(0.6);
  expect(await outcomeOf(token())).toBe('good');
  expect(await outcomeOf(old)).toBe('ERR_JWKS_NO_MATCHING_KEY');
});

test('a withdrawn key is refused ten minutes later, also where nobody came with a new one', async () => {
  const old = token();
  expect(await outcomeOf(old)).toBe('good');
  await issuer.rotate();
  later(10.1);
  expect(await outcomeOf(old)).toBe('ERR_JWKS_NO_MATCHING_KEY');
});

test('a new key of an issuer that is silent is neither good nor refused', async () => {
  expect(await outcomeOf(token())).toBe('good');
  const before = issuer.requestCount;
  const old = token();
  await issuer.rotate();
  issuer.setFault({ status: 500 });
  later(1);
  expect(await outcomeOf(token())).toBe('issuer_unavailable');
  expect(await outcomeOf(token())).toBe('issuer_unavailable');
  expect(issuer.requestCount).toBe(before + 1);
  expect(await outcomeOf(old)).toBe('good');
});

test.each([
  ['an error', { status: 500 }],
  ['no page', { status: 404 }],
  ['a reset', 'reset'],
  ['a page in place of keys', 'garbage'],
  ['JSON in place of keys', 'no-keys'],
  ['far too much', 'huge'],
  ['a redirection', 'redirect'],
  ['no answer', 'hang'],
  ['an answer without an end', 'trickle'],
] as const)(
  'an issuer that was never heard and answers with %s is asked every five seconds, until it is heard',
  async (_, fault) => {
    issuer.setFault(fault);
    const before = issuer.requestCount;
    expect(await outcomeOf(token())).toBe('issuer_unavailable');
    for (const _again of [1, 2, 3]) expect(await outcomeOf(token())).toBe('issuer_unavailable');
    expect(issuer.requestCount).toBe(before + 1);
    issuer.setFault('none');
    later(0.1);
    expect(await outcomeOf(token())).toBe('good');
  },
);

test('a key that only some tokens of the issuer name is no secret of another algorithm', async () => {
  const signer = outsideSigner(issuer);
  const kid = issuer.key('ES256').kid;
  expect(await outcomeOf(signedToken(signer, { ...signer.header, kid }))).toBe('ERR_JWKS_NO_MATCHING_KEY');
});
