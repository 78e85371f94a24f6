/**
 * Neon's SQL over HTTP, the request side: `{query, params}` or `{queries: [...]}` and the `Neon-*` headers.
 * The driver is its description (`neon()` in @neondatabase/serverless); what it leaves open follows Neon's
 * proxy (proxy/src/serverless/sql_over_http.rs in neondatabase/neon).
 */
import type { IncomingHttpHeaders } from 'node:http';
import { toPostgresText } from './arrays.ts';
import { GatewayError } from './errors.ts';

export interface Statement {
  readonly text: string;
  /** In Postgres' text format. */
  readonly values: readonly (string | null)[];
  readonly arrayMode: boolean;
}

export interface BatchOptions {
  readonly isolationLevel: IsolationLevel | undefined;
  readonly readOnly: boolean;
  readonly deferrable: boolean;
}

export interface SqlRequest {
  readonly statements: readonly Statement[];
  /** Undefined for a single statement, which is answered alone and runs outside of a transaction block. */
  readonly batch: BatchOptions | undefined;
  /** Values as Postgres' text (what the driver asks for) rather than as JSON. */
  readonly rawText: boolean;
}

const ISOLATION_LEVELS = {
  ReadUncommitted: 'READ UNCOMMITTED',
  ReadCommitted: 'READ COMMITTED',
  RepeatableRead: 'REPEATABLE READ',
  Serializable: 'SERIALIZABLE',
} as const;

export type IsolationLevel = keyof typeof ISOLATION_LEVELS;

/** The wire protocol counts parameters in 16 bits. */
const MOST_PARAMETERS = 65_535;

function isIsolationLevel(name: string): name is IsolationLevel {
  return Object.hasOwn(ISOLATION_LEVELS, name);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(why: string): GatewayError {
  return new GatewayError(400, `could not parse the HTTP request body: ${why}`);
}

/** Neon refuses JSON with half a surrogate pair; Node would store a replacement character in its place. */
function checkText(text: string): string {
  if (!text.isWellFormed()) throw malformed('lone surrogate in a string');
  return text;
}

function parseStatement(value: unknown, defaultArrayMode: boolean): Statement {
  if (!isRecord(value) || typeof value['query'] !== 'string') throw malformed('missing field `query`');
  const { query, params = [], arrayMode } = value;
  if (!Array.isArray(params)) throw malformed('`params` is not an array');
  if (arrayMode !== undefined && arrayMode !== null && typeof arrayMode !== 'boolean') {
    throw malformed('`arrayMode` is not a boolean');
  }
  if (params.length > MOST_PARAMETERS) {
    throw new GatewayError(400, `error encoding message to server: more than ${MOST_PARAMETERS} parameters`);
  }
  // The wire protocol ends a query at the first NUL, so that what follows would be read as another message.
  if (query.includes('\0')) {
    throw new GatewayError(400, 'error encoding message to server: string contains embedded null');
  }
  const values = params.map((parameter: unknown) => {
    const text = toPostgresText(parameter);
    return text === null ? null : checkText(text);
  });
  return { text: checkText(query), values, arrayMode: arrayMode ?? defaultArrayMode };
}

function parseBatchOptions(headers: IncomingHttpHeaders): BatchOptions {
  const level = headers['neon-batch-isolation-level'];
  if (level !== undefined && (typeof level !== 'string' || !isIsolationLevel(level))) {
    throw new GatewayError(400, 'invalid isolation level');
  }
  return {
    isolationLevel: level,
    readOnly: headers['neon-batch-read-only'] === 'true',
    deferrable: headers['neon-batch-deferrable'] === 'true',
  };
}

/** @throws GatewayError 400 saying what is wrong with the request */
export function parseSqlRequest(headers: IncomingHttpHeaders, body: string): SqlRequest {
  const options = parseBatchOptions(headers);
  const arrayMode = headers['neon-array-mode'] === 'true';
  const rawText = headers['neon-raw-text-output'] === 'true';
  let payload: unknown;
  try {
    payload = JSON.parse(body);
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : 'not JSON');
  }
  if (!isRecord(payload)) throw malformed('not an object');
  if (typeof payload['query'] === 'string') {
    return { statements: [parseStatement(payload, arrayMode)], batch: undefined, rawText };
  }
  const { queries } = payload;
  if (!Array.isArray(queries)) throw malformed('neither `query` nor `queries`');
  const statements = queries.map((query: unknown) => parseStatement(query, arrayMode));
  return { statements, batch: options, rawText };
}

export function beginStatement(options: BatchOptions): string {
  const { isolationLevel, readOnly, deferrable } = options;
  return [
    'BEGIN',
    isolationLevel ? `ISOLATION LEVEL ${ISOLATION_LEVELS[isolationLevel]}` : '',
    readOnly ? 'READ ONLY' : '',
    deferrable ? 'DEFERRABLE' : '',
  ].join(' ');
}

/** Neon repeats the options of a batch that it acted on. */
export function batchHeaders(options: BatchOptions | undefined): Record<string, string> {
  return {
    ...(options?.isolationLevel && { 'neon-batch-isolation-level': options.isolationLevel }),
    ...(options?.readOnly && { 'neon-batch-read-only': 'true' }),
    ...(options?.deferrable && { 'neon-batch-deferrable': 'true' }),
  };
}
