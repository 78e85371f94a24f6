import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { principalOf } from '../core/actor.ts';
import { conflict, DomainError, invalid, malformed } from '../core/errors.ts';
import { sha256, toHex, uuidFrom } from '../core/ids.ts';
import { businessClock } from '../core/time.ts';
import { findKey, idempotencyKeyTaken, isStatementError, type IdempotencyClaim } from '../db/index.ts';
import type { Deps, RequestDeps, RequestScope } from '../deps.ts';
import type { Config } from '../env.ts';
import type { AppContext, AppEnv } from './context.ts';

export type CreateDeps = (env: Env, config: Config, scope: RequestScope) => RequestDeps;

/** Gives each request its dependencies. */
export function dependencies(createDeps: CreateDeps): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const config = c.get('config');
    const scope = {
      requestId: c.get('requestId'),
      operationId: crypto.randomUUID(),
      clock: await businessClock(config.clockUrl),
      waitUntil: (promise: Promise<unknown>) => c.executionCtx.waitUntil(promise),
    };
    c.set('deps', createDeps(c.env, config, scope));
    await next();
  };
}

/** Work that follows the answer to a request which may have changed something, but for those of quiet paths. */
interface Afterwards {
  work(deps: Deps): Promise<void>;
  readonly quietPaths: RegExp;
}

/** How the requests of an operation are looked at. */
interface OperationTerms extends Afterwards {
  /** What takes a password: what is kept of such a request, to know it again, must not let anybody try passwords out. */
  readonly proofRoutes: ReadonlySet<string>;
}

/**
 * Ends a request's operation: what the verb left for the end is committed together with the answer. Under an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) the first answer below 500
 * is kept; the same request again gets it, another request with the same key 422, one that comes too early 409.
 */
export function operation({ work, quietPaths, proofRoutes }: OperationTerms): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const claim = await claimOf(c, proofRoutes);
    const deps = c.get('deps');
    if (claim !== undefined) {
      deps.db.hold(claim);
      const { principal, key, requestHash } = claim;
      deps.operationId = await uuidFrom(JSON.stringify([principal, key, requestHash]));
    }
    await next();
    const { status } = c.res;
    // Who asks must be let in, also where nothing was asked of the database.
    if (![401, 500, 503].includes(status)) await deps.db.settleRequirement();
    if (claim !== undefined && isStatementError(c.error, idempotencyKeyTaken)) {
      c.res = await replay(c, deps, claim);
    } else {
      await endOperation(deps, status, claim && (await bodyToKeep(c, claim)));
      const mayHaveChanged = status < 400 && !changesNothing(c);
      if (mayHaveChanged && !quietPaths.test(c.req.path)) deps.later('afterwards', work);
    }
  };
}

/** A passing fault, this operation's own end included, frees the key; every other outcome is kept for it. */
async function endOperation({ db }: RequestDeps, status: number, body = ''): Promise<void> {
  if (!db.hasEnd) return;
  const abandon = () => db.abandon().catch(() => undefined);
  if (status >= 500) return abandon();
  const stored = { status, body };
  try {
    await (status < 400 ? db.commitAnswer(stored) : db.commitRefusal(stored));
  } catch (error) {
    await abandon();
    throw error;
  }
}

/** What is sealed begins with this; JSON does not. */
const sealedMark = 'sealed:';
const purposeOf = (claim: IdempotencyClaim) => `answer:${claim.id}`;

/** An answer that holds a secret is kept sealed: whoever repeats the request gets it, and who has the database does not. */
async function bodyToKeep(c: AppContext, claim: IdempotencyClaim): Promise<string> {
  const body = await c.res.clone().text();
  const isSecret = c.get('isSecret') as boolean | undefined;
  return isSecret === true
    ? `${sealedMark}${await c.get('deps').sealing.seal(body, purposeOf(claim))}`
    : body;
}

async function keptBody({ sealing }: RequestDeps, claim: IdempotencyClaim, body: string): Promise<string> {
  if (!body.startsWith(sealedMark)) return body;
  try {
    return await sealing.open(body.slice(sealedMark.length), purposeOf(claim));
  } catch (error) {
    throw new DomainError(
      'conflict',
      'idempotency_answer_lost',
      'The request was done; its answer was sealed with a key that is gone.',
      { cause: error },
    );
  }
}

/** Undefined for a request that changes nothing, comes from nobody, or brings no key. */
async function claimOf(
  c: AppContext,
  proofRoutes: ReadonlySet<string>,
): Promise<IdempotencyClaim | undefined> {
  const user = c.get('user') as AppEnv['Variables']['user'] | undefined;
  const header = user === undefined || changesNothing(c) ? undefined : c.req.header('Idempotency-Key');
  if (header === undefined || user === undefined) return undefined;
  const url = new URL(c.req.url);
  const ifMatch = c.req.header('If-Match') ?? '';
  const request = JSON.stringify([c.req.method, url.pathname, url.search, ifMatch, await c.req.text()]);
  const isProof = proofRoutes.has(`${c.req.method} ${c.req.path}`);
  const principal = principalOf(user);
  const key = keyIn(header);
  return {
    id: await uuidFrom(JSON.stringify([principal, key])),
    principal,
    key,
    requestHash: isProof ? await c.get('deps').sealing.fingerprint(request) : toHex(await sha256(request)),
  };
}

function changesNothing(c: AppContext): boolean {
  return ['GET', 'HEAD', 'OPTIONS'].includes(c.req.method);
}

/** The draft wants a quoted string; most clients send the bare text. Both name the same key. */
function keyIn(header: string): string {
  const key = header.startsWith('"') ? (/^"(.+)"$/.exec(header)?.[1] ?? '') : header;
  if (/^[\x21-\x7e][\x20-\x7e]{0,254}$/.test(key)) return key;
  throw malformed('invalid_idempotency_key', 'An Idempotency-Key has 1 to 255 visible ASCII characters.', [
    {
      pointer: 'Idempotency-Key',
      code: 'invalid_idempotency_key',
      detail: '1 to 255 visible ASCII characters',
    },
  ]);
}

async function replay(c: AppContext, deps: RequestDeps, claim: IdempotencyClaim): Promise<Response> {
  const [kept] = await deps.db.run(findKey(claim));
  if (kept !== undefined && kept.requestHash !== claim.requestHash) {
    throw invalid('idempotency_key_reused', 'This Idempotency-Key was used with another request.');
  }
  if (kept === undefined || kept.status === null) {
    throw conflict(
      'idempotency_key_in_use',
      'The first request with this Idempotency-Key is still under way.',
    );
  }
  const body = await keptBody(deps, claim, kept.body ?? '');
  // The log line names the problem that is told, and not that the key was taken.
  c.set('code', codeIn(kept.status, body));
  return new Response(body, {
    status: kept.status,
    headers: {
      'Cache-Control': 'no-store',
      'Content-Type': kept.status < 400 ? 'application/json' : 'application/problem+json',
      'Idempotent-Replayed': 'true',
    },
  });
}

function codeIn(status: number, body: string): string | undefined {
  return status < 400 ? undefined : keptProblem.parse(JSON.parse(body)).code;
}

const keptProblem = z.object({ code: z.string().optional() });
