import { sha256 } from '../core/ids.ts';

/**
 * What a key looks like: mode, 12 characters that name it, 37 random ones (220 bits), and 6 that are a checksum over
 * everything before them. A scanner knows a key of ours by its beginning, and a real one by its checksum, without asking
 * anybody.
 */
const form = /^rc_(live|test)_([0-9A-Za-z]{12})_[0-9A-Za-z]{43}$/;
const formWithin = /rc_(?:live|test)_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}/g;
const checksumLength = 6;
const randomLength = 37;
const idLength = 12;
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A key's mode, as it shows it: that of the Stripe key of its installation. */
export type KeyMode = 'live' | 'test';

/** What can be told of a well-formed key without asking anybody. */
export interface ReadKey {
  readonly id: string;
  readonly mode: KeyMode;
}

export function keyModeOf({ livemode }: { readonly livemode: boolean }): KeyMode {
  return livemode ? 'live' : 'test';
}

/** Whether a credential calls itself one of our keys, well-formed or not. */
export function isKeyLike(text: string): boolean {
  return text.startsWith('rc_live_') || text.startsWith('rc_test_');
}

/** Undefined for what has not the form of a key, or another checksum. */
export function readKey(text: string): ReadKey | undefined {
  const [, mode, id] = form.exec(text) ?? [];
  if (id === undefined || (mode !== 'live' && mode !== 'test')) return undefined;
  const body = text.slice(0, -checksumLength);
  return checksumOf(body) === text.slice(-checksumLength) ? { id, mode } : undefined;
}

/** The keys within a text, wherever they stand in it; what only looks like one is none. */
export function keysIn(text: string): readonly ReadKey[] {
  return (text.match(formWithin) ?? []).flatMap((found) => readKey(found) ?? []);
}

/** A new key under an id: shown once, and nowhere kept. */
export function newKey(mode: KeyMode, id: string): string {
  const body = `rc_${mode}_${id}_${randomText(randomLength)}`;
  return body + checksumOf(body);
}

/** The id of the key that an operation makes: the same when it is done again. */
export async function keyIdOf(operationId: string): Promise<string> {
  const bytes = (await sha256(`api key ${operationId}`)).slice(0, 16);
  return inBase62(
    bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
    idLength,
  );
}

function checksumOf(body: string): string {
  return inBase62(BigInt(crc32(body)), checksumLength);
}

/** CRC-32 as of zip and PNG, of ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const character of text) {
    crc ^= character.charCodeAt(0);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The last digits of a number in base 62, with zeros in front. */
function inBase62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  while (text.length < length) {
    text = (base62[Number(rest % 62n)] ?? '') + text;
    rest /= 62n;
  }
  return text;
}

/** A byte of 248 or more would make some characters likelier than others: it is thrown away. */
function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < 248 && text.length < length) text += base62[byte % 62] ?? '';
    }
  }
  return text;
}
