import { STANDING_STILL } from '../../objects/invoice.ts';
import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { followInvoice } from '../subscriptions/follow-invoice.ts';
import { cancelPayments, checkNotProcessing } from './settle-invoice.ts';

type Invoice = ObjectTypes['invoice'];

/**
 * Declares an open invoice a mistake: nobody is to pay it (`payment_intent.canceled`, `invoice.voided`),
 * and the customer's balance is what it would be without it (`customer.updated`). Throws 400 while a
 * bank debit is under way.
 * https://docs.stripe.com/changelog/2019-12-03/customer-balances-returned-voided-invoices
 */
export function voidInvoice(context: Context, invoice: Invoice): Invoice {
  checkNotProcessing(context, invoice);
  cancelPayments(context, invoice, 'void_invoice');
  returnBalance(context, invoice);
  const latest = context.store.must('invoice', invoice.id);
  const patch: Partial<Invoice> = {
    ...STANDING_STILL,
    status: 'void',
    status_transitions: { ...latest.status_transitions, voided_at: context.now() },
  };
  const voided = change(context, latest, patch, 'invoice.updated', 'invoice.voided');
  followInvoice(context, voided, 'voided');
  return voided;
}

/** Gives back what the invoice had taken from the customer's balance, or takes back what it had put there. */
function returnBalance(context: Context, { customer: id, ending_balance, starting_balance }: Invoice): void {
  const customer = context.store.get('customer', id ?? '');
  if (!customer || ending_balance === null) return;
  const balance = customer.balance + starting_balance - ending_balance;
  change(context, customer, { balance }, 'customer.updated');
}

/** Writes an open invoice off; it can still be paid (`invoice.marked_uncollectible`). */
export function markUncollectible(context: Context, invoice: Invoice): Invoice {
  const latest = context.store.must('invoice', invoice.id);
  const patch: Partial<Invoice> = {
    ...STANDING_STILL,
    status: 'uncollectible',
    status_transitions: { ...latest.status_transitions, marked_uncollectible_at: context.now() },
  };
  const marked = change(context, latest, patch, 'invoice.updated', 'invoice.marked_uncollectible');
  followInvoice(context, marked, 'uncollectible');
  return marked;
}
