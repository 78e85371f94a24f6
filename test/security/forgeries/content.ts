import { encodePart, nowFor, signedToken, type Signer } from '../../support/raw-token.ts';

/** A token that must be refused although its signature is right: only who has the key can make one, and may err. */
export type Forgery = readonly [name: string, make: (signer: Signer) => string];

const claimsWith = (changes: object) => (signer: Signer) =>
  signedToken(signer, signer.header, { ...signer.claims(), ...changes });
const headerWith = (changes: object) => (signer: Signer) =>
  signedToken(signer, { ...signer.header, ...changes });
/** The good claims as text, with this before the first member. */
const claimsBegun = (beginning: string) => (signer: Signer) =>
  signedToken(signer, signer.header, JSON.stringify(signer.claims()).replace('{', `{${beginning}`));
const headerBegun = (beginning: string) => (signer: Signer) =>
  signedToken(signer, JSON.stringify(signer.header).replace('{', `{${beginning}`));
/** A claim whose value is written as no object could have it. */
const claimAs = (name: string, written: string) => (signer: Signer) => {
  const others = Object.fromEntries(Object.entries(signer.claims()).filter(([other]) => other !== name));
  return signedToken(signer, signer.header, JSON.stringify(others).replace('{', `{"${name}":${written},`));
};
const claimsAs = (written: string | Uint8Array) => (signer: Signer) =>
  signedToken(signer, signer.header, written);
const headerAs = (written: string | Uint8Array) => (signer: Signer) => signedToken(signer, written);
const without = (name: string) => (signer: Signer) =>
  signedToken(
    signer,
    signer.header,
    Object.fromEntries(Object.entries(signer.claims()).filter(([other]) => other !== name)),
  );
/** The whole token, changed after it was signed; or parts of it encoded otherwise, and that signed. */
const changed = (change: (token: string) => string) => (signer: Signer) => change(signedToken(signer));
const encodedAs =
  (encode: (header: string, claims: string) => string) =>
  (signer: Signer): string => {
    const signed = encode(encodePart(signer.header), encodePart(signer.claims()));
    return `${signed}.${signer.sign(signed)}`;
  };
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const utf8 = (...bytes: number[]) => Uint8Array.from(bytes);

/** What a claim may be by mistake, or by intent, in JSON. */
const wrongValues = ['null', 'true', '1', '[]', '{}', '[null]', '{"$ne":null}'];
const wrongTimes = [
  ['text', '"9999999999"'],
  ['NaN', 'NaN'],
  ['text that says NaN', '"NaN"'],
  ['Infinity', 'Infinity'],
  ['1e400', '1e400'],
  ['negative', '-1'],
  ['null', 'null'],
  ['true', 'true'],
  ['a list of the right one', `[${nowFor(600).exp}]`],
  ['an object', '{}'],
  ['a date as text', '"2099-01-01T00:00:00Z"'],
  ['a number in hexadecimal', '0xffffffff'],
  ['a number of milliseconds', String(Date.now() + 600_000)],
  ['the largest number', '1.7976931348623157e308'],
] as const;

