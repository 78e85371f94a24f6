import { z } from 'zod';
import { actorLabel, type AccountReference, type User } from '../core/actor.ts';
import { conflict, DomainError, notFound } from '../core/errors.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { creditHolds } from './hold-tables.ts';
import { accountOutcome, holdOutcome, transactionOutcome, type Hold } from './spending-outcome.ts';
import { captureHold, releaseHold } from './spending-queries.ts';

const refusedOutcomes = [
  z.object({ outcome: z.literal('not_found') }),
  z.object({ outcome: z.literal('not_active'), status: z.enum(creditHolds.status.enumValues) }),
  z.object({ outcome: z.literal('too_much'), held: z.int() }),
] as const;

const settled = { hold: holdOutcome, credits: accountOutcome };

const captureOutcome = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('captured'),
    ...settled,
    transaction: transactionOutcome,
    top_up_due: z.boolean(),
  }),
  ...refusedOutcomes,
]);

const releaseOutcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('released'), ...settled }),
  ...refusedOutcomes,
]);

type Refusal = z.output<(typeof refusedOutcomes)[number]>;

export interface Capture {
  readonly hold: Hold;
  readonly transaction: z.output<typeof transactionOutcome>;
  readonly credits: z.output<typeof accountOutcome>;
  /** The customer, who wants to buy more by itself now; null: does not. */
  readonly topUpFor: string | null;
}

/**
 * Takes what was used of a hold (all of it where `amount` is undefined) and gives the rest free. Of whatever would end
 * the hold at once, its own end included, one does.
 * @throws DomainError `hold_not_found`, `hold_not_active` (with `hold_status`), `capture_exceeds_hold` (with `held`),
 *   `customer_not_found`
 */
export async function captureCredits(
  deps: Pick<Deps, 'db' | 'clock' | 'operationId'>,
  user: User,
  account: AccountReference,
  { id, amount }: { readonly id: string; readonly amount: number | undefined },
): Promise<Capture> {
  const statement = captureHold(
    { account, id, operationId: deps.operationId, now: deps.clock.now() },
    { amount: amount ?? null, actor: actorLabel(user) },
  );
  const [row] = (await deps.db.run(statement)).rows;
  const customerId = row?.customer_id ?? null;
  expectCustomer(account, customerId);
  const result = captureOutcome.parse(row?.result);
  if (result.outcome === 'captured') {
    return { ...result, topUpFor: result.top_up_due ? customerId : null };
  }
  throw refusalOf(result);
}

/**
 * Gives all of a hold free.
 * @throws DomainError `hold_not_found`, `hold_not_active` (with `hold_status`), `customer_not_found`
 */
export async function releaseCredits(
  deps: Pick<Deps, 'db' | 'clock' | 'operationId'>,
  account: AccountReference,
  id: string,
): Promise<Pick<Capture, 'hold' | 'credits'>> {
  const statement = releaseHold({ account, id, operationId: deps.operationId, now: deps.clock.now() });
  const [row] = (await deps.db.run(statement)).rows;
  expectCustomer(account, row?.customer_id ?? null);
  const result = releaseOutcome.parse(row?.result);
  if (result.outcome === 'released') return result;
  throw refusalOf(result);
}

function refusalOf(refusal: Refusal): DomainError {
  switch (refusal.outcome) {
    case 'not_found':
      return holdNotFound();
    case 'not_active':
      return conflict('hold_not_active', `The hold is ${refusal.status} already.`, {
        hold_status: refusal.status,
      });
    default:
      return new DomainError('invalid', 'capture_exceeds_hold', 'The hold has fewer credits than that.', {
        members: { held: refusal.held },
        fields: [{ pointer: '/amount', code: 'capture_exceeds_hold', detail: `at most ${refusal.held}` }],
      });
  }
}

export function holdNotFound(): DomainError {
  return notFound('hold_not_found', 'There is no such hold.');
}
