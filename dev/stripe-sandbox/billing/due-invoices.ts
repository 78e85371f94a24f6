import { STANDING_STILL, subscriptionOf } from '../objects/invoice.ts';
import { change, type Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { Due } from '../time/due.ts';
import { collectInvoice } from './collect-invoice.ts';
import { keepsDrafts } from './draft-invoice.ts';
import { markUncollectible, voidInvoice } from './end-invoice.ts';
import { finalizeInvoice } from './finalize-invoice.ts';

type Invoice = ObjectTypes['invoice'];

/** Drafts finalize and open invoices are tried again by themselves. */
export function* dueInvoices(store: Store): Iterable<Due> {
  for (const { id, customer, status, automatically_finalizes_at, next_payment_attempt } of store.all(
    'invoice',
  )) {
    const at = status === 'draft' ? automatically_finalizes_at : next_payment_attempt;
    if (at === null || (status !== 'draft' && status !== 'open')) continue;
    yield {
      at,
      customer,
      happen: (context) => {
        const invoice = context.store.must('invoice', id);
        if (status === 'draft') advance(context, invoice);
        else collectInvoice(context, invoice, { automatic: true, offSession: true });
      },
    };
  }
}

/**
 * A draft's time has come: it is finalized and collected or sent, unless its
 * subscription's invoices are paused
 * (https://docs.stripe.com/billing/subscriptions/pause-payment).
 */
function advance(context: Context, draft: Invoice): void {
  const subscription = subscriptionOf(context, draft);
  if (keepsDrafts(context, subscription?.id ?? null)) {
    change(context, draft, STANDING_STILL, 'invoice.updated');
    return;
  }
  const open = finalizeInvoice(context, draft);
  if (open.status !== 'open') return;
  const pause = subscription?.pause_collection?.behavior;
  if (pause === 'mark_uncollectible') markUncollectible(context, open);
  else if (pause === 'void') voidInvoice(context, open);
  else if (open.collection_method === 'send_invoice') sendInvoice(context, open);
  else collectInvoice(context, open, { automatic: true, offSession: true });
}

/** The customer gets the invoice by e-mail: of that the sandbox only tells. */
export function sendInvoice(context: Context, invoice: Invoice): Invoice {
  context.events.emit(context, 'invoice.sent', invoice);
  return invoice;
}
