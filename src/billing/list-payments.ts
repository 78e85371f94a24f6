import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeTimeCursor, page } from '../core/cursor.ts';
import { expectCustomer, findCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import type { paymentsAnswer, PaymentsQuery } from './payment-list-schemas.ts';
import { selectPayments } from './payment-queries.ts';

/** One page of what an account has paid, newest first, from the replica. Throws `invalid_cursor`, `customer_not_found`. */
export async function listPayments(
  deps: Pick<Deps, 'replica'>,
  account: AccountReference,
  { limit, cursor }: Omit<PaymentsQuery, 'customer'>,
): Promise<Omit<z.input<typeof paymentsAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeTimeCursor(cursor);
  const [[customer], rows] = await deps.replica.batch([
    findCustomer(account),
    selectPayments(account, before, limit + 1),
  ]);
  expectCustomer(account, customer?.id);
  const { entries, nextCursor } = page(rows, limit, ({ paidAt, id }) => [paidAt.getTime(), id]);
  const payments = entries.map((entry) => ({
    id: entry.id,
    kind: entry.kind,
    name: entry.name,
    amount: entry.amountMinor,
    currency: entry.currency,
    refunded: entry.refundedMinor,
    disputed: entry.disputedMinor,
    dispute_status: entry.disputeStatus,
    paid_at: entry.paidAt.toISOString(),
    period_start: entry.periodStart?.toISOString() ?? null,
    period_end: entry.periodEnd?.toISOString() ?? null,
  }));
  return { payments, count: payments.length, next_cursor: nextCursor };
}
