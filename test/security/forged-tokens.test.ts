import { sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer, type DevIssuer } from '../../dev/issuer/index.ts';
import { publicJwk, signatureOf as signatureBy } from '../../dev/issuer/keys.ts';
import {
  encodePart,
  hmac,
  hmacToken,
  ownSigner,
  nowFor,
  outsideSigner,
  signedToken,
  type Signer,
} from '../support/raw-token.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';
import { contentForgeries, oddTokens } from './forgeries/content.ts';

let worker: TestWorker;
let own: Signer;
let outside: DevIssuer;
let other: DevIssuer;
/** Whom nobody has configured. */
let stranger: DevIssuer;

beforeAll(async () => {
  [outside, other, stranger] = await Promise.all([
    startIssuer({ issuer: 'https://outside.test', audience: 'ratecard-outside' }),
    startIssuer({ issuer: 'https://other.test', audience: 'ratecard-outside' }),
    startIssuer(),
  ]);
  worker = await startWorker({
    variables: { OUTSIDE_ISSUERS: JSON.stringify([outside.entry, other.entry]) },
  });
  own = ownSigner(worker.tokens);
});

afterAll(async () => {
  await worker.stop();
  await Promise.all([outside.stop(), other.stop(), stranger.stop()]);
});

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
    ['an end that is now', nowFor(0)],
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

describe('a token with an outside issuer’s signature', () => {
  test.each(contentForgeries)('is refused with %s', async (_, make) =>
    expectRefused(make(outsideSigner(outside))),
  );

  test.each(oddTokens)('is taken with %s', async (_, make) => expectTaken(make(outsideSigner(outside))));

  test.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'is taken by %s, a little after its end too',
    async (algorithm) => {
      const signer = outsideSigner(outside, algorithm);
      await expectTaken(signedToken(signer));
      await expectTaken(
        signedToken(signer, { ...signer.header, x5t: 'AAAA', jku: 'https://evil.test/keys' }),
      );
      await expectTaken(
        signedToken(signer, signer.header, { ...signer.claims(), iat: nowFor(-60).exp, exp: nowFor(-2).exp }),
      );
    },
  );

  test('is refused beyond 8192 characters, and taken with twice as many as ours may have', async () => {
    const signer = outsideSigner(outside);
    const filled = (length: number) =>
      signedToken(signer, signer.header, { ...signer.claims(), x: 'x'.repeat(length) });
    await expectTaken(filled(5000));
    await expectRefused(filled(6000));
  });
});

/** The outside issuer's public key in the forms that a careless verifier would take for a secret. */
const publicKeys: Readonly<Record<string, () => string | Buffer>> = {
  'its PEM': () => outside.key('RS256').publicKey.export({ type: 'spki', format: 'pem' }),
  'its PEM without the last line break': () =>
    String(outside.key('RS256').publicKey.export({ type: 'spki', format: 'pem' })).trim(),
  'its PEM of PKCS #1': () => outside.key('RS256').publicKey.export({ type: 'pkcs1', format: 'pem' }),
  'its DER': () => outside.key('RS256').publicKey.export({ type: 'spki', format: 'der' }),
  'its DER of PKCS #1': () => outside.key('RS256').publicKey.export({ type: 'pkcs1', format: 'der' }),
  'its JWK': () => JSON.stringify(publicJwk(outside.key('RS256'))),
  'its JWK without kid, alg and use': () =>
    JSON.stringify(outside.key('RS256').publicKey.export({ format: 'jwk' })),
  'its modulus': () => String(publicJwk(outside.key('RS256')).n),
  'the bytes of its modulus': () => Buffer.from(String(publicJwk(outside.key('RS256')).n), 'base64url'),
  'the PEM of its other key': () => outside.key('ES256').publicKey.export({ type: 'spki', format: 'pem' }),
  'the bytes of its third key': () => Buffer.from(String(publicJwk(outside.key('EdDSA')).x), 'base64url'),
};

describe.each(Object.entries(publicKeys))(
  'with an outside issuer’s public key as secret: %s',
  (_, secret) => {
    test.each(['HS256', 'HS384', 'HS512'])('%s is refused', async (alg) => {
      const { kid } = outside.key('RS256');
      const hash = alg.replace('HS', 'sha');
      for (const [claims, header] of [
        [outsideSigner(outside).claims(), { alg, typ: 'JWT', kid }],
        [outsideSigner(outside).claims(), { alg, typ: 'JWT' }],
        [admin(), { alg, typ: 'JWT', kid }],
      ] as const) {
        await expectRefused(hmacToken(secret(), header, claims, hash));
      }
    });
  },
);

