import { neon, neonConfig, type NeonQueryFunction, type NeonQueryPromise } from '@neondatabase/serverless';
import type { BatchItem, BatchResponse } from 'drizzle-orm/batch';
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http';
import { unavailable } from '../core/errors.ts';
import { countCall, type Usage } from '../core/usage.ts';
import { faultOf, fromDriverError, isStatementError, staleView } from './errors.ts';
import {
  claimKey,
  giveUpKey,
  idempotencyKeyTaken,
  storeAnswer,
  type IdempotencyClaim,
  type StoredAnswer,
} from './idempotency.ts';

/** Longer than any statement of ours takes, shorter than a client's patience. */
const callTimeoutSeconds = 8;

export type Statement = BatchItem<'pg'>;
type Statements = readonly [Statement, ...Statement[]];
type ResultOf<S extends Statement> = BatchResponse<readonly [S]>[0];

/** One isolate's way to one database: an HTTP endpoint and credentials. No pool, no open connection. */
export type Connection = NeonHttpDatabase;

type Neon = NeonQueryFunction<false, false>;
type Query = NeonQueryPromise<false, false>;

export interface ConnectionSettings {
  readonly url: string;
  /** Where SQL over HTTP is spoken, when that is not Neon: dev and test only (env.ts lets loopback addresses in). */
  readonly fetchEndpoint: string | undefined;
}

export function connect({ url, fetchEndpoint }: ConnectionSettings): Connection {
  if (fetchEndpoint !== undefined) neonConfig.fetchEndpoint = fetchEndpoint;
  const client = neon(url);
  return drizzle({ client: asNeon({ query: client.query, transaction: transactionOf(client) }) });
}

/** Each call has its time; a single statement is a transaction of its own, with no BEGIN and COMMIT around it. */
function transactionOf(client: Neon) {
  return async (queries: Query[], options: object) => {
    const fetchOptions = { signal: AbortSignal.timeout(callTimeoutSeconds * 1000) };
    const [only] = queries;
    if (only === undefined || queries.length > 1) {
      return client.transaction(queries, { ...options, fetchOptions });
    }
    only.opts = { ...only.opts, fetchOptions };
    return [await only];
  };
}

/** Safe because drizzle's neon-http session calls nothing of a client but `query` and `transaction`. */
function asNeon(client: unknown): Neon {
  return client as Neon;
}

/** The database as one request sees it. Every call is one HTTP round trip, counted into the request's usage. */
export interface Database {
  /** Runs one statement. Throws StatementError, or DomainError `database_unavailable`. */
  run<S extends Statement>(statement: S): Promise<ResultOf<S>>;
  /** Runs statements in one transaction: all of them, or, when one is refused, none. */
  batch<const S extends Statements>(statements: S): Promise<BatchResponse<S>>;
  /**
   * Runs a statement that keeps the request's Idempotency-Key itself, beside what it does: nothing is claimed and no
   * answer stored, so that a request with a key takes one call, as one without does. `claim` is undefined for that.
   */
  runKeyed<S extends Statement>(build: (claim: IdempotencyClaim | undefined) => S): Promise<ResultOf<S>>;
  /**
   * Leaves statements for the end of the request, where they are committed together with its stored answer: whoever
   * got the answer has the effect, and a repetition under the same Idempotency-Key gets that answer. `makeAgain` makes
   * them anew when the database refuses them (RC411) because they keep an older view of something than it has.
   */
  beforeAnswer(statements: readonly Statement[], makeAgain?: () => Promise<readonly Statement[]>): void;
  /**
   * A statement that must hold before anything else does: it goes ahead of the first call, in one transaction with it,
   * and costs no call more. What it raises refuses that call, and with it the request.
   */
  require(check: Statement): void;
}

/** Statements for the end of a request. */
interface Left {
  readonly statements: readonly Statement[];
  readonly makeAgain: (() => Promise<readonly Statement[]>) | undefined;
}

/** How often what is left for the end is made, while others are faster. */
const viewsAtMost = 5;

/** What the HTTP edge does with a request's database once the answer is known. */
export interface RequestDatabase extends Database {
  /** Whether anything is to be committed or dropped at the end: a claim was made, or statements were left. */
  readonly hasEnd: boolean;
  /** Takes the request's Idempotency-Key, with its first call. */
  hold(claim: IdempotencyClaim): void;
  /** Makes what `require` was given hold in a call of its own, where no call has been made. */
  settleRequirement(): Promise<void>;
  /** Commits what `beforeAnswer` was left, and the answer, where the request holds a claim. */
  commitAnswer(answer: StoredAnswer): Promise<void>;
  /** Drops what was left, and keeps the answer, a refusal, where the request holds a claim. */
  commitRefusal(answer: StoredAnswer): Promise<void>;
  /** Drops what was left, and frees the claim, so that the request can be tried again at once. */
  abandon(): Promise<void>;
}