const claims: readonly Forgery[] = [
  ...['iss', 'aud', 'sub', 'iat', 'exp'].map((name) => [`no ${name}`, without(name)] as const),
  ...wrongTimes.flatMap(([name, value]) => [
    [`exp as ${name}`, claimAs('exp', value)] as const,
    [`iat as ${name === 'negative' ? 'a negative number' : name}`, claimAs('iat', value)] as const,
  ]),
  ...['iss', 'aud', 'sub', 'jti'].flatMap((name) =>
    wrongValues.map((value) => [`${name} as ${value}`, claimAs(name, value)] as const),
  ),
  ['exp a second ago, and a bit', claimsWith({ exp: Date.now() / 1000 - 6 })],
  ['exp before iat', claimsWith({ iat: nowFor(0).iat, exp: nowFor(-60).exp })],
  ['exp equal to iat', claimsWith({ iat: nowFor(4).exp, exp: nowFor(4).exp })],
  ['a life of a day and a second', claimsWith(nowFor(86_401))],
  ['a life of a century', claimsWith(nowFor(3_153_600_000))],
  ['issued far ahead', claimsWith({ iat: nowFor(3000).exp, exp: nowFor(3600).exp })],
  ['issued far ahead, with a fraction', claimsWith({ iat: nowFor(3000).exp + 0.5, exp: nowFor(3600).exp })],
  ['not valid for a long while', claimsWith({ nbf: nowFor(3000).exp })],
  ['nbf as text', claimsWith({ nbf: '0' })],
  ['nbf as an object', claimsWith({ nbf: {} })],
  ['nbf as 1e400', claimAs('nbf', '1e400')],
  ['an empty sub', claimsWith({ sub: '' })],
  ['a sub of 256 characters', claimsWith({ sub: 'x'.repeat(256) })],
  ['a NUL in sub', claimsWith({ sub: 'some\u0000body' })],
  ['half a surrogate pair in sub', claimAs('sub', String.raw`"\ud800"`)],
  ['half a surrogate pair in a claim that nobody reads', claimAs('other', String.raw`"\udfff"`)],
  ['an audience of another product', claimsWith({ aud: 'another-product' })],
  ['an audience with our own within', (s) => claimsWith({ aud: `${String(s.claims().aud)} other` })(s)],
  ['an audience in capitals', (s) => claimsWith({ aud: String(s.claims().aud).toUpperCase() })(s)],
  ['ours among audiences that are none', (s) => claimsWith({ aud: [s.claims().aud, 1] })(s)],
  ['an issuer that nobody is', claimsWith({ iss: 'https://evil.test' })],
  ['an issuer with a slash more', (s) => claimsWith({ iss: `${String(s.claims().iss)}/` })(s)],
  ['an issuer in capitals', (s) => claimsWith({ iss: String(s.claims().iss).toUpperCase() })(s)],
  ['an issuer with a NUL behind', (s) => claimsWith({ iss: `${String(s.claims().iss)}\u0000` })(s)],
  ['issuers in a list', (s) => claimsWith({ iss: [s.claims().iss] })(s)],
  ['a refresh token', claimsWith({ typ: 'refresh' })],
  ['a token of half a sign-in', claimsWith({ typ: 'mfa' })],
  ['typ as a list', claimsWith({ typ: ['access'] })],
  ['email as an object', claimsWith({ email: { $gt: '' } })],
  ['email as a list', claimsWith({ email: ['a@example.com'] })],
];

const duplicates: readonly Forgery[] = [
  ['two members sub', claimsBegun('"sub":"victim",')],
  ['two members sub, one written with an escape', claimsBegun(String.raw`"s\u0075b":"victim",`)],
  ['two members exp', claimsBegun('"exp":99999999999,')],
  ['two members role', claimsBegun('"role":"admin","role":"admin",')],
  ['two members aud, the same', (s) => claimsBegun(`"aud":${JSON.stringify(s.claims().aud)},`)(s)],
  ['two members of one name within another', claimsBegun('"act":{"sub":"a","sub":"b"},')],
  ['two members of one name within a list', claimsBegun('"acts":[{"x":[{"sub":1,"sub":2}]}],')],
  ['two members __proto__', claimsBegun('"__proto__":{},"__proto__":{},')],
  ['two members alg in the header', headerBegun('"alg":"none",')],
  ['two members alg in the header, the same', (s) => headerBegun(`"alg":"${String(s.header.alg)}",`)(s)],
  ['two members typ in the header', headerBegun('"typ":"JWT","typ":"JWT",')],
  ['two members kid in the header', headerBegun('"kid":"a","kid":"b",')],
];

