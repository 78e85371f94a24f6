import { z } from 'zod';
import { actorLabel, type AccountReference, type User } from '../core/actor.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import {
  accountOutcome,
  asKeyReused,
  refusalOf,
  refusedOutcomes,
  transactionOutcome,
} from './spending-outcome.ts';
import { spend } from './spending-queries.ts';
import type { Usage } from './spending-schemas.ts';

const done = { transaction: transactionOutcome, credits: accountOutcome };

const spendOutcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('spent'), ...done, top_up_due: z.boolean() }),
  z.object({ outcome: z.literal('replayed'), ...done }),
  ...refusedOutcomes,
]);

export interface Spending {
  readonly transaction: z.output<typeof transactionOutcome>;
  readonly credits: z.output<typeof accountOutcome>;
  /** The same request has spent before, and this is what it was answered. */
  readonly isReplay: boolean;
  /** The customer, who wants to buy more by itself now; null: does not. */
  readonly topUpFor: string | null;
}

/**
 * Spends an account's credits in one statement, which keeps the request's Idempotency-Key with the ledger's row: a
 * spend that succeeded is never done again, one that was refused may be.
 * @throws DomainError `insufficient_credits` (with `required`, `available` and `debt`), `operation_not_found`,
 *   `customer_not_found`, `idempotency_key_reused`
 */
export async function spendCredits(
  deps: Pick<Deps, 'db' | 'clock' | 'operationId'>,
  user: User,
  account: AccountReference,
  usage: Usage,
): Promise<Spending> {
  const use = {
    account,
    usage,
    actor: actorLabel(user),
    operationId: deps.operationId,
    now: deps.clock.now(),
  };
  const { rows } = await deps.db
    .runKeyed((claim) => spend({ ...use, claim }))
    .catch((error: unknown) => {
      throw asKeyReused(error, 'credit_transactions_source_unique');
    });
  const customerId = rows[0]?.customer_id ?? null;
  expectCustomer(account, customerId);
  const result = spendOutcome.parse(rows[0]?.result);
  switch (result.outcome) {
    case 'spent':
      return { ...result, isReplay: false, topUpFor: result.top_up_due ? customerId : null };
    case 'replayed':
      return { ...result, isReplay: true, topUpFor: null };
    default:
      throw refusalOf(result);
  }
}
