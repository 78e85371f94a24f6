import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { notFound } from '../core/errors.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import type { transactionDetail } from './history-schemas.ts';
import { findTransaction } from './ledger-queries.ts';
import { holdOutcome, lotOutcome, transactionOutcome } from './spending-outcome.ts';

const found = transactionOutcome.extend({
  debt_change: z.int(),
  actor: z.string(),
  event_id: z.string().nullable(),
  source_ref: z.string(),
  lots: z.array(
    lotOutcome.extend({
      offer: z
        .object({
          item_type: z.enum(['plan', 'package']),
          item_key: z.string(),
          name: z.string(),
          price_id: z.string().nullable(),
        })
        .nullable(),
      payment: z
        .object({ payment_intent_id: z.string().nullable(), invoice_id: z.string().nullable() })
        .nullable(),
    }),
  ),
  hold: holdOutcome.nullable(),
});

/**
 * One entry of an account's ledger, and what it is explained by. Throws `transaction_not_found`, also for another
 * account's, and `customer_not_found`.
 */
export async function readTransaction(
  deps: Pick<Deps, 'db'>,
  account: AccountReference,
  id: string,
): Promise<z.input<typeof transactionDetail>> {
  const [row] = (await deps.db.run(findTransaction(account, id))).rows;
  expectCustomer(account, row?.customer_id ?? null);
  const transaction = found.nullable().parse(row?.result ?? null);
  if (transaction === null) throw notFound('transaction_not_found', 'There is no such transaction.');
  const { actor, event_id, source_ref, ...shown } = transaction;
  return { ...shown, caused_by: { actor, event_id, reason: shown.reason, source_ref } };
}
