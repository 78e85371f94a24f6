/** What came of telling an endpoint. */
export interface Reply {
  /** What it answered; null: nothing, or it was not asked. */
  readonly statusCode: number | null;
  /** Null: it has taken the event. Else names and codes, and nothing that the endpoint said. */
  readonly error: string | null;
  /** For how long it asked to be left alone. */
  readonly waitSeconds: number | null;
}

export function failure(error: string): Reply {
  return { statusCode: null, error, waitSeconds: null };
}
