import type { IncomingHttpHeaders } from 'node:http';
import Stripe from 'stripe';
import type { Context } from '../state/context.ts';
import { invalid, StripeFailure } from '../api/errors.ts';
import { expand } from './expand.ts';
import { failureOfFault, type Fault, type FaultRequest, type FaultRule } from '../api/faults.ts';
import { decodeForm, type Form } from '../api/form.ts';
import { fingerprintOf, IdempotencyKeys, type Answer } from '../api/idempotency.ts';
import { newId } from '../state/ids.ts';
import type { Operation } from '../api/operations.ts';
import { OPERATIONS } from '../resources/index.ts';
import { findRoute } from '../api/routes.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  /** The query string and the body. */
  readonly form: string;
  readonly headers: IncomingHttpHeaders;
}

/** One API request as it was asked, for tests and the control page. Filled in as it is worked on. */
export interface RequestRecord {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  params: Form;
  readonly idempotencyKey: string | null;
  /** The answer's status; null while there is none, or when it was lost on purpose. */
  status: number | null;
}

/** Either an answer, or what to do with the connection instead. */
export type Outcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'reset' }
  /** `givenUp` is to be called when the client has closed the connection. */
  | { readonly kind: 'hang'; readonly givenUp: () => void };

const RECORDS_KEPT = 10_000;

/** The `/v1` API: authentication, versions, faults, idempotency, then the operation. */
export class Api {
  /** The latest requests, oldest first. */
  readonly requests: RequestRecord[] = [];
  faultRule: FaultRule | undefined;
  /** Hits what `faultRule` leaves alone. */
  chaosRule: FaultRule | undefined;

  readonly #context: Context;
  readonly #apiKey: string;
  readonly #keys: IdempotencyKeys;
  #asked = 0;

  constructor(context: Context, apiKey: string) {
    this.#context = context;
    this.#apiKey = apiKey;
    this.#keys = new IdempotencyKeys(context.store, context.now);
  }

  handle(request: ApiRequest): Outcome {
    const key = request.method === 'POST' ? headerOf(request, 'idempotency-key') : undefined;
    const record: RequestRecord = {
      id: newId('req_'),
      method: request.method,
      path: request.path,
      params: {},
      idempotencyKey: key ?? null,
      status: null,
    };
    const sequence = this.#asked;
    this.#asked += 1;
    this.requests.push(record);
    if (this.requests.length > RECORDS_KEPT) this.requests.shift();
    const outcome = this.#outcome(request, record, sequence);
    if (outcome.kind === 'answer') record.status = outcome.answer.status;
    return outcome;
  }

