import { STANDING_STILL, subscriptionOf } from '../../objects/invoice.ts';
import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { dueOf } from '../../time/due.ts';
import { collectInvoice } from './collect-invoice.ts';
import { keepsDrafts } from './draft-invoice.ts';
import { markUncollectible, voidInvoice } from './end-invoice.ts';
import { finalizeInvoice } from './finalize-invoice.ts';
import { followInvoice } from '../subscriptions/follow-invoice.ts';

type Invoice = ObjectTypes['invoice'];

/** What happened to an invoice, so that it happens once. */
export interface InvoiceFacts {
  /** Its due date has passed. */
  readonly isOverdue: boolean;
}

/** Drafts finalize, open invoices are tried again and fall overdue by themselves. */
export const dueInvoices = dueOf('invoice', (store, invoice) => {
  if (invoice.status === 'draft') return [{ at: invoice.automatically_finalizes_at, happen: advance }];
  if (invoice.status !== 'open') return [];
  const isOverdue = store.facts('invoice', invoice.id)?.isOverdue ?? false;
  return [
    { at: invoice.next_payment_attempt, happen: retry },
    { at: isOverdue ? null : invoice.due_date, happen: fallOverdue },
  ];
});

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
  else retry(context, open);
}

function retry(context: Context, invoice: Invoice): void {
  collectInvoice(context, invoice, { automatic: true, offSession: true });
}

/** Who does not pay what was sent until its due date is as late as after a payment that failed. */
function fallOverdue(context: Context, invoice: Invoice): void {
  context.store.setFacts('invoice', invoice.id, { isOverdue: true });
  followInvoice(context, invoice, 'payment_failed');
}

/** The customer gets the invoice by e-mail: of that the sandbox only tells. */
export function sendInvoice(context: Context, invoice: Invoice): Invoice {
  context.events.emit(context, 'invoice.sent', invoice);
  return invoice;
}
