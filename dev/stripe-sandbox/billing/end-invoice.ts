import { STANDING_STILL } from '../objects/invoice.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { followInvoice } from './follow-invoice.ts';
import { cancelPayments } from './settle-invoice.ts';

type Invoice = ObjectTypes['invoice'];

/** Declares an open invoice a mistake: nobody is to pay it (`payment_intent.canceled`, `invoice.voided`). */
export function voidInvoice(context: Context, invoice: Invoice): Invoice {
  cancelPayments(context, invoice, 'void_invoice');
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
