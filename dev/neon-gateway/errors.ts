import { DatabaseError } from 'pg';

/** What the driver turns into a `NeonDbError`: Postgres' own fields, named as node-postgres names them. */
export interface ErrorBody {
  readonly message: string;
  readonly code: string;
  readonly severity: string;
  readonly detail: string | null;
  readonly hint: string | null;
  readonly position: string | null;
  readonly internalPosition: string | null;
  readonly internalQuery: string | null;
  readonly where: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly column: string | null;
  readonly dataType: string | null;
  readonly constraint: string | null;
  readonly file: string | null;
  readonly line: string | null;
  readonly routine: string | null;
}

/** A refusal by the gateway itself. The driver reads fields from a 400 only; other statuses it quotes as text. */
export class GatewayError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A wrong user, password or database is the caller's mistake, another failed connection is not (SQLSTATE). */
const CALLERS_CONNECTION_ERROR = /^(28...|3D000)$/;

/**
 * A connection to Postgres that could not be made.
 * @returns the error itself when the caller is at fault (400), else a 500, as at Neon
 */
export function connectionError(error: unknown): unknown {
  if (error instanceof DatabaseError && CALLERS_CONNECTION_ERROR.test(error.code ?? '')) return error;
  return new GatewayError(500, `could not connect to Postgres: ${describe(error)}`);
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join(', ');
  return error instanceof Error ? error.message : String(error);
}

export function statusOf(error: unknown): number {
  return error instanceof GatewayError ? error.status : 400;
}

/** An error that is not Postgres' own has the same members, with an empty code and severity, as at Neon. */
export function errorBody(error: unknown): ErrorBody {
  const database: Partial<DatabaseError> = error instanceof DatabaseError ? error : {};
  return {
    message: describe(error),
    code: database.code ?? '',
    severity: database.severity ?? '',
    detail: database.detail ?? null,
    hint: database.hint ?? null,
    position: database.position ?? null,
    internalPosition: database.internalPosition ?? null,
    internalQuery: database.internalQuery ?? null,
    where: database.where ?? null,
    schema: database.schema ?? null,
    table: database.table ?? null,
    column: database.column ?? null,
    dataType: database.dataType ?? null,
    constraint: database.constraint ?? null,
    file: database.file ?? null,
    line: database.line ?? null,
    routine: database.routine ?? null,
  };
}
