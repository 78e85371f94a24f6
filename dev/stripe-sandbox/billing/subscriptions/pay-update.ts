import { intentOf } from '../../objects/invoice-payment.ts';
import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { collectInvoice } from '../invoices/collect-invoice.ts';
import { subscriptionMethod } from '../invoices/default-method.ts';
import { keepsDrafts } from '../invoices/draft-invoice.ts';
import { finalizeInvoice } from '../invoices/finalize-invoice.ts';
import type { Billed } from './subscription-invoice.ts';
import { noMethod, paymentFailure } from '../invoices/payment-failure.ts';

type Invoice = ObjectTypes['invoice'];

/** How an invoice is paid that a change of a subscription makes. */
export interface UpdatePayment {
  /** `allow_incomplete`, unless it is told; `later`: the draft goes on in an hour, as that of a renewal does. */
  readonly paymentBehavior?: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete' | 'later';
  readonly offSession?: boolean;
}

/**
 * Pays in an imagined world, to throw before anything is kept: 400 when there is
 * nothing to pay with, 402 when a payment that must not fail does.
 */
export function checkPaid(world: Context, billed: Billed, how: UpdatePayment): void {
  const paid = payUpdate(world, billed, how);
  if (paid?.status !== 'open' || how.paymentBehavior === 'default_incomplete') return;
  if (!subscriptionMethod(world, billed.subscription)) throw noMethod();
  const isDebit = intentOf(world, paid.id)?.status === 'processing';
  if (how.paymentBehavior === 'error_if_incomplete' && !isDebit) throw paymentFailure(world, paid.id);
}

/**
 * Finalizes the invoice of an update and tries to collect it; with
 * `default_incomplete` it waits for somebody to pay it, and the subscription is
 * `past_due` until then. What is sent, or paused, or for `later`, goes on by itself.
 */
export function payUpdate(
  context: Context,
  { subscription, invoice }: Billed,
  { paymentBehavior, offSession = false }: UpdatePayment,
): Invoice | null {
  const isLater =
    paymentBehavior === 'later' ||
    subscription.collection_method === 'send_invoice' ||
    subscription.pause_collection !== null ||
    keepsDrafts(context, subscription.id);
  if (!invoice || isLater) return invoice;
  const open = finalizeInvoice(context, invoice);
  if (open.status !== 'open') return open;
  if (paymentBehavior !== 'default_incomplete') {
    return collectInvoice(context, open, { automatic: false, offSession });
  }
  const latest = context.store.must('subscription', subscription.id);
  change(context, latest, { status: 'past_due' }, 'customer.subscription.updated');
  return open;
}
