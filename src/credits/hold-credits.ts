import { z } from 'zod';
import { actorLabel, type AccountReference, type User } from '../core/actor.ts';
import { addSeconds } from '../core/time.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import {
  accountOutcome,
  asKeyReused,
  holdOutcome,
  refusalOf,
  refusedOutcomes,
  type Hold,
} from './spending-outcome.ts';
import { hold } from './spending-queries.ts';
import type { Usage } from './spending-schemas.ts';

const made = { hold: holdOutcome, credits: accountOutcome };

const outcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('held'), ...made, top_up_due: z.boolean() }),
  z.object({ outcome: z.literal('replayed'), ...made }),
  ...refusedOutcomes,
]);

export interface Reservation {
  readonly hold: Hold;
  readonly credits: z.output<typeof accountOutcome>;
  /** The same request has made the hold before: it is as it was then. */
  readonly isReplay: boolean;
  /** The customer, who wants to buy more by itself now; null: does not. */
  readonly topUpFor: string | null;
}

/**
 * Reserves an account's credits until they are captured, released or `expiresInSeconds` are over, in one statement
 * that keeps the request's Idempotency-Key with the hold.
 * @throws DomainError as `spendCredits`
 */
export async function holdCredits(
  deps: Pick<Deps, 'db' | 'clock' | 'operationId'>,
  user: User,
  account: AccountReference,
  usage: Usage & { readonly expires_in_seconds: number },
): Promise<Reservation> {
  const now = deps.clock.now();
  const use = { account, usage, actor: actorLabel(user), operationId: deps.operationId, now };
  const { rows } = await deps.db
    .runKeyed((claim) => hold({ ...use, claim }, addSeconds(now, usage.expires_in_seconds)))
    .catch((error: unknown) => {
      throw asKeyReused(error, 'credit_holds_pkey');
    });
  const customerId = rows[0]?.customer_id ?? null;
  expectCustomer(account, customerId);
  const result = outcome.parse(rows[0]?.result);
  switch (result.outcome) {
    case 'held':
      return { ...result, isReplay: false, topUpFor: result.top_up_due ? customerId : null };
    case 'replayed':
      return { ...result, isReplay: true, topUpFor: null };
    default:
      throw refusalOf(result);
  }
}