  #outcome(request: ApiRequest, record: RequestRecord, sequence: number): Outcome {
    try {
      checkMediaType(request);
      record.params = decodeForm(request.form);
      this.#authenticate(request);
      const fault = this.#faultOf(record, sequence);
      if (typeof fault === 'object' && !fault.saved) throw failureOfFault(fault.status);
      const outcome = this.#once(request, record, fault);
      return fault === 'lose-answer' ? { kind: 'reset' } : outcome;
    } catch (error) {
      return answered(failureAnswer(record.id, error));
    }
  }

  #faultOf({ method, path, idempotencyKey }: RequestRecord, sequence: number): Fault {
    const route = findRoute(OPERATIONS, method, path)?.route.path ?? path;
    const request: FaultRequest = { method, path, route, sequence, hasKey: idempotencyKey !== null };
    const fault = this.faultRule?.(request) ?? 'none';
    return fault === 'none' ? (this.chaosRule?.(request) ?? 'none') : fault;
  }

  /** Does the request, or repeats the answer that its Idempotency-Key already got. */
  #once(request: ApiRequest, record: RequestRecord, fault: Fault): Outcome {
    const key = record.idempotencyKey;
    const fingerprint = fingerprintOf(record.method, record.path, record.params);
    const saved = key === null ? undefined : this.#keys.begin(key, fingerprint);
    const release = (): void => {
      if (key !== null && !saved) this.#keys.release(key);
    };
    // A request that hangs holds its key until the client gives up.
    if (fault === 'hang') return { kind: 'hang', givenUp: release };
    if (saved) return answered(replay(saved, record.id));
    try {
      const answer = keyed(this.#perform(request, record, fault), record);
      if (key !== null) this.#keys.finish(key, answer);
      return answered(answer);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The answer of the work, good or bad. Throws when the work cannot begin. */
  #perform(request: ApiRequest, record: RequestRecord, fault: Fault): Answer {
    if (typeof fault === 'object') return failureAnswer(record.id, failureOfFault(fault.status));
    const { run, id, child } = prepare(request, record.params);
    const cause = { id: record.id, idempotency_key: record.idempotencyKey };
    const context: Context = { ...this.#context, cause };
    try {
      const answer = expand(context, run(context, id, child), expansionsOf(record.params));
      return jsonAnswer(200, record.id, answer);
    } catch (error) {
      return failureAnswer(record.id, error);
    }
  }

  #authenticate(request: ApiRequest): void {
    const given = keyOf(headerOf(request, 'authorization') ?? '');
    if (given === this.#apiKey) return checkAccount(request, given);
    const message =
      given === ''
        ? "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."
        : `Invalid API Key provided: ${masked(given)}`;
    throw new StripeFailure(
      401,
      { type: 'invalid_request_error', message },
      { 'www-authenticate': 'Basic realm="Stripe"' },
    );
  }
}

type Work = ReturnType<Operation['prepare']>;

function prepare(request: ApiRequest, form: Form): { run: Work; id: string; child: string } {
  const found = findRoute(OPERATIONS, request.method, request.path);
  if (!found) {
    throw new StripeFailure(404, {
      type: 'invalid_request_error',
      message: `Unrecognized request URL (${request.method}: ${request.path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    });
  }
  checkVersion(request);
  return { run: found.route.prepare(form), id: found.id, child: found.child };
}

function expansionsOf(form: Form): string[] {
  const paths = form['expand'];
  return Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : [];
}

function masked(key: string): string {
  return `${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}`;
}

/** No other account has given this one access to itself: there is only this one. */
function checkAccount(request: ApiRequest, key: string): void {
  const account = headerOf(request, 'stripe-account') ?? headerOf(request, 'stripe-context');
  if (account === undefined) return;
  throw new StripeFailure(403, {
    type: 'invalid_request_error',
    code: 'account_invalid',
    message: `The provided key '${masked(key)}' does not have access to account '${account}' (or that account does not exist). Application access may have been revoked.`,
  });
}

/** `/v1` takes forms only. */
function checkMediaType(request: ApiRequest): void {
  if (request.method === 'POST' && headerOf(request, 'content-type')?.includes('json') === true) {
    throw invalid(
      'Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.',
    );
  }
}

/** The sandbox plays one version: the one the SDK is pinned to. */
function checkVersion(request: ApiRequest): void {
  const version = headerOf(request, 'stripe-version');
  if (version !== undefined && version !== Stripe.API_VERSION) {
    throw invalid(
      `Invalid Stripe API version: ${version}. The local Stripe sandbox only speaks ${Stripe.API_VERSION}.`,
    );
  }
}

function headerOf(request: ApiRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The key of a Bearer header, or the user name of a Basic one, as `curl -u` sends it. */
function keyOf(authorization: string): string {
  const [, scheme = '', credentials = ''] = /^(\w+)\s+(.+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return '';
  return Buffer.from(credentials, 'base64').toString().split(':')[0] ?? '';
}

/**
 * An answer with what Stripe says beside it of the key. The client is told not
 * to try again by itself, since it would only get the same.
 */
function keyed(answer: Answer, { id, idempotencyKey }: RequestRecord): Answer {
  if (idempotencyKey === null) return answer;
  const headers = {
    ...answer.headers,
    'idempotency-key': idempotencyKey,
    'original-request': id,
    'stripe-should-retry': 'false',
  };
  return { ...answer, headers };
}

function replay(saved: Answer, requestId: string): Answer {
  return {
    ...saved,
    headers: { ...saved.headers, 'request-id': requestId, 'idempotent-replayed': 'true' },
  };
}

function answered(answer: Answer): Outcome {
  return { kind: 'answer', answer };
}

/** Stripe's error body for what was thrown; 500 for what is not Stripe's. */
export function failureAnswer(requestId: string, error: unknown): Answer {
  const failure =
    error instanceof StripeFailure
      ? error
      : new StripeFailure(500, { type: 'api_error', message: `The sandbox failed: ${String(error)}` });
  const body = { ...failure.body, request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` };
  return jsonAnswer(failure.status, requestId, { error: body }, failure.headers);
}

function jsonAnswer(
  status: number,
  requestId: string,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: {
      ...headers,
      'content-type': 'application/json',
      'request-id': requestId,
      'stripe-version': Stripe.API_VERSION,
    },
    body: JSON.stringify(value, null, 2),
  };
}
