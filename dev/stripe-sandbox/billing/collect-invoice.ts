import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { Due } from '../time/due.ts';
import type { Store } from '../state/store.ts';

type Invoice = ObjectTypes['invoice'];
type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];

/**
 * Gives a draft its number and opens it for payment, with a payment intent of
 * its own where something is to be charged (`payment_intent.created`,
 * `invoice.finalized`). What costs nothing is paid at once.
 */
export function finalizeInvoice(_context: Context, _invoice: Invoice): Invoice {
  throw new Error('not built yet');
}

/**
 * Tries to collect an open invoice with `method`, or with the subscription's or
 * customer's default one. Paid: `invoice_payment.paid`, `invoice.updated`,
 * `invoice.paid`, `invoice.payment_succeeded`. Not paid: `invoice.updated`, then
 * `invoice.payment_failed` or `invoice.payment_action_required`; an automatic
 * attempt also says when the next one is. The subscription follows.
 */
export function collectInvoice(
  _context: Context,
  _invoice: Invoice,
  _how: { readonly method?: PaymentMethod; readonly offSession: boolean; readonly automatic: boolean },
): Invoice {
  throw new Error('not built yet');
}

/** Marks an open invoice as paid by an intent that has succeeded elsewhere, as in Checkout. */
export function settleInvoice(_context: Context, _invoice: Invoice, _intent: PaymentIntent): Invoice {
  throw new Error('not built yet');
}

export function voidInvoice(_context: Context, _invoice: Invoice): Invoice {
  throw new Error('not built yet');
}

export function markUncollectible(_context: Context, _invoice: Invoice): Invoice {
  throw new Error('not built yet');
}

/** Drafts finalize and open invoices are tried again by themselves. */
export function* dueInvoices(_store: Store): Iterable<Due> {
  yield* [];
}
