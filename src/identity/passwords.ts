import { scrypt, timingSafeEqual } from 'node:crypto';
import { systemClock } from '../core/time.ts';
import { countCall, type Usage } from '../core/usage.ts';

/** How hard a password is to guess from its hash: OWASP's set with the least memory, for an isolate of 128 MB. */
const cost = { n: 16_384, r: 8, p: 5 };
const saltBytes = 16;
const hashBytes = 32;
/** scrypt takes 128 · n · r bytes, and a little. */
const memoryBytes = 64 * 1024 * 1024;

/** The one place where passwords are hashed, so that it can move to a Worker of its own. */
export interface PasswordHasher {
  /** The password as `$scrypt$n=…,r=…,p=…$salt$hash`, salt and hash in base64. */
  hash(password: string): Promise<string>;
  /**
   * Whether it is the password of this hash. Without a hash it is not, and takes as long to say so. `isOutdated`: hash
   * it anew, as it is hashed today.
   */
  compare(password: string, hash: string | undefined): Promise<PasswordComparison>;
}

export interface PasswordComparison {
  readonly isRight: boolean;
  readonly isOutdated: boolean;
}

interface StoredHash {
  readonly cost: { readonly n: number; readonly r: number; readonly p: number };
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Counts each hashing into `usage`. */
export function openPasswordHasher(usage: Usage): PasswordHasher {
  async function derive(password: string, salt: Uint8Array, { n, r, p }: StoredHash['cost']) {
    await takeTurn();
    const started = performance.now();
    try {
      return await scryptOf(password.normalize('NFKC'), salt, { N: n, r, p, maxmem: memoryBytes });
    } finally {
      countCall(usage, started);
    }
  }

  return {
    async hash(password) {
      const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
      const hash = await derive(password, salt, cost);
      return `$scrypt$n=${cost.n},r=${cost.r},p=${cost.p}$${toBase64(salt)}$${toBase64(hash)}`;
    },
    async compare(password, hash) {
      const stored = hash === undefined ? nobody : parseHash(hash);
      const derived = await derive(password, stored.salt, stored.cost);
      const { n, r, p } = stored.cost;
      return {
        isRight: timingSafeEqual(derived, stored.hash) && hash !== undefined,
        isOutdated: n * r * p < cost.n * cost.r * cost.p,
      };
    },
  };
}

/** A turn that its request did not end, because its client was gone, is over by then. */
const turnMilliseconds = 2000;
const waitMilliseconds = 5;
let turnEndsAt = 0;

/**
 * A hashing blocks its isolate. Between one and the next the isolate gets to see what came in meanwhile: else the answers
 * to calls that other requests made would lie there until those requests gave up. Each request waits by a timer of its
 * own: a promise of another's would end with it.
 */
async function takeTurn(): Promise<void> {
  while (now() < turnEndsAt) await pause(waitMilliseconds);
  turnEndsAt = now() + turnMilliseconds;
  setTimeout(() => {
    turnEndsAt = 0;
  }, 1);
}

const now = () => systemClock.now().getTime();
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Compared with where there is nobody. */
const nobody: StoredHash = { cost, salt: new Uint8Array(saltBytes), hash: new Uint8Array(hashBytes) };

function parseHash(text: string): StoredHash {
  const [, n, r, p, salt, hash] =
    /^\$scrypt\$n=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  if (salt === undefined || hash === undefined) throw new Error('a stored password hash has an unknown form');
  return {
    cost: { n: Number(n), r: Number(r), p: Number(p) },
    salt: fromBase64(salt),
    hash: fromBase64(hash),
  };
}

function scryptOf(
  password: string,
  salt: Uint8Array,
  options: { N: number; r: number; p: number; maxmem: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hashBytes, options, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
