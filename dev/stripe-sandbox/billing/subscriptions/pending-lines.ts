import type { LineDraft } from '../../objects/invoice-line.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { addInvoiceItem, pendingLines } from '../invoices/invoice-items.ts';
import { unusedTime } from './proration.ts';

type Subscription = ObjectTypes['subscription'];

/** What waits to be billed for this subscription. */
export function linesWaiting(context: Context, { id, customer, currency }: Subscription): LineDraft[] {
  return pendingLines(context, customer, currency, (owner) => owner === id);
}

/** Keeps a line for an invoice of the subscription (`invoiceitem.created`). */
export function addWaiting(context: Context, { id, customer }: Subscription, line: LineDraft): void {
  addInvoiceItem(context, { customer, subscription: id, invoice: null, line });
}

/** Credits the time that is not used, from now or from the beginning of the present period on. */
export function creditUnusedTime(
  context: Context,
  subscription: Subscription,
  from: 'now' | 'item_current_period_start' = 'now',
): void {
  for (const item of subscription.items.data) {
    const instant = from === 'now' ? context.now() : item.current_period_start;
    const line = unusedTime(context, subscription, item, instant);
    if (line) addWaiting(context, subscription, line);
  }
}
