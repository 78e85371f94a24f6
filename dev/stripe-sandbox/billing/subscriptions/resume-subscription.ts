import { invalid } from '../../api/errors.ts';
import type { LineDraft } from '../../objects/invoice-line.ts';
import { change, replace, type Context } from '../../state/context.ts';
import { newId } from '../../state/ids.ts';
import { cycleEnd } from '../../state/period.ts';
import { recurrenceOf } from '../../objects/plan.ts';
import { itemList, withoutPause, type SubscriptionItem } from '../../objects/subscription.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd } from './billed-period.ts';
import { RESUMED } from './follow-invoice.ts';
import { addWaiting, linesWaiting } from './pending-lines.ts';
import { checkPaid, payUpdate } from './pay-update.ts';
import { isPaidAt, remainingTime } from './proration.ts';
import { rememberOfSubscription } from './subscription-facts.ts';
import { billChange, type Billed } from './subscription-invoice.ts';
import { periodLine } from './subscription-lines.ts';
import { imagined } from '../../state/imagined.ts';

type Subscription = ObjectTypes['subscription'];

/** How a paused subscription goes on; what is left out is as Stripe's defaults are. */
interface Resumption {
  /** Begin a new billing cycle, unless it is told otherwise. */
  readonly keepsAnchor?: boolean;
  /** Stay paused until the invoice is paid. */
  readonly onPayment?: boolean;
  readonly prorationBehavior?: 'always_invoice' | 'create_prorations' | 'none';
  /** The instant from which the rest of a running period is charged, in Unix seconds; otherwise now. */
  readonly prorationDate?: number;
}

/**
 * Resumes a paused subscription (`customer.subscription.updated`,
 * `customer.subscription.resumed`) and collects what that costs.
 * https://docs.stripe.com/api/subscriptions/resume
 */
export function resumeSubscription(
  context: Context,
  subscription: Subscription,
  wanted: Resumption,
): Subscription {
  const world = imagined(context);
  checkPaid(world, draftResumption(world, subscription, wanted), {});
  payUpdate(context, draftResumption(context, subscription, wanted), {});
  return context.store.must('subscription', subscription.id);
}

/** Resumes up to the draft that bills it; null when nothing is to be billed now. */
export function draftResumption(context: Context, paused: Subscription, wanted: Resumption): Billed {
  checkResumable(paused);
  const after = goingOn(context, paused, wanted);
  if (wanted.keepsAnchor) addProrations(context, after, wanted);
  const lines = linesOf(context, after, wanted);
  const id = lines.length > 0 ? newId('in_1') : null;
  const waits = id !== null && wanted.onPayment === true;
  if (waits) rememberOfSubscription(context, paused.id, { resumedBy: id });
  const latest = id === null ? {} : { latest_invoice: id };
  const [updated, resumed] = RESUMED;
  const subscription = waits
    ? change(context, paused, { ...after, ...latest, status: 'paused' }, updated)
    : replace(context, paused, { ...after, ...latest, status: 'active' }, updated, resumed);
  if (id === null) return { subscription, invoice: null };
  return { subscription, invoice: billChange(context, subscription, id, lines) };
}

function checkResumable({ status, collection_method }: Subscription): void {
  if (status !== 'paused') {
    throw invalid(`You can only resume subscriptions with the status \`paused\`, not \`${status}\`.`);
  }
  if (collection_method !== 'charge_automatically') {
    throw invalid('You can only resume subscriptions with `collection_method=charge_automatically`.');
  }
}

/** The subscription with the period that it goes on in; a trial that it was paused in is over. */
function goingOn(context: Context, paused: Subscription, { keepsAnchor }: Resumption): Subscription {
  const now = context.now();
  const anchor = keepsAnchor ? paused.billing_cycle_anchor : now;
  const items = paused.items.data.map((item) => {
    if (keepsAnchor && item.current_period_end > now) return item;
    const end = cycleEnd(anchor, recurrenceOf(item.price), now);
    return { ...item, current_period_end: end, current_period_start: now };
  });
  return {
    ...withoutPause(paused),
    ...(paused.cancel_at_period_end && { cancel_at: periodEnd({ items: itemList(paused.id, items) }) }),
    billing_cycle_anchor: anchor,
    items: itemList(paused.id, items),
    trial_end: paused.trial_end === null ? null : Math.min(paused.trial_end, now),
  };
}

/** In the old cycle only the rest of the period is charged, where it is not paid already. */
function addProrations(context: Context, after: Subscription, wanted: Resumption): void {
  if (wanted.prorationBehavior === 'none') return;
  const at = wanted.prorationDate ?? context.now();
  const isOpen = (item: SubscriptionItem): boolean => !isPaidAt(context, after, item, at);
  for (const item of after.items.data.filter(isOpen)) {
    addWaiting(context, after, remainingTime(context, after, item, at));
  }
}

function linesOf(context: Context, after: Subscription, wanted: Resumption): LineDraft[] {
  const waiting = linesWaiting(context, after);
  if (wanted.keepsAnchor) return wanted.prorationBehavior === 'always_invoice' ? waiting : [];
  return [...waiting, ...after.items.data.map((item) => periodLine(context, after, item))];
}
