import { intentOf } from '../../objects/invoice-payment.ts';
import { payIntent, type Attempt } from '../../payments/pay-intent.ts';
import { change, type Context } from '../../state/context.ts';
import type { EventType, ObjectTypes } from '../../state/wire.ts';
import { defaultMethod } from './default-method.ts';
import { nextAttempt } from './dunning.ts';
import { followInvoice } from '../subscriptions/follow-invoice.ts';
import { attemptsAfter, settleInvoice } from './settle-invoice.ts';

type Invoice = ObjectTypes['invoice'];
type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];

/** How to collect an invoice. */
interface Collection extends Pick<Attempt, 'offSession'> {
  /** Otherwise the default one of the invoice, its subscription or its customer. */
  readonly method?: PaymentMethod;
  /** By the schedule of attempts, not because somebody asked for it. */
  readonly automatic: boolean;
}

/**
 * Tries to collect an open invoice. Paid: `invoice_payment.paid`,
 * `invoice.updated`, `invoice.paid`, `invoice.payment_succeeded`. Not paid:
 * `invoice.updated`, `invoice.payment_action_required` if the bank asks, and
 * `invoice.payment_failed`; without any method there is not even a charge. An
 * attempt that the schedule counts also says when the next one is. The
 * subscription follows.
 */
export function collectInvoice(context: Context, invoice: Invoice, how: Collection): Invoice {
  const { method = defaultMethod(context, invoice), automatic, offSession } = how;
  const intent = intentOf(context, invoice.id);
  if (!intent) throw new Error(`Invoice ${invoice.id} has nothing to collect.`);
  const attempt = { mayWait: true, offSession, returnUrl: invoice.hosted_invoice_url ?? null };
  const tried = method ? payIntent(context, intent, method, attempt) : intent;
  return followIntent(context, invoice, tried, automatic);
}

/**
 * An intent was tried or has changed somewhere else than in `collectInvoice`:
 * confirmed by its own API or on the bank's page, or a bank debit came to an
 * end. If an open invoice waits for it, that follows. To be called after every
 * change of an intent that may be an invoice's.
 */
export function intentSettled(context: Context, intent: PaymentIntent): void {
  const payment = context.store
    .all('invoice_payment')
    .find((one) => one.payment.payment_intent === intent.id && one.status === 'open');
  const invoice = payment && context.store.get('invoice', payment.invoice);
  if (invoice?.status === 'open' || invoice?.status === 'uncollectible')
    followIntent(context, invoice, intent, false);
}

/** What an attempt to pay its intent makes of an open invoice. */
function followIntent(
  context: Context,
  invoice: Invoice,
  intent: PaymentIntent,
  automatic: boolean,
): Invoice {
  if (intent.status === 'succeeded') return settleInvoice(context, invoice, intent, automatic);
  const latest = context.store.must('invoice', invoice.id);
  const attempted = { attempted: true, attempt_count: attemptsAfter(latest, automatic) };
  // A bank debit takes days: until then nobody tries again.
  if (intent.status === 'processing') {
    return change(context, latest, { ...attempted, next_payment_attempt: null }, 'invoice.updated');
  }
  const next = attemptAfter(context, latest, attempted.attempt_count, automatic);
  const events: EventType[] = ['invoice.updated'];
  if (intent.status === 'requires_action') events.push('invoice.payment_action_required');
  events.push('invoice.payment_failed');
  const failed = change(context, latest, { ...attempted, next_payment_attempt: next }, ...events);
  followInvoice(context, failed, isRetried(failed) && next === null ? 'given_up' : 'payment_failed');
  return failed;
}

/**
 * Automatic attempts and the first one lead to the next; what somebody tries in
 * between does not move it. A bank debit that came back was such an attempt.
 */
function attemptAfter(
  context: Context,
  invoice: Invoice,
  attempts: number,
  automatic: boolean,
): number | null {
  if (!isRetried(invoice)) return null;
  const planned = automatic || invoice.attempt_count === 0 ? null : invoice.next_payment_attempt;
  return planned ?? nextAttempt(attempts, context.now());
}

function isRetried(invoice: Invoice): boolean {
  return invoice.auto_advance === true && invoice.collection_method === 'charge_automatically';
}
