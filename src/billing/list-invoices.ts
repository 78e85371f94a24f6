import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeIdCursor, encodeCursor, invalidCursor } from '../core/cursor.ts';
import { expectCustomer, findCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import type { CustomerInvoice } from '../stripe/index.ts';
import type { invoice, invoicesAnswer, InvoicesQuery } from './invoice-list-schemas.ts';

/** One page of an account's invoices, newest first, as Stripe has them now. Throws `invalid_cursor`, `customer_not_found`. */
export async function listInvoices(
  deps: Pick<Deps, 'db' | 'stripe'>,
  account: AccountReference,
  { limit, cursor }: Omit<InvoicesQuery, 'customer'>,
): Promise<Omit<z.input<typeof invoicesAnswer>, 'success'>> {
  const after = cursor === undefined ? undefined : decodeIdCursor(cursor);
  const [customer] = await deps.db.run(findCustomer(account));
  expectCustomer(account, customer?.id);
  const stripeCustomerId = customer?.stripeCustomerId ?? null;
  if (stripeCustomerId === null) return { invoices: [], count: 0, next_cursor: null };
  const page = await deps.stripe.listInvoices(stripeCustomerId, limit, after);
  if (page === undefined) throw invalidCursor();
  const last = page.invoices.at(-1);
  return {
    invoices: page.invoices.map(shown),
    count: page.invoices.length,
    next_cursor: page.hasMore && last !== undefined ? encodeCursor(last.id) : null,
  };
}

function shown({ lines, ...members }: CustomerInvoice): z.input<typeof invoice> {
  const starts = lines.map(({ periodStart }) => periodStart.getTime());
  const ends = lines.map(({ periodEnd }) => periodEnd.getTime());
  return {
    id: members.id,
    number: members.number,
    status: members.status,
    currency: members.currency,
    total: members.totalMinor,
    amount_due: members.amountDueMinor,
    amount_paid: members.amountPaidMinor,
    period_start: lines.length === 0 ? null : new Date(Math.min(...starts)).toISOString(),
    period_end: lines.length === 0 ? null : new Date(Math.max(...ends)).toISOString(),
    hosted_invoice_url: members.pageUrl,
    invoice_pdf: members.pdfUrl,
    lines: lines.map((line) => ({
      description: line.description,
      amount: line.amountMinor,
      quantity: line.quantity,
      period_start: line.periodStart.toISOString(),
      period_end: line.periodEnd.toISOString(),
    })),
    created_at: members.createdAt.toISOString(),
  };
}
