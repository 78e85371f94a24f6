import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePart, hmac, hmacToken, ownSigner, signedToken, type Signer } from '../support/raw-token.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';
import { contentForgeries, oddTokens } from './forgeries/content.ts';

let worker: TestWorker;
let own: Signer;

beforeAll(async () => {
  worker = await startWorker();
  own = ownSigner(worker.tokens);
});

afterAll(() => worker.stop());

const paths = ['/credits/balance', '/admin/pricing/plans', '/library/content'];

async function expectRefused(token: string): Promise<void> {
  for (const path of paths) {
    const { status, json, text } = await worker.request(path, { token });
    expect([path, status, json?.code]).toEqual([path, 401, 'invalid_token']);
    if (token.length > 10) expect(text).not.toContain(token);
  }
}

async function expectTaken(token: string): Promise<void> {
  const { status, text } = await worker.request('/credits/balance', { token });
  expect(status, text).toBe(200);
  expect((await worker.request('/library/content', { token })).status).toBe(404);
}

describe('a token with our own signature', () => {
  test.each(contentForgeries)('is refused with %s', async (_, make) => expectRefused(make(own)));

  test.each(oddTokens)('is taken with %s', async (_, make) => expectTaken(make(own)));

  test('is refused beyond 4096 characters, and taken with as many', async () => {
    const filled = (length: number) =>
      signedToken(own, own.header, { ...own.claims(), x: 'x'.repeat(length) });
    const room = Math.floor(((4096 - filled(0).length) * 3) / 4) - 2;
    expect(filled(room).length).toBeGreaterThan(4085);
    await expectTaken(filled(room));
    await expectRefused(filled(room + 12));
  });

  test.each([
    ['no jti', { jti: undefined }],
    ['no typ', { typ: undefined }],
    ['a role that is none', { role: 'root' }],
    ['a role in capitals', { role: 'ADMIN' }],
    ['roles in a list', { role: ['admin'] }],
    ['null as its role', { role: null }],
    ['a session that is none', { sid: 'x' }],
    ['a session of nobody of ours', { sid: '00000000-0000-4000-8000-000000000000' }],
  ])('is refused with %s', async (_, claims) =>
    expectRefused(signedToken(own, own.header, { ...own.claims(), ...claims })),
  );
});