/**
 * A claim rides on the first call: the database refuses that whole call (RC409) when the key is taken, so that a
 * request with an Idempotency-Key costs no call more, and has done nothing when it loses.
 */
export function openDatabase(connection: Connection, usage: Usage): RequestDatabase {
  const calls = new Calls(connection, usage);
  let left: readonly Left[] = [];

  const database: RequestDatabase = {
    get hasEnd() {
      return left.length > 0 || calls.heldClaim !== undefined;
    },
    run: async (statement) => onlyResult(await calls.make([statement])),
    runKeyed: async (build) => onlyResult(await calls.makeBehind([], [build(calls.claim)])),
    batch: async (statements) => allResults(await calls.make(statements)),
    require(check) {
      calls.requirement = check;
    },
    hold(claim) {
      calls.claim = claim;
    },
    async settleRequirement() {
      if (calls.requirement !== undefined) await calls.makeBehind([], []);
    },
    beforeAnswer(statements, makeAgain) {
      left = [...left, { statements, makeAgain }];
    },
    async commitAnswer(answer) {
      const { heldClaim } = calls;
      const kept = heldClaim === undefined ? [] : [storeAnswer(heldClaim, answer)];
      const taken = left;
      left = [];
      await commitFresh(taken, async (statements) => {
        await calls.make([...statements, ...kept]);
      });
    },
    async commitRefusal(answer) {
      left = [];
      await database.commitAnswer(answer);
    },
    async abandon() {
      left = [];
      if (calls.heldClaim !== undefined) await calls.make([giveUpKey(calls.heldClaim)]);
    },
  };
  return database;
}

/** One request's calls: what must hold, and its Idempotency-Key, go ahead of the first one. */
class Calls {
  readonly #connection: Connection;
  readonly #usage: Usage;
  #isClaimed = false;
  #isRefused = false;
  claim: IdempotencyClaim | undefined;
  requirement: Statement | undefined;

  constructor(connection: Connection, usage: Usage) {
    this.#connection = connection;
    this.#usage = usage;
  }

  /** The claim, once it is made. */
  get heldClaim(): IdempotencyClaim | undefined {
    return this.#isClaimed ? this.claim : undefined;
  }

  /** Runs statements, behind the claim where it is not made yet. */
  async make(statements: readonly Statement[]): Promise<readonly unknown[]> {
    const { claim } = this;
    if (statements.length === 0) return [];
    if (claim === undefined || this.#isClaimed || this.#isRefused) return this.makeBehind([], statements);
    try {
      const results = await this.makeBehind([claimKey(claim)], statements);
      this.#isClaimed = true;
      return results;
    } catch (error) {
      // What follows in this request looks at who has the key: it must not claim again.
      this.#isRefused = isStatementError(error, idempotencyKeyTaken);
      throw error;
    }
  }

  /** Runs statements behind others, and behind what must hold; answers theirs alone. */
  async makeBehind(others: readonly Statement[], statements: readonly Statement[]) {
    const { requirement } = this;
    const ahead = requirement === undefined ? others : [requirement, ...others];
    const [first, ...rest] = [...ahead, ...statements];
    if (first === undefined) return [];
    const results = await transact(this.#connection, this.#usage, [first, ...rest]);
    this.requirement = undefined;
    return results.slice(ahead.length);
  }
}

async function commitFresh(
  left: readonly Left[],
  commit: (statements: readonly Statement[]) => Promise<void>,
): Promise<void> {
  const isRemade = left.some(({ makeAgain }) => makeAgain !== undefined);
  let statements = left.flatMap((part) => part.statements);
  for (let view = 1; ; view += 1) {
    try {
      return await commit(statements);
    } catch (error) {
      if (!isRemade || !isStatementError(error, staleView)) throw error;
      if (view === viewsAtMost) throw unavailable('changing', 'Others are changing this, too; try again.');
    }
    const parts = await Promise.all(left.map(async (part) => part.makeAgain?.() ?? part.statements));
    statements = parts.flat();
  }
}

async function transact(
  connection: Connection,
  usage: Usage,
  statements: Statements,
): Promise<readonly unknown[]> {
  const started = performance.now();
  let fault: string | undefined;
  try {
    return await connection.batch(statements);
  } catch (error) {
    const known = fromDriverError(error);
    fault = faultOf(known);
    throw known;
  } finally {
    countCall(usage, started, fault);
  }
}

/** Safe because a transaction answers each statement, in order, with the type that its builder carries. */
function allResults<S extends Statements>(results: readonly unknown[]): BatchResponse<S> {
  return results as BatchResponse<S>;
}

function onlyResult<S extends Statement>(results: readonly unknown[]): ResultOf<S> {
  return results[0] as ResultOf<S>;
}
