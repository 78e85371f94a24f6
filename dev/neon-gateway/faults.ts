/** What may go wrong between the Worker and Neon, on demand. */
export interface FaultRequest {
  /** The statements' texts, in order. */
  readonly queries: readonly string[];
  /** The statements' parameters, in Postgres' text format. */
  readonly values: readonly (readonly (string | null)[])[];
  /** 1 for the gateway's first request. */
  readonly sequence: number;
}

export type FaultAction =
  /** Nothing: the request is served. */
  | 'none'
  /** The HTTP connection is reset before anything ran. */
  | 'refuse'
  /** HTTP 503 before anything ran, as when Neon cannot start the database. */
  | 'error'
  /** Never answered, and nothing runs, until the client gives up. */
  | 'hang'
  /** Runs and commits, and then the HTTP connection is reset without an answer. */
  | 'lose-answer'
  /** Runs, and then the connection to Postgres is lost before the commit: nothing has happened. */
  | 'rollback'
  /** Served once the promise settles. */
  | { readonly delayUntil: Promise<unknown> };

/** Decides, request by request. */
export type Fault = (request: FaultRequest) => FaultAction;
