import { NeonDbError } from '@neondatabase/serverless';
import { DomainError, invalidToken, reauthenticationRequired, unavailable } from '../core/errors.ts';
import { DescribedFault } from '../core/log.ts';

/**
 * What a statement may be refused with, for `catch` blocks to look at. The driver's message is left behind: it
 * carries SQL and parameters.
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html; `RC…` are raised by our own SQL functions.
 */
export class StatementError extends DescribedFault {
  override readonly name = 'StatementError';
  readonly sqlState: string;
  readonly constraint: string | undefined;

  constructor(sqlState: string, constraint: string | undefined) {
    super(`SQLSTATE ${sqlState}`);
    this.sqlState = sqlState;
    this.constraint = constraint;
  }

  override describe() {
    return { sql_state: this.sqlState, constraint: this.constraint };
  }
}

/** True for an error of the given SQLSTATE, and, where one is named, of that constraint. */
export function isStatementError(
  error: unknown,
  sqlState: string,
  constraint?: string,
): error is StatementError {
  return (
    error instanceof StatementError &&
    error.sqlState === sqlState &&
    (constraint === undefined || error.constraint === constraint)
  );
}

export const uniqueViolation = '23505';

/**
 * Raised by SQL functions that keep what Stripe says of an object, when somebody else has written since the caller
 * looked: what it saw is older, perhaps.
 */
export const staleView = 'RC411';

/** Raised when the session that a request comes from is over, and when it did not give password and code just now. */
const sessionEnded = 'RC401';
const notFresh = 'RC403';

/**
 * Connection lost, resources short, shut down, deadlock or serialisation failure: not the statement's fault. The
 * same request may succeed later.
 */
const passing = /^(08|53|57P|58)|^(40001|40P01|55P03|57014)$/;

/**
 * Turns whatever the driver threw into one of ours. No SQLSTATE at all means that no database answered; Neon says so
 * with an empty one when it loses its own connection to Postgres.
 */
export function fromDriverError(error: unknown): StatementError | DomainError {
  const sqlState = error instanceof NeonDbError && error.code !== '' ? error.code : undefined;
  if (sqlState === sessionEnded) return invalidToken();
  if (sqlState === notFresh) return reauthenticationRequired();
  if (error instanceof NeonDbError && sqlState !== undefined && !passing.test(sqlState)) {
    return new StatementError(sqlState, error.constraint);
  }
  const refusal = sqlState === undefined ? undefined : new StatementError(sqlState, undefined);
  return unavailable('database_unavailable', 'The database does not answer.', refusal);
}

/** What our own SQL functions and constraints refuse is an answer, and no fault. */
const answered = /^(RC|23)/;

/** How a call has failed; undefined: it was answered, be it with a refusal that somebody counts on. */
export function faultOf(error: StatementError | DomainError): 'unavailable' | 'statement' | undefined {
  if (error instanceof DomainError) return error.kind === 'unavailable' ? 'unavailable' : undefined;
  return answered.test(error.sqlState) ? undefined : 'statement';
}
