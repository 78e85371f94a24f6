import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeCursor, page } from '../core/cursor.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import type { historyAnswer, HistoryQuery } from './history-schemas.ts';
import { listTransactions } from './ledger-queries.ts';
import { transactionOutcome } from './spending-outcome.ts';

const entry = transactionOutcome.omit({ lots: true }).extend({ sequence: z.int(), debt_change: z.int() });

/** One page of an account's ledger, newest first, from the replica. Throws `invalid_cursor`, `customer_not_found`. */
export async function readHistory(
  deps: Pick<Deps, 'replica'>,
  account: AccountReference,
  { limit, cursor, transaction_type: transactionType, operation_type: operationType, from, to }: HistoryQuery,
): Promise<Omit<z.input<typeof historyAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeCursor(cursor);
  const filter = { transactionType, operationType, from, to, before, limit: limit + 1 };
  const [row] = (await deps.replica.run(listTransactions(account, filter))).rows;
  expectCustomer(account, row?.customer_id ?? null);
  const found = z.array(entry).parse(row?.result);
  const { entries, nextCursor } = page(found, limit, ({ sequence }) => sequence);
  const transactions = entries.map(({ sequence: _sequence, ...shown }) => shown);
  return { transactions, count: transactions.length, next_cursor: nextCursor };
}
