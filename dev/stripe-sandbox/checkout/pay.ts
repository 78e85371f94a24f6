import { add, change, type Context } from '../state/context.ts';
import { newBankDebit, newCard, type Buyer } from '../objects/payment-method.ts';
import { newPaymentIntent } from '../objects/payment-intent.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { Card } from '../payments/cards.ts';
import { payIntent, type Attempt } from '../payments/pay-intent.ts';
import { imagined } from '../state/events.ts';
import { completeCheckout, type Completion } from './complete.ts';
import type { CheckoutDetails, Session } from './details.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];

export type PayOutcome =
  | { readonly kind: 'complete'; readonly session: Session }
  | { readonly kind: 'declined'; readonly message: string }
  | { readonly kind: 'authentication_required' };

const PAID: ReadonlySet<PaymentIntent['status']> = new Set(['succeeded', 'processing', 'requires_capture']);

/** The buyer pays an open session with a card. */
export function payWithCard(context: Context, session: Session, buyer: Buyer, card: Card): PayOutcome {
  const method = newCard(context, buyer, card);
  if (session.amount_total === 0) return complete(context, session, buyer, method, null);
  return pay(context, session, buyer, method, {
    offSession: false,
    authenticationUrl: session.url,
    returnUrl: session.url,
  });
}

/** The buyer's bank has said yes or no to the card that is waiting for it. */
export function finishAuthentication(
  context: Context,
  session: Session,
  buyer: Buyer,
  confirmed: boolean,
): PayOutcome {
  const waiting = detailsOf(context, session).awaitingAuthentication;
  if (waiting === null)
    return { kind: 'declined', message: 'There is no payment to confirm. Please pay again.' };
  remember(context, session, { awaitingAuthentication: null });
  const method = context.store.must('payment_method', waiting);
  const authentication = confirmed ? 'confirmed' : 'refused';
  return pay(context, session, buyer, method, { offSession: false, authentication });
}

/** The buyer promises a bank debit: the order is complete, the money comes days later or never. */
export function payWithBankDebit(context: Context, session: Session, buyer: Buyer): PayOutcome {
  const method = newBankDebit(context, buyer);
  if (session.amount_total === 0) return complete(context, session, buyer, method, null);
  return pay(context, session, buyer, method, { offSession: false });
}

/** What is going to be paid completes the session, which pays it; the rest leaves the session open. */
function pay(
  context: Context,
  session: Session,
  buyer: Buyer,
  method: PaymentMethod,
  attempt: Attempt,
): PayOutcome {
  const intent = paymentIntentOf(context, session);
  if (PAID.has(payIntent(imagined(context), intent, method, attempt).status)) {
    return complete(context, session, buyer, method, { intent, attempt });
  }
  const tried = payIntent(context, intent, method, attempt);
  if (tried.status === 'requires_action') {
    remember(context, session, { awaitingAuthentication: method.id });
    return { kind: 'authentication_required' };
  }
  return { kind: 'declined', message: tried.last_payment_error?.message ?? 'The payment failed.' };
}

function complete(
  context: Context,
  session: Session,
  buyer: Buyer,
  method: PaymentMethod,
  payment: Completion['payment'],
): PayOutcome {
  return { kind: 'complete', session: completeCheckout(context, { session, buyer, method, payment }) };
}

/** One payment intent serves all attempts of a session. */
function paymentIntentOf(context: Context, session: Session): PaymentIntent {
  const details = detailsOf(context, session);
  if (details.paymentIntent !== null) return context.store.must('payment_intent', details.paymentIntent);
  const intent = newPaymentIntent(context, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? '',
    customer: session.customer,
    data: details.paymentIntentData,
    description: session.mode === 'subscription' ? 'Subscription creation' : null,
    paymentMethodTypes: session.payment_method_types,
    setupFutureUsage: session.mode === 'subscription' ? 'off_session' : null,
  });
  remember(context, session, { paymentIntent: intent.id });
  if (session.mode === 'payment') change(context, session, { payment_intent: intent.id });
  return add(context, intent, 'payment_intent.created');
}

function detailsOf(context: Context, session: Session): CheckoutDetails {
  const details = context.store.facts('checkout.session', session.id);
  if (!details) throw new Error(`The sandbox has lost the details of ${session.id}.`);
  return details;
}

function remember(context: Context, session: Session, patch: Partial<CheckoutDetails>): void {
  context.store.setFacts('checkout.session', session.id, { ...detailsOf(context, session), ...patch });
}
