import type { SubscriptionItem } from '../../objects/subscription.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { billedPeriod, type Period } from './billed-period.ts';
import { changedItems, type ItemChange } from './changed-items.ts';
import { recursLike } from './wanted-items.ts';

type Subscription = ObjectTypes['subscription'];

/** What an update makes of a subscription's billing cycle. */
export interface Cycle {
  /** A new cycle and a trial begin now; otherwise the present period goes on. */
  readonly kind: 'unchanged' | 'new' | 'trial';
  readonly anchor: number;
  readonly items: readonly SubscriptionItem[];
  /** What changes when a trial begins, lasts longer or ends. */
  readonly trial: Partial<Pick<Subscription, 'status' | 'trial_end' | 'trial_start'>>;
  readonly endsTrial: boolean;
}

interface Change {
  readonly items?: readonly ItemChange[];
  readonly resetsAnchor?: boolean;
  readonly trialEnd?: number | 'now';
}

/**
 * The billing cycle after an update. A new one begins when that is asked for,
 * when a trial ends, when prices recur in another rhythm, and when something
 * free becomes something to pay (https://docs.stripe.com/api/subscriptions/update).
 */
export function cycleAfter(context: Context, before: Subscription, wanted: Change): Cycle {
  const items = wanted.items ? changedItems(context, before, wanted.items) : before.items.data;
  const isTrial = before.status === 'trialing';
  if (typeof wanted.trialEnd === 'number') return trialCycle(context, before, items, wanted.trialEnd);
  const endsTrial = isTrial && wanted.trialEnd === 'now';
  // A schedule goes on at the instant of a trial's end before the renewal does.
  const isTrialOver = isTrial && before.trial_end !== null && before.trial_end <= context.now();
  const begins =
    endsTrial ||
    wanted.resetsAnchor === true ||
    (!isTrial && before.status !== 'paused' && needsNewCycle(before.items.data, items));
  if (!begins) {
    return { kind: 'unchanged', anchor: before.billing_cycle_anchor, items, trial: {}, endsTrial };
  }
  const now = context.now();
  return {
    kind: 'new',
    anchor: now,
    items: items.map((item) =>
      withPeriod(item, billedPeriod(item.price, { anchor: now, start: now, until: null })),
    ),
    trial: endsTrial || isTrialOver ? { status: 'active', trial_end: now } : {},
    endsTrial,
  };
}

function trialCycle(
  context: Context,
  before: Subscription,
  items: readonly SubscriptionItem[],
  end: number,
): Cycle {
  const now = context.now();
  const isLonger = before.status === 'trialing';
  return {
    kind: isLonger ? 'unchanged' : 'trial',
    anchor: end,
    items: items.map((item) => withPeriod(item, { start: isLonger ? item.current_period_start : now, end })),
    trial: { status: 'trialing', trial_end: end, ...(!isLonger && { trial_start: now }) },
    endsTrial: false,
  };
}

function withPeriod(item: SubscriptionItem, { start, end }: Period): SubscriptionItem {
  return { ...item, current_period_end: end, current_period_start: start };
}

function needsNewCycle(before: readonly SubscriptionItem[], after: readonly SubscriptionItem[]): boolean {
  const [old] = before;
  const [next] = after;
  if (old && next && !recursLike(old.price, next.price)) return true;
  return costOf(before) === 0 && costOf(after) > 0;
}

function costOf(items: readonly SubscriptionItem[]): number {
  return items.reduce(
    (sum, { price, quantity = 1 }) => sum + Number(price.unit_amount_decimal) * quantity,
    0,
  );
}
