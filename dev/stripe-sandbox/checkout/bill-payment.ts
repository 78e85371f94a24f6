import { draftInvoice } from '../billing/invoices/draft-invoice.ts';
import { finalizeInvoice } from '../billing/invoices/finalize-invoice.ts';
import { settleInvoice } from '../billing/invoices/settle-invoice.ts';
import { priceLine } from '../billing/subscriptions/subscription-lines.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { detailsOf, type Session } from './details.ts';

/**
 * The paid invoice that a session of `payment` mode makes if it was asked for
 * (`invoice_creation`); returns what that changes in the session.
 */
export function billPayment(
  context: Context,
  session: Session,
  by: { customer: ObjectTypes['customer'] | null; intent: ObjectTypes['payment_intent'] | null },
): Partial<Session> {
  if (!session.invoice_creation?.enabled || !by.customer) return {};
  const { discount, lineItems } = detailsOf(context, session);
  const { description, metadata } = session.invoice_creation.invoice_data;
  const now = context.now();
  const draft = draftInvoice(context, {
    autoAdvance: false,
    billingReason: 'manual',
    collectionMethod: 'charge_automatically',
    currency: session.currency ?? '',
    customer: by.customer.id,
    daysUntilDue: null,
    description,
    discounts: discount ? [discount.discount.id] : [],
    lines: lineItems.flatMap(({ price, quantity }) =>
      price ? [priceLine(context, price, quantity ?? 1, {})] : [],
    ),
    metadata: metadata ?? {},
    period: { start: now, end: now },
    subscription: null,
  });
  const open = finalizeInvoice(context, draft, by.intent ?? undefined);
  if (by.intent) settleInvoice(context, open, by.intent);
  return { invoice: open.id };
}
