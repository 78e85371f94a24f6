import { change, type Context } from '../../state/context.ts';
import type { Store } from '../../state/store.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { dueOf } from '../../time/due.ts';
import { cancelAsAsked } from './cancel-subscription.ts';
import { voidInvoice } from '../invoices/end-invoice.ts';
import { isOver } from './end-subscription.ts';
import { nextEnd } from './next-end.ts';
import { isProcessing } from '../invoices/settle-invoice.ts';
import { subscriptionFacts } from './subscription-facts.ts';
import { tellTrialEnd, trialNoticeAt } from './trial.ts';
import { tellUpcoming, upcomingNoticeAt } from './upcoming.ts';

type Subscription = ObjectTypes['subscription'];

/** How long a first invoice, or that of a resumption, waits to be paid; a bank debit may take longer. */
const PATIENCE_SECONDS = 23 * 3600;

/** Subscriptions renew, and end, and what Stripe tells before that. */
export const dueSubscriptions = dueOf('subscription', (store, subscription) => {
  const { created, pause_collection, status } = subscription;
  if (isOver(subscription)) return [];
  if (status === 'incomplete') {
    const waits = isProcessing({ store }, subscription.latest_invoice ?? '');
    return [{ at: waits ? null : created + PATIENCE_SECONDS, happen: expire }];
  }
  if (status === 'paused') {
    const { cancel_at } = subscription;
    return [
      { at: resumptionEnd(store, subscription), happen: expire },
      { at: cancel_at, happen: cancelAsAsked },
    ];
  }
  return [
    { at: trialNoticeAt({ store }, subscription), happen: tellTrialEnd },
    { at: upcomingNoticeAt({ store }, subscription), happen: tellUpcoming },
    { at: pause_collection?.resumes_at ?? null, happen: collectAgain },
    nextEnd(subscription),
  ];
});

function resumptionEnd(store: Store, subscription: Subscription): number | null {
  const invoice = store.get('invoice', subscriptionFacts({ store }, subscription.id).resumedBy ?? '');
  const isOpen = invoice?.status === 'open' && !isProcessing({ store }, invoice.id);
  return isOpen ? invoice.created + PATIENCE_SECONDS : null;
}

/**
 * Nobody has paid in time: the invoice is void. A first invoice takes its
 * subscription with it (`incomplete_expired`), a paused one stays paused.
 */
function expire(context: Context, subscription: Subscription): void {
  const invoice = context.store.get('invoice', subscription.latest_invoice ?? '');
  if (invoice?.status === 'open' || invoice?.status === 'uncollectible') voidInvoice(context, invoice);
  const latest = context.store.must('subscription', subscription.id);
  if (latest.status !== 'incomplete') return;
  change(context, latest, { status: 'incomplete_expired' }, 'customer.subscription.updated');
}

/** `pause_collection` ends at the time that it named. */
function collectAgain(context: Context, subscription: Subscription): void {
  change(context, subscription, { pause_collection: null }, 'customer.subscription.updated');
}
