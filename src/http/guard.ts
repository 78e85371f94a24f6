import type { MiddlewareHandler } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import type { User } from '../core/actor.ts';
import { DomainError, foreignOrigin, invalidToken } from '../core/errors.ts';
import { systemClock } from '../core/time.ts';
import type { Statement } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { type AppContext, type AppEnv, isRead } from './context.ts';
import { createGuesses, type Guesses } from './guesses.ts';
import { addressKey, countRequest, tooManyRequests, type RateLimitName } from './rate-limits.ts';

/** What a request proves itself with. */
export interface Credential {
  readonly kind: 'bearer' | 'cookie';
  readonly text: string;
}

/** Who a credential proves. */
export interface Authenticated {
  readonly user: User;
  /** What must still hold in the database: rides on the request's first call, and refuses it (RC401). */
  readonly check?: Statement;
  /** Refused (RC403) unless the user has just given password and code. Not there where there is no session. */
  readonly freshness?: Statement;
  /** Which key or service it is, to be counted by itself; not there for a person. */
  readonly machine?: string;
  /** What is to be noted of the credential's use, once the request is answered. */
  readonly afterwards?: (deps: Deps) => Promise<void>;
}

/**
 * @param mayAsk throws where the database must not be asked about this credential
 * @throws `unauthenticated` for a credential that proves nobody, and says no more of it
 */
export type Authenticate = (deps: Deps, credential: Credential, mayAsk: () => void) => Promise<Authenticated>;

/** The session of a browser. The prefix has browsers keep it to this very host, on secure connections. */
export const sessionCookie = '__Host-session';

/** For what opens a session by cookie. */
export function setSessionCookie(c: AppContext, secret: string, expiresAt: Date): void {
  setCookie(c, sessionCookie, secret, { ...cookieAttributes, expires: expiresAt });
}

/** For what ends it. A cookie beside an Authorization header did not count, and stays. */
export function clearSessionCookie(c: AppContext): void {
  if (c.req.header('Authorization') === undefined) deleteCookie(c, sessionCookie, cookieAttributes);
}

const cookieAttributes = { path: '/', secure: true, httpOnly: true, sameSite: 'Strict' } as const;

/** Whole paths with their methods, and nothing below them. */
export interface GuardedRoutes {
  /** What is served without a credential, each with the limit that counts it. */
  readonly publicRoutes: ReadonlyMap<string, RateLimitName | 'unlimited'>;
  /** What takes a password or a code of who has a credential. */
  readonly proofRoutes: ReadonlySet<string>;
}

/**
 * Lets a request through when its method and whole path are on the public list, or when it brings a valid credential;
 * unknown paths included, so that nobody without one learns what exists.
 */
export function guard(
  { publicRoutes, proofRoutes }: GuardedRoutes,
  authenticate: Authenticate,
): MiddlewareHandler<AppEnv> {
  const guesses = createGuesses(systemClock);
  return async (c, next) => {
    const deps = c.get('deps');
    const { method, path } = c.req;
    const route = `${method === 'HEAD' ? 'GET' : method} ${path}`;
    const limit = publicRoutes.get(route);
    const isProof = proofRoutes.has(route);
    if (limit === 'auth' || isProof) c.set('isUntimed', true);
    if (limit !== undefined) {
      if (limit !== 'unlimited') await countRequest(c, limit);
      return next();
    }
    if (isProof) await countRequest(c, 'auth');
    let proven: Authenticated;
    try {
      proven = await proveAndCount(c, authenticate, guesses);
    } catch (error) {
      if (isRefusal(error)) clearRefusedCookie(c);
      throw error;
    }
    const { user, check, freshness, afterwards } = proven;
    c.set('user', user);
    if (check !== undefined) deps.db.require(check);
    if (freshness !== undefined) c.set('freshness', freshness);
    await next();
    if (c.res.status === 401) clearRefusedCookie(c);
    // What is told to somebody is no cache's to keep.
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
    if (afterwards !== undefined) deps.later('noteUse', afterwards);
  };
}

/**
 * Who asks, counted: a machine for itself, everybody else for the address, and so is who proves nothing. What a bearer
 * is, its proof alone tells; a browser is no machine, and is counted before the database is asked for it. For an
 * address that has guessed too often nobody is asked any more: from there a key must be known here already.
 */
async function proveAndCount(
  c: AppContext,
  authenticate: Authenticate,
  guesses: Guesses,
): Promise<Authenticated> {
  const deps = c.get('deps');
  if (c.req.header('Authorization') === undefined) {
    await countRequest(c, 'general');
    return authenticate(deps, credentialOf(c), () => undefined);
  }
  const mayAsk = () => {
    if (c.get('config').limitsRequests && guesses.areTooMany(addressKey(c))) throw tooManyRequests();
  };
  let proven: Authenticated;
  try {
    proven = await authenticate(deps, credentialOf(c), mayAsk);
  } catch (error) {
    // A fault tells nothing of who asks: while the database is down, no key counts as a guess.
    if (isRefusal(error)) {
      guesses.note(addressKey(c));
      await countRequest(c, 'general');
    }
    throw error;
  }
  const { machine } = proven;
  await (machine === undefined ? countRequest(c, 'general') : countRequest(c, 'machine', machine));
  return proven;
}

function isRefusal(error: unknown): boolean {
  return error instanceof DomainError && error.kind === 'unauthenticated';
}

/** A browser that would bring it again and again forgets a cookie that opens nothing. */
function clearRefusedCookie(c: AppContext): void {
  if (c.req.header('Cookie')?.includes(`${sessionCookie}=`) === true) clearSessionCookie(c);
}

/** A cookie counts only where there is no Authorization header, whatever that says. */
function credentialOf(c: AppContext): Credential {
  const header = c.req.header('Authorization');
  if (header !== undefined) {
    const text = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(header)?.[1];
    if (text !== undefined) return { kind: 'bearer', text };
    if (/^Bearer \S/i.test(header)) throw invalidToken();
  } else {
    const text = cookieIn(c.req.header('Cookie'));
    if (text !== undefined) {
      refuseForeignPage(c);
      return { kind: 'cookie', text };
    }
  }
  throw new DomainError('unauthenticated', 'missing_token', 'This needs an access token.');
}

/** A browser that sends two of them was given one by somebody else: neither counts. */
function cookieIn(header: string | undefined): string | undefined {
  // Header lines of one name may have been joined by commas.
  const [value, ...more] = (header ?? '')
    .split(/[;,]/)
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${sessionCookie}=`))
    .map((part) => part.slice(sessionCookie.length + 1));
  return value !== undefined && more.length === 0 && /^[\w-]{20,100}$/.test(value) ? value : undefined;
}

/**
 * A browser sends the cookie along whatever page makes it ask. To change something the page must be our own: its exact
 * origin, and the browser's word that it is the same one.
 * Source: https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function refuseForeignPage(c: AppContext): void {
  if (!isRead(c) && !isFromOwnPage(c)) throw foreignOrigin();
}

/** Whether a page of our own asks, in a browser that says so. */
export function isFromOwnPage(c: AppContext): boolean {
  return (
    c.req.header('Origin') === c.get('config').publicOrigin &&
    c.req.header('Sec-Fetch-Site') === 'same-origin'
  );
}
