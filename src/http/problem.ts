import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { assertNever, DomainError, type ErrorKind } from '../core/errors.ts';
import { createLog, describeFault } from '../core/log.ts';
import { idempotencyKeyTaken, isStatementError } from '../db/index.ts';
import type { AppContext } from './context.ts';

/** RFC 9457, with a stable `code`, the request's id, and what is wrong field by field. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

interface Problem {
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[];
  readonly members?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number | undefined;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  402: 'Payment required',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  429: 'Too many requests',
  500: 'Internal server error',
  503: 'Service unavailable',
};

export function problem(
  c: AppContext,
  { status, code, detail, errors, members, retryAfterSeconds }: Problem,
) {
  const body = {
    ...members,
    type: `urn:ratecard:problem:${code}`,
    title: titles[status] ?? 'Error',
    status,
    detail,
    instance: c.req.path,
    code,
    request_id: c.get('requestId'),
    errors: errors ?? [],
  };
  c.set('code', code);
  c.header('Cache-Control', 'no-store');
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds));
  if (status === 401) c.header('WWW-Authenticate', 'Bearer');
  return c.body(JSON.stringify(body), status, { 'Content-Type': 'application/problem+json' });
}

/** The one place where errors become answers. What it does not know is a fault: a constant text, and a log line. */
export function answerError(error: Error, c: AppContext): Response {
  if (error instanceof DomainError) {
    if (error.cause !== undefined) logFault(c, error.code, error.cause);
    return problem(c, {
      status: statusOf(error.kind),
      code: error.code,
      detail: error.message,
      errors: error.fields,
      members: error.members,
      retryAfterSeconds: error.retryAfterSeconds,
    });
  }
  if (error instanceof HTTPException) return answerHttpException(error, c);
  if (isStatementError(error, idempotencyKeyTaken)) {
    // Until the operation has looked at whom the key belongs to, which it does next.
    return problem(c, {
      status: 409,
      code: 'idempotency_key_in_use',
      detail: 'This Idempotency-Key is taken.',
    });
  }
  logFault(c, 'internal_error', error);
  return problem(c, {
    status: 500,
    code: 'internal_error',
    detail: 'Something went wrong here; it has been recorded.',
  });
}

/** Thrown by Hono's validators, before any code of ours runs. */
function answerHttpException(error: HTTPException, c: AppContext): Response {
  if (error.status === 415) {
    return problem(c, {
      status: 415,
      code: 'unsupported_media_type',
      detail: 'Send the body as application/json.',
    });
  }
  return problem(c, { status: 400, code: 'malformed_json', detail: 'The body is not valid JSON.' });
}

function statusOf(kind: ErrorKind): ContentfulStatusCode {
  switch (kind) {
    case 'malformed':
      return 400;
    case 'invalid':
      return 422;
    case 'unauthenticated':
      return 401;
    case 'payment_required':
      return 402;
    case 'forbidden':
      return 403;
    case 'not_found':
      return 404;
    case 'conflict':
      return 409;
    case 'precondition_failed':
      return 412;
    case 'too_many_requests':
      return 429;
    case 'unavailable':
      return 503;
    default:
      return assertNever(kind);
  }
}

function logFault(c: AppContext, code: string, fault: unknown): void {
  createLog({ request_id: c.get('requestId') }).error('fault', { ...describeFault(fault), code });
}
