import { z } from 'zod';
import { DomainError, invalid, notFound } from '../core/errors.ts';
import { isStatementError, uniqueViolation, type IdempotencyClaim } from '../db/index.ts';
import { creditHolds } from './hold-tables.ts';
import { creditLotKinds, creditLotSources } from './lot-kinds.ts';
import { transactionTypes } from './transaction-types.ts';

/** What the functions of the ledger answer, as JSON: numbers are checked, times come as Postgres writes them. */

const moment = z.coerce.date().transform((date) => date.toISOString());

export const accountOutcome = z.object({
  balance: z.int(),
  available: z.int(),
  held: z.int(),
  debt: z.int(),
});

export const lotOutcome = z.object({
  lot_id: z.string(),
  kind: z.enum(creditLotKinds),
  source: z.enum(creditLotSources),
  amount: z.int(),
  expires_at: moment.nullable(),
});

export const transactionOutcome = z.object({
  id: z.string(),
  transaction_type: z.enum(transactionTypes),
  amount: z.int(),
  balance_after: z.int(),
  operation_type: z.string().nullable(),
  operation_details: z.record(z.string(), z.unknown()).nullable(),
  quantity: z.int().nullable(),
  description: z.string(),
  reason: z.string().nullable(),
  created_at: moment,
  lots: z.array(lotOutcome),
});

export const holdOutcome = z.object({
  id: z.string(),
  amount: z.int(),
  status: z.enum(creditHolds.status.enumValues),
  captured: z.int().nullable(),
  operation_type: z.string().nullable(),
  operation_details: z.record(z.string(), z.unknown()).nullable(),
  description: z.string(),
  expires_at: moment,
  created_at: moment,
  settled_at: moment.nullable(),
});
export type Hold = z.output<typeof holdOutcome>;

/** What keeps a use of credits from being done. */
export const refusedOutcomes = [
  z.object({ outcome: z.literal('insufficient'), required: z.int(), credits: accountOutcome }),
  z.object({ outcome: z.literal('unknown_operation') }),
  z.object({ outcome: z.literal('key_reused') }),
] as const;

type Refusal = z.output<(typeof refusedOutcomes)[number]>;

export function refusalOf(refusal: Refusal): DomainError {
  switch (refusal.outcome) {
    case 'insufficient': {
      const { required, credits } = refusal;
      const members = { required, available: credits.available, debt: credits.debt };
      const message = 'There are not enough credits for this.';
      return new DomainError('payment_required', 'insufficient_credits', message, { members });
    }
    case 'unknown_operation':
      return notFound('operation_not_found', 'There is no such operation.');
    default:
      return keyReused();
  }
}

/** How a key is written into the ledger: no two principals' keys are the same. */
export function ledgerKey(claim: IdempotencyClaim | undefined): string | null {
  return claim === undefined ? null : `${claim.principal} ${claim.key}`;
}

/**
 * The same key was used for another customer, where the ledger looks for it by what it named with it: `constraint`.
 */
export function asKeyReused(error: unknown, constraint: string): unknown {
  return isStatementError(error, uniqueViolation, constraint) ? keyReused() : error;
}

function keyReused(): DomainError {
  return invalid('idempotency_key_reused', 'This Idempotency-Key was used with another request.');
}
