import type { z } from 'zod';
import type { User } from '../core/actor.ts';
import { decodeCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import { listTransactions } from './queries.ts';
import type { historyAnswer, HistoryQuery } from './schemas.ts';

/** One page of a user's ledger, newest first, from the replica. Throws `invalid_cursor`. */
export async function readHistory(
  deps: Pick<Deps, 'replica'>,
  user: User,
  { limit, cursor }: HistoryQuery,
): Promise<Omit<z.input<typeof historyAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeCursor(cursor);
  const rows = await deps.replica.run(listTransactions(user, before, limit + 1));
  const { entries, nextCursor } = page(rows, limit, (row) => row.sequence);
  const transactions = entries.map((entry) => ({
    id: entry.id,
    transaction_type: entry.transactionType,
    amount: entry.amount,
    balance_after: entry.balanceAfter,
    operation_type: entry.operationType,
    operation_details: entry.operationDetails === null ? null : { ...entry.operationDetails },
    quantity: entry.quantity,
    description: entry.description,
    reason: entry.reason,
    created_at: entry.createdAt.toISOString(),
  }));
  return { transactions, count: transactions.length, next_cursor: nextCursor };
}
