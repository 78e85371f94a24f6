import { invalid } from '../../api/errors.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd, periodStart } from './billed-period.ts';
import { isOver } from './end-subscription.ts';

type Subscription = ObjectTypes['subscription'];

/** Which parts of a change matter for whether it can be made. */
interface Change {
  readonly items?: readonly unknown[];
  readonly extras?: readonly unknown[];
  readonly discounts?: readonly unknown[];
  readonly resetsAnchor?: boolean;
  readonly trialEnd?: number | 'now';
  readonly end?: object;
  readonly prorationDate?: number;
  readonly members?: Partial<Subscription>;
}

/** What a subscription that has ended still lets change. */
const ALWAYS: ReadonlySet<string> = new Set(['cancellation_details', 'metadata']);
/** What one that waits for its first payment lets change, too. */
const WHILE_INCOMPLETE: ReadonlySet<string> = new Set([
  ...ALWAYS,
  'default_payment_method',
  'description',
  'payment_settings',
]);

/** Stripe's 400 for what a subscription of this status does not let change. */
export function checkChange(context: Context, subscription: Subscription, wanted: Change): void {
  if (isOver(subscription) && !isOnly(wanted, ALWAYS)) {
    throw invalid(
      'A canceled subscription can only update its cancellation_details and metadata.',
      undefined,
      'invalid_canceled_subscription_fields',
    );
  }
  if (subscription.status === 'incomplete' && !isOnly(wanted, WHILE_INCOMPLETE)) {
    throw invalid(
      'This subscription is incomplete: until its first invoice is paid, only its metadata and its default payment method can be updated.',
    );
  }
  checkAnchor(context, subscription, wanted);
  checkProrationDate(subscription, wanted.prorationDate);
}

/**
 * A trial must end before a new billing cycle begins, and what is paused must be resumed
 * (https://docs.stripe.com/changelog/endive/2026-10-28/error-code-billing-cycle-trial-end-validation-subscriptions).
 */
function checkAnchor(
  context: Context,
  { status, trial_end }: Subscription,
  { resetsAnchor, trialEnd: wantedEnd }: Change,
): void {
  const trialEnd = wantedEnd ?? trial_end;
  if (status === 'paused' && (resetsAnchor || (trialEnd !== null && trialEnd !== trial_end))) {
    throw invalid('The local Stripe sandbox begins no trial or billing cycle of a paused subscription.');
  }
  if (!resetsAnchor || typeof trialEnd !== 'number' || trialEnd <= context.now()) return;
  throw invalid(
    'The billing cycle anchor cannot be before the end of the trial. End the trial first.',
    'billing_cycle_anchor',
    'subscription_update_trial_after_billing_cycle_anchor',
  );
}

function isOnly(wanted: Change, members: ReadonlySet<string>): boolean {
  const { items, extras, discounts, resetsAnchor, trialEnd, end } = wanted;
  const isSimple = [items, extras, discounts, trialEnd, end].every((part) => part === undefined);
  return isSimple && !resetsAnchor && Object.keys(wanted.members ?? {}).every((name) => members.has(name));
}

function checkProrationDate(subscription: Subscription, date: number | undefined): void {
  if (date === undefined) return;
  if (date >= periodStart(subscription) && date < periodEnd(subscription)) return;
  throw invalid(
    "Invalid proration_date: it must be within the subscription's current period.",
    'proration_date',
  );
}
