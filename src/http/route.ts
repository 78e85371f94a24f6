import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { z } from 'zod';
import type { Role } from '../core/actor.ts';
import { DomainError, signInNeeded } from '../core/errors.ts';
import { includesScope, type Scope } from '../core/scopes.ts';
import { type AppContext, type AppEnv, isRead, userOf } from './context.ts';
import type { Statement } from '../db/index.ts';
import { problemSchema } from './problem.ts';
import { refuseInvalid } from './validation.ts';

/**
 * Who may call a route. `public` needs no credential (and only counts on the list in public-routes.ts); `person` is about
 * who asks, whatever their role; `customer` acts for itself; `account` is about a customer's account, its own or one that staff or a service names (see `accountOf`);
 * `viewer` reads as an admin does.
 */
export type Access = 'public' | 'person' | 'customer' | 'account' | 'viewer' | 'admin';

const rolesOf = {
  public: [],
  person: ['customer', 'viewer', 'admin'],
  customer: ['customer', 'admin'],
  account: ['customer', 'service', 'admin'],
  viewer: ['viewer', 'admin'],
  admin: ['admin'],
} as const satisfies Record<Access, readonly Role[]>;

/** A viewer reads what a customer reads: its own, or that of a customer it names. */
const readersOf = {
  ...rolesOf,
  customer: ['customer', 'viewer', 'admin'],
  account: ['customer', 'service', 'viewer', 'admin'],
} as const satisfies Record<Access, readonly Role[]>;

/** What a service may do, too, whose key has the route's scope. */
const isForStaff = {
  public: false,
  person: false,
  customer: false,
  account: false,
  viewer: true,
  admin: true,
} as const satisfies Record<Access, boolean>;

/** What a route asks for beside its access. */
interface Terms {
  /** What a key must be allowed to; without it no key may come in. */
  readonly scope?: Scope;
  /** Password and code must just have been given. */
  readonly isFresh?: boolean;
  /** Open to staff that has not set up its second factor yet. */
  readonly isOpenToRestricted?: boolean;
}

/** A group of routes: the `routes.ts` of a domain makes one and app.ts mounts it. */
export function createRoutes() {
  return new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
}

/**
 * A route with its access, documented and enforced from the same word: the role check runs before any of the
 * request's content is looked at. Every route can answer a problem, and says so in the OpenAPI document.
 */
export function defineRoute<
  Path extends string,
  const Route extends Omit<RouteConfig, 'path'> & { readonly path: Path },
>(access: Access, route: Route, terms: Terms = {}) {
  const { scope, isFresh = false } = terms;
  return createRoute<Path, Route>({
    ...route,
    'x-access': access,
    ...(scope === undefined ? {} : { 'x-scope': scope }),
    ...(isFresh ? { 'x-fresh': true } : {}),
    ...(access === 'public' ? {} : { security: [{ bearer: [] }, { cookie: [] }] }),
    middleware: [requireAccess(access, terms)],
    responses: { ...route.responses, default: problemResponse },
  });
}

const problemResponse = {
  description: 'A problem: the status says of which kind, `code` which one.',
  content: { 'application/problem+json': { schema: problemSchema } },
};

function requireAccess(access: Access, terms: Terms): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (access !== 'public') {
      const user = userOf(c);
      const allowed: readonly Role[] = isRead(c) ? readersOf[access] : rolesOf[access];
      const isServed = user.scopes !== undefined && user.role === 'service' && isForStaff[access];
      if (!allowed.includes(user.role) && !isServed) throw refusedRole();
      if (user.scopes !== undefined) requireScope(user.scopes, terms.scope);
      if (user.isRestricted === true && terms.isOpenToRestricted !== true) throw secondFactorNeeded();
      if (terms.isFresh === true) await requireFreshness(c);
    }
    await next();
  };
}

/** A key comes in where a scope says so, and nowhere else. */
function requireScope(granted: readonly Scope[], needed: Scope | undefined): void {
  if (needed === undefined) throw refusedRole();
  if (!includesScope(granted, needed)) {
    throw new DomainError('forbidden', 'insufficient_scope', 'The key lacks a scope.', {
      members: { needed_scope: needed },
    });
  }
}

async function requireFreshness(c: AppContext): Promise<void> {
  const freshness = c.get('freshness') as Statement | undefined;
  if (freshness === undefined) throw signInNeeded();
  await c.get('deps').db.run(freshness);
}

function refusedRole(): DomainError {
  return new DomainError('forbidden', 'forbidden', 'Your role does not allow this.');
}

function secondFactorNeeded(): DomainError {
  return new DomainError('forbidden', 'second_factor_needed', 'Set up your second factor first.');
}

/** A JSON answer, for `responses`. */
export function jsonResponse<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } };
}

/** A JSON body, for `request.body`. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } };
}

/** For an answer that the same request under the same Idempotency-Key was given before, as `operation` marks it. */
export function markReplay(c: AppContext): void {
  c.header('Idempotent-Replayed', 'true');
}

/** For an answer that holds a secret: no cache keeps it, and what is kept for an Idempotency-Key is sealed. */
export function markSecret(c: AppContext): void {
  c.set('isSecret', true);
  c.header('Cache-Control', 'no-store');
}

/** Answers with a body that its schema has checked: a member that the schema does not name cannot leak. */
export function answer<Schema extends z.ZodType>(c: AppContext, schema: Schema, body: z.input<Schema>) {
  return c.json(schema.parse(body), 200);
}

/** The same for what goes on after the answer (202). */
export function answerAccepted<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
  body: z.input<Schema>,
) {
  return c.json(schema.parse(body), 202);
}
