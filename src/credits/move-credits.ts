import { z } from 'zod';
import { actorLabel, type AccountReference, type Actor } from '../core/actor.ts';
import { conflict, invalid, notFound } from '../core/errors.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { adjustByAdmin, clawBackByAdmin, grantByAdmin, type AdminMovement } from './admin-queries.ts';
import { accountOutcome, transactionOutcome } from './spending-outcome.ts';

type MoveDeps = Pick<Deps, 'db' | 'clock' | 'operationId'>;

const done = { transaction: transactionOutcome, credits: accountOutcome };

const outcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.enum(['granted', 'adjusted', 'taken', 'replayed']), ...done }),
  z.object({ outcome: z.literal('insufficient'), required: z.int(), credits: accountOutcome }),
  z.object({ outcome: z.literal('lot_not_found') }),
]);

/** The ledger's entry, and the account as it left it. */
export interface Movement {
  readonly transaction: z.output<typeof transactionOutcome>;
  readonly credits: z.output<typeof accountOutcome>;
}

export interface AdminRequest {
  readonly credits: number;
  /** Why, for the ledger. */
  readonly reason: string;
}

/**
 * Gives promotional credits. A debt is repaid first.
 * @throws DomainError `customer_not_found`, `invalid_body` for an end that is over
 */
export function grantCreditsByAdmin(
  deps: MoveDeps,
  actor: Actor,
  account: AccountReference,
  request: AdminRequest & { readonly description?: string | undefined; readonly expiresAt: Date | null },
): Promise<Movement> {
  const { description = 'Granted', expiresAt } = request;
  if (expiresAt !== null && expiresAt <= deps.clock.now()) {
    throw invalid('invalid_body', 'The credits would have expired already.', [
      { pointer: '/expires_at', code: 'out_of_range', detail: 'must be in the future' },
    ]);
  }
  const movement = movementOf(deps, actor, account, request);
  return move(deps, account, grantByAdmin(movement, { description, expiresAt }));
}

/**
 * Corrects what an account has, up or down; down by no more than is available.
 * @throws DomainError `customer_not_found`, `insufficient_credits` (with `required`, `available` and `debt`)
 */
export function adjustCredits(
  deps: MoveDeps,
  actor: Actor,
  account: AccountReference,
  request: AdminRequest,
): Promise<Movement> {
  return move(deps, account, adjustByAdmin(movementOf(deps, actor, account, request)));
}

/**
 * Takes credits back, whatever is there: first of `lotId`, then as a spend does, and the rest becomes debt.
 * @throws DomainError `customer_not_found`, `lot_not_found`
 */
export function clawBackCredits(
  deps: MoveDeps,
  actor: Actor,
  account: AccountReference,
  request: AdminRequest & { readonly lotId: string | null },
): Promise<Movement> {
  return move(deps, account, clawBackByAdmin(movementOf(deps, actor, account, request), request.lotId));
}

function movementOf(
  deps: MoveDeps,
  actor: Actor,
  account: AccountReference,
  { credits, reason }: AdminRequest,
): AdminMovement {
  const { operationId } = deps;
  return { account, credits, reason, actor: actorLabel(actor), operationId, now: deps.clock.now() };
}

async function move(
  deps: MoveDeps,
  account: AccountReference,
  statement: ReturnType<typeof adjustByAdmin>,
): Promise<Movement> {
  const [row] = (await deps.db.run(statement)).rows;
  expectCustomer(account, row?.customer_id ?? null);
  const result = outcome.parse(row?.result);
  switch (result.outcome) {
    case 'insufficient': {
      const { required, credits } = result;
      const members = { required, available: credits.available, debt: credits.debt };
      throw conflict('insufficient_credits', 'Less is available than is to be taken.', members);
    }
    case 'lot_not_found':
      throw notFound('lot_not_found', 'This customer has no such lot.');
    default:
      return { transaction: result.transaction, credits: result.credits };
  }
}