const headers: readonly Forgery[] = [
  ['an empty header', headerAs('{}')],
  ['a header without alg', headerAs('{"typ":"JWT"}')],
  ['a list as header', headerAs('[]')],
  ['null as header', headerAs('null')],
  ['text as header', headerAs('"HS256"')],
  ['a number as header', headerAs('1')],
  ['a header that is no JSON', headerAs("{'alg':'HS256'}")],
  ['a header with a comma too many', headerAs('{"alg":"HS256",}')],
  ['a header with a comment', headerAs('{"alg":"HS256"/**/}')],
  ['a header behind a byte order mark', (s) => headerAs(`\uFEFF${JSON.stringify(s.header)}`)(s)],
  ['a header in UTF-16', (s) => headerAs(Buffer.from(JSON.stringify(s.header), 'utf16le'))(s)],
  ['a header with a NUL behind', (s) => headerAs(`${JSON.stringify(s.header)}\u0000`)(s)],
  ['two headers in a row', (s) => headerAs(JSON.stringify(s.header).repeat(2))(s)],
  ['alg in lower case', (s) => headerWith({ alg: String(s.header.alg).toLowerCase() })(s)],
  ['alg with a space', (s) => headerWith({ alg: `${String(s.header.alg)} ` })(s)],
  ['alg in a list', (s) => headerWith({ alg: [s.header.alg] })(s)],
  ['alg as a number', headerWith({ alg: 256 })],
  ['alg as null', headerWith({ alg: null })],
  ['an empty alg', headerWith({ alg: '' })],
  ['alg that every object has', headerWith({ alg: 'constructor' })],
  ['Alg in place of alg', (s) => headerAs({ Alg: s.header.alg, typ: 'JWT' } as never)(s)],
  ['typ that is no access token’s', headerWith({ typ: 'JWE' })],
  ['typ of a logout token', headerWith({ typ: 'logout+jwt' })],
  ['typ of a proof of possession', headerWith({ typ: 'dpop+jwt' })],
  ['typ as a list', headerWith({ typ: ['JWT'] })],
  ['typ as null', headerWith({ typ: null })],
  ['kid as a number', headerWith({ kid: 1 })],
  ['kid as a list', headerWith({ kid: ['1'] })],
  ['kid as an object', headerWith({ kid: {} })],
  ['crit that is empty', headerWith({ crit: [] })],
  ['crit with something unknown', headerWith({ crit: ['exp'], exp: 1 })],
  ['crit of b64', headerWith({ crit: ['b64'], b64: true })],
  ['a payload that is not encoded (b64)', headerWith({ b64: false })],
  ['a compressed payload', headerWith({ zip: 'DEF' })],
  ['an encryption', headerWith({ enc: 'A256GCM' })],
  ['a token within (cty)', headerWith({ cty: 'JWT' })],
  ['a key that it brings along', headerWith({ jwk: { kty: 'oct', k: 'AAAA' } })],
];

const payloads: readonly Forgery[] = [
  ['an empty payload', claimsAs('')],
  ['an empty object as payload', claimsAs('{}')],
  ['a list as payload', (s) => claimsAs(JSON.stringify([s.claims()]))(s)],
  ['null as payload', claimsAs('null')],
  ['text as payload', (s) => claimsAs(JSON.stringify(JSON.stringify(s.claims())))(s)],
  ['a payload that is no JSON', claimsAs('sub=somebody')],
  ['a payload with a comma too many', (s) => claimsAs(JSON.stringify(s.claims()).replace('}', ',}'))(s)],
  ['a payload behind a byte order mark', (s) => claimsAs(`\uFEFF${JSON.stringify(s.claims())}`)(s)],
  ['a payload with text behind', (s) => claimsAs(`${JSON.stringify(s.claims())}x`)(s)],
  ['a payload with a NUL behind', (s) => claimsAs(`${JSON.stringify(s.claims())}\u0000`)(s)],
  ['two payloads in a row', (s) => claimsAs(JSON.stringify(s.claims()).repeat(2))(s)],
  [
    'a payload that is no UTF-8',
    (s) => claimsAs(Buffer.from(JSON.stringify({ ...s.claims(), n: 'é' }), 'latin1'))(s),
  ],
  ['a payload of a byte that is no UTF-8', claimsAs(utf8(0xff))],
  [
    'a payload with an overlong character',
    (s) => {
      const [before, after] = JSON.stringify({ ...s.claims(), n: '|' }).split('|');
      return claimsAs(Buffer.concat([Buffer.from(before ?? ''), utf8(0xc0, 0xaf), Buffer.from(after ?? '')]))(
        s,
      );
    },
  ],
  [
    'a payload with half a surrogate pair in UTF-8',
    (s) => {
      const [before, after] = JSON.stringify({ ...s.claims(), n: '|' }).split('|');
      return claimsAs(
        Buffer.concat([Buffer.from(before ?? ''), utf8(0xed, 0xa0, 0x80), Buffer.from(after ?? '')]),
      )(s);
    },
  ],
  ['a payload that is nested deeply', claimsBegun(`"x":${nested(500)},`)],
  ['a payload that is nested a bit too deeply', claimsBegun(`"x":${nested(16)},`)],
  ['a payload of 10 kB', claimsBegun(`"x":"${'x'.repeat(10_000)}",`)],
  [
    'a payload of 5000 members',
    (s) => claimsBegun(Array.from({ length: 700 }, (_, index) => `"m${index}":${index},`).join(''))(s),
  ],
];

