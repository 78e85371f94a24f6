import { sql } from 'drizzle-orm';
import { build } from './build.ts';

/** Who changes the catalogue, why, and by which request. */
export interface Author {
  readonly actor: string;
  readonly reason: string | undefined;
  readonly requestId: string;
  readonly operationId: string;
}

/** First in a batch: the history rows of the whole transaction carry this. */
export function signChanges({ actor, reason, requestId, operationId }: Author) {
  return build.execute(sql`
    select set_config('ratecard.actor', ${actor}, true), set_config('ratecard.reason', ${reason ?? ''}, true),
      set_config('ratecard.request_id', ${requestId}, true),
      set_config('ratecard.operation_id', ${operationId}, true)`);
}
