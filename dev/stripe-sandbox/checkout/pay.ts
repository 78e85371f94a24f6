import type { Buyer } from '../objects/payment-method.ts';
import { newPaymentIntent } from '../objects/payment-intent.ts';
import { payIntent, type Attempt } from '../payments/pay-intent.ts';
import { shippingOf } from '../payments/prepare-intent.ts';
import { createSetupIntent, setUp } from '../payments/setup-intents.ts';
import { add, change, type Context } from '../state/context.ts';
import { imagined } from '../state/imagined.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { completeCheckout, type Completion } from './complete.ts';
import { detailsOf, remember, type Session } from './details.ts';
import { checkDiscount } from './discount-session.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];
type SetupIntent = ObjectTypes['setup_intent'];

export type PayOutcome =
  | { readonly kind: 'complete'; readonly session: Session }
  | { readonly kind: 'declined'; readonly message: string }
  | { readonly kind: 'authentication_required' };

const PAID: ReadonlySet<PaymentIntent['status']> = new Set(['succeeded', 'processing', 'requires_capture']);

/** Whether the buyer has to give a payment method: without anything due only if it was asked for. */
export function collectsMethod(session: Session): boolean {
  return session.amount_total !== 0 || session.payment_method_collection === 'always';
}

/**
 * The buyer pays an open session; `method` is null where none is collected. A
 * refusal leaves the session open. Throws Stripe's 400 when the session's
 * discount is no longer to be had.
 */
export function payWith(
  context: Context,
  session: Session,
  buyer: Buyer,
  method: PaymentMethod | null,
): PayOutcome {
  const attempt = { offSession: false, authenticationUrl: session.url, returnUrl: session.url };
  return tryToPay(context, session, buyer, method, attempt);
}

/** The buyer's bank has said yes or no to the card that is waiting for it. */
export function finishAuthentication(
  context: Context,
  session: Session,
  buyer: Buyer,
  confirmed: boolean,
): PayOutcome {
  const waiting = detailsOf(context, session).awaitingAuthentication;
  if (waiting === null) return declined('There is no payment to confirm. Please pay again.');
  remember(context, session, { awaitingAuthentication: null });
  const method = context.store.must('payment_method', waiting);
  const authentication = confirmed ? 'confirmed' : 'refused';
  return tryToPay(context, session, buyer, method, { offSession: false, authentication });
}

function tryToPay(
  context: Context,
  session: Session,
  buyer: Buyer,
  method: PaymentMethod | null,
  attempt: Attempt,
): PayOutcome {
  checkDiscount(context, session);
  if (!method) return complete(context, { session, buyer, method, payment: null, setup: null });
  return session.amount_total === 0
    ? saveOnly(context, session, buyer, method, attempt)
    : payNow(context, session, buyer, method, attempt);
}

/** What is going to be paid completes the session, which pays it; the rest leaves the session open. */
function payNow(
  context: Context,
  session: Session,
  buyer: Buyer,
  method: PaymentMethod,
  attempt: Attempt,
): PayOutcome {
  const intent = paymentIntentOf(context, session);
  if (PAID.has(payIntent(imagined(context), intent, method, attempt).status)) {
    return complete(context, { session, buyer, method, payment: { intent, attempt }, setup: null });
  }
  const tried = payIntent(context, intent, method, attempt);
  return tried.status === 'requires_action'
    ? ask(context, session, method)
    : declined(tried.last_payment_error?.message);
}

/** Nothing is due today: the payment method is saved for later, unless its bank refuses. */
function saveOnly(
  context: Context,
  session: Session,
  buyer: Buyer,
  method: PaymentMethod,
  attempt: Attempt,
): PayOutcome {
  const intent = setupIntentOf(context, session);
  if (setUp(imagined(context), intent, method, attempt).status === 'succeeded') {
    return complete(context, { session, buyer, method, payment: null, setup: { intent, attempt } });
  }
  const tried = setUp(context, intent, method, attempt);
  return tried.status === 'requires_action'
    ? ask(context, session, method)
    : declined(tried.last_setup_error?.message);
}

function declined(message = 'Your card was declined.'): PayOutcome {
  return { kind: 'declined', message };
}

function ask(context: Context, session: Session, method: PaymentMethod): PayOutcome {
  remember(context, session, { awaitingAuthentication: method.id });
  return { kind: 'authentication_required' };
}

function complete(context: Context, completion: Completion): PayOutcome {
  return { kind: 'complete', session: completeCheckout(context, completion) };
}

/** One payment intent serves all attempts of a session. */
function paymentIntentOf(context: Context, session: Session): PaymentIntent {
  const details = detailsOf(context, session);
  if (details.paymentIntent !== null) return context.store.must('payment_intent', details.paymentIntent);
  const data = details.asked.payment_intent_data;
  const intent: PaymentIntent = {
    ...newPaymentIntent(context, {
      amount: session.amount_total ?? 0,
      currency: session.currency ?? '',
      customer: session.customer,
      data,
      description: session.mode === 'subscription' ? 'Subscription creation' : null,
      paymentMethodTypes: session.payment_method_types,
      setupFutureUsage: session.mode === 'subscription' ? 'off_session' : null,
    }),
    capture_method: data?.capture_method ?? 'automatic_async',
    shipping: shippingOf(data?.shipping ?? null),
  };
  remember(context, session, { paymentIntent: intent.id });
  if (session.mode === 'payment') change(context, session, { payment_intent: intent.id });
  return add(context, intent, 'payment_intent.created');
}

/** One setup intent serves all attempts to save a payment method. */
function setupIntentOf(context: Context, session: Session): SetupIntent {
  const known = detailsOf(context, session).setupIntent;
  if (known !== null) return context.store.must('setup_intent', known);
  const intent = createSetupIntent(context, { usage: 'off_session' });
  remember(context, session, { setupIntent: intent.id });
  return intent;
}