/** Claims of the outside issuer, with a signature that is none of its own, or not by the algorithm that it names. */
const outsideForged: readonly (readonly [string, () => string])[] = [
  ...['none', 'NONE', ''].map(
    (alg) => [`alg "${alg}"`, () => `${outsideUnsigned({ alg, kid: outside.key('RS256').kid })}.`] as const,
  ),
  ...['RS384', 'RS512', 'PS256', 'ES384', 'ES512', 'HS256', 'Ed448', 'ML-DSA-44'].map(
    (alg) => [`${alg} in the header of an RS256 token`, () => outsideSigned({ alg })] as const,
  ),
  ...(['RS256', 'ES256', 'EdDSA'] as const).flatMap((algorithm) => [
    [
      `${algorithm} and an empty signature`,
      () => `${outsideUnsigned(outsideSigner(outside, algorithm).header)}.`,
    ] as const,
    [`${algorithm} and a signature of zeros`, () => withZeros(algorithm)] as const,
    [`${algorithm} and the signature of another token`, () => borrowed(algorithm)] as const,
    [`${algorithm} by the same key of another issuer`, () => crossed(algorithm)] as const,
    [`${algorithm} by a stranger with its kid`, () => byStranger(algorithm)] as const,
    [
      `${algorithm} with a kid that it does not have`,
      () => byStranger(algorithm, { kid: 'nobody' }),
    ] as const,
    [`${algorithm} by a stranger without a kid`, () => byStranger(algorithm, { kid: undefined })] as const,
    [
      `${algorithm} by a stranger with its own jwk`,
      () => byStranger(algorithm, { jwk: publicJwk(stranger.key(algorithm)) }),
    ] as const,
    [
      `${algorithm} by a stranger with its own jku`,
      () => byStranger(algorithm, { jku: stranger.jwksUrl, kid: stranger.key(algorithm).kid }),
    ] as const,
    [
      `${algorithm} by a stranger with its own x5u`,
      () => byStranger(algorithm, { x5u: stranger.jwksUrl }),
    ] as const,
    [
      `${algorithm} and our own issuer`,
      () => signedToken(outsideSigner(outside, algorithm), undefined, admin()),
    ] as const,
  ]),
  ['ES256 in the encoding of X.509', () => ecInDer()],
  ['ES256 with the kid of its RSA key', () => outsideSigned({ kid: outside.key('RS256').kid }, 'ES256')],
  ['RS256 with the kid of its EC key', () => outsideSigned({ kid: outside.key('ES256').kid })],
  [
    'our own secret',
    () => hmacToken(worker.tokens.secret, { alg: 'HS256', typ: 'JWT' }, outsideSigner(outside).claims()),
  ],
  ['a path as kid', () => outsideSigned({ kid: '../../jwks.json' })],
  ['__proto__ as kid', () => outsideSigned({ kid: '__proto__' })],
  ['a kid of many scripts', () => outsideSigned({ kid: '\u{1F511}|ключ' })],
  ['the claims changed', () => outsideChanged()],
];

const outsideUnsigned = (header: Readonly<Record<string, unknown>>) =>
  `${encodePart(header)}.${encodePart(outsideSigner(outside).claims())}`;

function outsideSigned(
  header: Readonly<Record<string, unknown>>,
  algorithm: 'RS256' | 'ES256' | 'EdDSA' = 'RS256',
) {
  const signer = outsideSigner(outside, algorithm);
  return signedToken(signer, { ...signer.header, ...header });
}

function byStranger(algorithm: 'RS256' | 'ES256' | 'EdDSA', header: Readonly<Record<string, unknown>> = {}) {
  const signed = outsideUnsigned({ ...outsideSigner(outside, algorithm).header, ...header });
  return `${signed}.${signatureBy(stranger.key(algorithm), signed)}`;
}

function crossed(algorithm: 'RS256' | 'ES256' | 'EdDSA') {
  const signer = outsideSigner(other, algorithm);
  return signedToken(signer, signer.header, outsideSigner(outside).claims());
}

function borrowed(algorithm: 'RS256' | 'ES256' | 'EdDSA') {
  const signer = outsideSigner(outside, algorithm);
  const signed = `${encodePart(signer.header)}.${encodePart({ ...signer.claims(), sub: 'victim' })}`;
  return `${signed}.${signatureOf(signedToken(signer))}`;
}

function withZeros(algorithm: 'RS256' | 'ES256' | 'EdDSA') {
  const length = algorithm === 'RS256' ? 256 : 64;
  return `${outsideUnsigned(outsideSigner(outside, algorithm).header)}.${Buffer.alloc(length).toString('base64url')}`;
}

function ecInDer() {
  const signed = outsideUnsigned(outsideSigner(outside, 'ES256').header);
  const signature = sign('sha256', Buffer.from(signed), outside.key('ES256').privateKey);
  return `${signed}.${signature.toString('base64url')}`;
}

function outsideChanged() {
  const [header, , signature] = signedToken(outsideSigner(outside)).split('.');
  return `${header}.${encodePart({ ...outsideSigner(outside).claims(), sub: 'victim' })}.${signature}`;
}

test.each(outsideForged)('a token of an outside issuer with %s is refused', async (_, make) =>
  expectRefused(make()),
);

test('nobody is asked for a key that a token brings along, or for one of an issuer that nobody is', async () => {
  for (const token of [stranger.token({ subject: 'x' }), byStranger('RS256', { jku: stranger.jwksUrl })]) {
    await expectRefused(token);
  }
  expect(stranger.requestCount).toBe(0);
});