const form: readonly Forgery[] = [
  ['a part more, empty', changed((token) => `${token}.`)],
  ['a part more', changed((token) => `${token}.AAAA`)],
  ['five parts, as of an encrypted token', changed((token) => `${token}.AAAA.AAAA`)],
  ['an empty part before', changed((token) => `.${token}`)],
  ['no header', changed((token) => token.replace(/^[^.]+/, ''))],
  ['no payload', changed((token) => token.replace(/\.[^.]+\./, '..'))],
  ['a line break behind', changed((token) => `${token}%0A`)],
  ['padding behind the header', encodedAs((header, body) => `${header}=.${body}`)],
  ['padding behind the payload', encodedAs((header, body) => `${header}.${body}==`)],
  ['padding behind the signature', changed((token) => `${token}=`)],
  [
    'a header with a character too many',
    encodedAs(
      (header, body) =>
        `${header}${'A'.repeat(header.length % 4 === 0 ? 1 : 4 - (header.length % 4) + 1)}.${body}`,
    ),
  ],
  ['a plus sign in the signature', changed((token) => token.replace(/.$/, '+'))],
  ['a slash in the payload', encodedAs((header, body) => `${header}.${body.slice(0, -2)}/w`)],
  ['a tilde in the signature', changed((token) => token.replace(/.$/, '~'))],
  ['a percent escape in the payload', encodedAs((header, body) => `${header}.${body}%3D`)],
  ['a quotation mark around', changed((token) => `"${token}"`)],
  ['itself within a token', (s) => claimsAs(signedToken(s))(s)],
  ['a scheme twice', changed((token) => `Bearer.${token}`)],
];

/** Of any signer: refused for what it says, or for how it is written. */
export const contentForgeries: readonly Forgery[] = [
  ...claims,
  ...duplicates,
  ...headers,
  ...payloads,
  ...form,
];

/** Odd, and good. */
export const oddTokens: readonly Forgery[] = [
  ['a plain one', (s) => signedToken(s)],
  ['no typ in the header', (s) => headerAs({ ...s.header, typ: undefined } as never)(s)],
  ['typ in lower case', headerWith({ typ: 'jwt' })],
  ['typ of RFC 9068', headerWith({ typ: 'at+jwt' })],
  ['members of the header that nobody knows', headerWith({ other: { a: [1] } })],
  ['audiences in a list', (s) => claimsWith({ aud: ['another-product', s.claims().aud] })(s)],
  ['times with a fraction', claimsWith({ iat: Date.now() / 1000, exp: Date.now() / 1000 + 600.25 })],
  ['times in scientific notation', (s) => claimAs('exp', `${(nowFor(600).exp / 1e9).toFixed(9)}e9`)(s)],
  ['issued 3 s ahead', claimsWith({ iat: nowFor(3).exp })],
  ['valid since now', claimsWith({ nbf: nowFor(0).iat })],
  ['a life of a day', claimsWith(nowFor(86_400))],
  ['white space in the JSON', (s) => claimsAs(` ${JSON.stringify(s.claims(), undefined, 2)}\r\n\t`)(s)],
  [
    'members in another order',
    (s) => claimsAs(JSON.stringify(Object.fromEntries(Object.entries(s.claims()).toReversed())))(s),
  ],
  [
    'claims that nobody knows',
    claimsWith({ realm_access: { roles: ['a', 'b'] }, __proto: 1, 'https://x.test/y': [{}] }),
  ],
  ['the same name in two objects', claimsWith({ a: { sub: 'x' }, b: { sub: 'y' }, c: ['sub', 'sub', ':'] })],
  ['text that looks like members', claimsWith({ note: '{"sub":"a","sub":"b"}', 'a":1,"a': 1 })],
  ['a subject of many scripts', claimsWith({ sub: 'ਸਭ|всё|😀|é' })],
  ['a subject written with escapes', (s) => claimAs('sub', String.raw`"\u0073ome\/\ud83d\ude00"`)(s)],
  ['an address that is none', claimsWith({ email: 'nobody' })],
];
