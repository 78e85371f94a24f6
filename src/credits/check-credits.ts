import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { notFound } from '../core/errors.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { compareWithCost } from './ledger-queries.ts';

export interface CreditCheck {
  readonly has_credits: boolean;
  readonly required: number;
  readonly available: number;
}

/** `left` is below zero as far as there is a debt. */
const comparison = z.object({ required: z.int(), left: z.int() });

/**
 * Whether an account has what some uses of an operation cost now. Reserves nothing. Throws `operation_not_found`,
 * `customer_not_found`.
 */
export async function checkCredits(
  deps: Pick<Deps, 'db' | 'clock'>,
  account: AccountReference,
  use: { readonly operationType: string; readonly quantity: number },
): Promise<CreditCheck> {
  const [row] = (await deps.db.run(compareWithCost(account, use, deps.clock.now()))).rows;
  expectCustomer(account, row?.customer_id ?? null);
  const found = comparison.nullable().parse(row?.result ?? null);
  if (found === null) throw notFound('operation_not_found', 'There is no such operation.');
  const { required, left } = found;
  return { has_credits: left >= required, required, available: Math.max(0, left) };
}
