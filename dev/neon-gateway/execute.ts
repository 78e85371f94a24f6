import { GatewayError } from './errors.ts';
import { beginStatement, type BatchOptions, type SqlRequest } from './protocol.ts';
import { resultJson, type TextResult } from './results.ts';
import type { Session } from './session.ts';

export interface Execution {
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  readonly maxResponseBytes: number;
  /** Fault: everything runs, then the connection is lost before the commit. */
  readonly loseConnectionBeforeCommit: boolean;
}

const NO_OPTIONS: BatchOptions = { isolationLevel: undefined, readOnly: false, deferrable: false };

/** The statements one by one; a client that has gone away stops them in between, too. */
async function runAll(session: Session, request: SqlRequest, signal: AbortSignal): Promise<TextResult[]> {
  const results: TextResult[] = [];
  for (const statement of request.statements) {
    signal.throwIfAborted();
    results.push(await session.run(statement));
  }
  return results;
}

async function runTransaction(
  session: Session,
  request: SqlRequest,
  execution: Execution,
): Promise<TextResult[]> {
  await session.run({ text: beginStatement(request.batch ?? NO_OPTIONS), values: [] });
  try {
    const results = await runAll(session, request, execution.signal);
    execution.signal.throwIfAborted();
    if (execution.loseConnectionBeforeCommit) {
      throw new GatewayError(400, 'connection closed');
    }
    await session.run({ text: 'COMMIT', values: [] });
    return results;
  } catch (error) {
    // At once, so that the locks are gone when the client hears of it; after a COMMIT that failed it is void.
    await session.run({ text: 'ROLLBACK', values: [] }).catch(() => undefined);
    throw error;
  }
}

/**
 * Runs a request's statements, a batch in one transaction, and gives the answer's JSON.
 * @throws DatabaseError, GatewayError, or the signal's reason when the client went away (all is rolled back)
 */
export async function execute(session: Session, request: SqlRequest, execution: Execution): Promise<string> {
  const inTransaction = request.batch !== undefined || execution.loseConnectionBeforeCommit;
  const work = inTransaction
    ? runTransaction(session, request, execution)
    : runAll(session, request, execution.signal);
  const results = await session.cancellable(execution.signal, work);
  const answers = request.statements.flatMap((statement, index) => {
    const result = results[index];
    const format = { arrayMode: statement.arrayMode, rawText: request.rawText };
    return result ? [resultJson(result, format, execution.maxResponseBytes)] : [];
  });
  return request.batch === undefined ? answers.join('') : `{"results":[${answers.join(',')}]}`;
}
