import { invalidToken } from '../core/errors.ts';
import { readStrictObject } from './strict-json.ts';

/** No access token comes near; a longer one is not worth hashing. */
const maximumLength = 8192;

/** What a token says before anything of it is verified: good for choosing the verifier, and for refusing. */
export interface TokenParts {
  readonly text: string;
  readonly header: TokenHeader;
  readonly claims: Readonly<Record<string, unknown>>;
}

interface TokenHeader {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
}

/** Members that bring a key along, or change what is signed, or how. None of ours has one. */
const refusedMembers = ['crit', 'b64', 'zip', 'enc', 'epk', 'cty', 'jwk'] as const;

const types: readonly string[] = ['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'];

/**
 * A signed token in compact form (RFC 7515 §3.1), read strictly: what two readers could understand in two ways is none.
 * @throws `invalid_token`
 */
export function readToken(text: string): TokenParts {
  const parts = text.length > maximumLength ? [] : text.split('.');
  const [header, claims] = parts.slice(0, 2).map(objectIn);
  if (parts.length !== 3 || header === undefined || claims === undefined) throw invalidToken();
  const { alg, kid, typ } = header;
  if (!isText(alg) || !isOptionalText(kid) || !isOptionalText(typ)) throw invalidToken();
  if (typ !== undefined && !types.includes(typ.toLowerCase())) throw invalidToken();
  if (refusedMembers.some((name) => Object.hasOwn(header, name))) throw invalidToken();
  if (!isCanonical(parts[2] ?? '')) throw invalidToken();
  return { text, header: { alg, kid, typ }, claims };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}

/** A byte order mark stays, and is then no JSON. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  if (!isCanonical(part)) return undefined;
  const characters = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = characters.charCodeAt(at);
  try {
    return readStrictObject(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** How many spare bits the last character of base64url has, by the characters beyond whole groups of four. */
const spareBits = [0, undefined, 4, 2] as const;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The one way to write these bytes in base64url: no padding, and no spare bit that is set. */
function isCanonical(part: string): boolean {
  const spare = spareBits[part.length % 4];
  if (spare === undefined || !/^[\w-]+$/.test(part)) return false;
  return alphabet.indexOf(part.at(-1) ?? '') % 2 ** spare === 0;
}