/** Of claims that would make an admin, or of good ones with a signature that is none of ours. */
const forged: readonly (readonly [string, () => string])[] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none ', 'null', ''].flatMap(
    (alg) =>
      [
        [`alg "${alg}" and no signature`, () => `${unsigned({ alg, typ: 'JWT' })}.`],
        [`alg "${alg}" and a signature of our own`, () => resigned({ alg, typ: 'JWT' })],
      ] as const,
  ),
  ['no signature', () => `${unsigned(own.header)}.`],
  ['two parts', () => unsigned(own.header)],
  ['a signature of one byte', () => `${unsigned(own.header)}.AA`],
  ['a signature of zeros', () => `${unsigned(own.header)}.${Buffer.alloc(32).toString('base64url')}`],
  ['half the signature', () => cutSignature(16)],
  ['all of the signature but a byte', () => cutSignature(31)],
  ['a byte behind the signature', () => lengthened()],
  ['the signature twice', () => `${signedToken(own)}${signatureOf(signedToken(own))}`],
  ['a changed bit in the signature', () => flipped()],
  ['a spare bit set in the signature', () => withSpareBit()],
  ['the signature of another token', () => `${unsigned(own.header)}.${signatureOf(signedToken(own))}`],
  ['the signature in hexadecimal', () => inHexadecimal()],
  ['HS384 with our secret', () => resigned({ alg: 'HS384' }, 'sha384')],
  ['HS512 with our secret', () => resigned({ alg: 'HS512' }, 'sha512')],
  ['HS256 that is really HS512', () => resigned({ alg: 'HS256' }, 'sha512')],
  ['HS512 that is really HS256', () => resigned({ alg: 'HS512' })],
  ['RS256 with our secret', () => resigned({ alg: 'RS256' })],
  ['ES256 with our secret', () => resigned({ alg: 'ES256' })],
  ['EdDSA with our secret', () => resigned({ alg: 'EdDSA' })],
  ['an algorithm that nobody knows', () => resigned({ alg: 'HS257' })],
  ['PBES2, which would cost a while', () => resigned({ alg: 'PBES2-HS256+A128KW', p2c: 2_147_483_647 })],
  ['another secret', () => hmacToken('x'.repeat(40), own.header, admin())],
  ['an empty secret', () => hmacToken('', own.header, admin())],
  ['a secret of one zero byte', () => hmacToken(Buffer.alloc(1), own.header, admin())],
  ['a secret of 32 zero bytes', () => hmacToken(Buffer.alloc(32), own.header, admin())],
  ['our secret as hash', () => hmacToken(hmac('', worker.tokens.secret), own.header, admin())],
  [
    'our secret in base64',
    () => hmacToken(Buffer.from(worker.tokens.secret).toString('base64'), own.header, admin()),
  ],
  ['our secret with a line break', () => hmacToken(`${worker.tokens.secret}\n`, own.header, admin())],
  ['the issuer as secret', () => hmacToken(worker.tokens.issuer, own.header, admin())],
  [
    'the well-known placeholder as secret',
    () => hmacToken('your-secret-key-change-in-production', own.header, admin()),
  ],
  ...[
    '../../../../dev/null',
    '/dev/null',
    "' UNION SELECT '' -- ",
    '`id`',
    'none',
    '',
    '\u{1F600}',
    'x'.repeat(2000),
    'https://evil.test/key',
    '__proto__',
  ].map(
    (kid) =>
      [
        `kid "${kid.slice(0, 30)}" and an empty secret`,
        () => hmacToken('', { ...own.header, kid }, admin()),
      ] as const,
  ),
  ...[
    ['jku', 'https://evil.test/jwks.json'],
    ['x5u', 'https://evil.test/key.pem'],
    ['x5c', ['MIIB']],
    ['jwk', { kty: 'oct', alg: 'HS256', k: Buffer.from('evil').toString('base64url') }],
  ].map(
    ([name, value]) =>
      [
        `a key of its own in ${String(name)}`,
        () => hmacToken('evil', { ...own.header, [String(name)]: value }, admin()),
      ] as const,
  ),
  ['a payload that was changed', () => changedPayload()],
  ['a header that was changed', () => changedHeader()],
  ['an encrypted token', () => `${encodePart({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`],
  [
    'an encrypted token by our secret',
    () => `${encodePart({ alg: 'A256KW', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`,
  ],
  [
    'JSON in place of parts',
    () => Buffer.from(JSON.stringify({ payload: '', signature: '' })).toString('base64'),
  ],
  ['two dots', () => '..'],
  ['many dots', () => '.'.repeat(5000)],
  ['a word', () => 'undefined'],
  ['a number', () => '0'],
  ['12 kB of one character', () => 'A'.repeat(12_000)],
  ['a cookie of ours', () => `rcs_${'A'.repeat(43)}`],
];

const admin = () => ({ ...own.claims(), role: 'admin' });
const unsigned = (header: Readonly<Record<string, unknown>>) =>
  `${encodePart(header)}.${encodePart(admin())}`;
const resigned = (header: Readonly<Record<string, unknown>>, hash = 'sha256') =>
  hmacToken(worker.tokens.secret, header, admin(), hash);
const signatureOf = (token: string) => token.slice(token.lastIndexOf('.') + 1);

/** A good token, with another text for its signature. */
function withSignature(change: (signature: Buffer) => string | Uint8Array): string {
  const token = signedToken(own);
  const signature = change(Buffer.from(signatureOf(token), 'base64url'));
  const text = typeof signature === 'string' ? signature : Buffer.from(signature).toString('base64url');
  return `${token.slice(0, token.lastIndexOf('.'))}.${text}`;
}

const cutSignature = (length: number) => withSignature((signature) => signature.subarray(0, length));
const lengthened = () => withSignature((signature) => Buffer.concat([signature, Buffer.alloc(1)]));
const flipped = () =>
  withSignature((signature) => signature.map((byte, index) => (index === 9 ? byte ^ 1 : byte)));
const inHexadecimal = () => withSignature((signature) => signature.toString('hex'));

/** 32 bytes leave two bits of the last character unused. */
function withSpareBit(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const token = signedToken(own);
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) ?? '') + 1];
}

function changedPayload(): string {
  const [header, , signature] = signedToken(own).split('.');
  return `${header}.${encodePart(admin())}.${signature}`;
}

function changedHeader(): string {
  const [, payload, signature] = signedToken(own).split('.');
  return `${encodePart({ ...own.header, kid: 'other' })}.${payload}.${signature}`;
}

test.each(forged)('a token with %s is refused', async (_, make) => expectRefused(make()));
