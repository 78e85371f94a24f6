import { add, change, type Context } from '../state/context.ts';
import { newCharge } from '../objects/charge.ts';
import { newBankDebit, newCard, type Buyer } from '../objects/payment-method.ts';
import { newPaymentIntent } from '../objects/payment-intent.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { Card, CardDecline } from '../payments/cards.ts';
import { completeCheckout } from './complete.ts';
import type { CheckoutDetails, Session } from './details.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];

export type PayOutcome =
  | { readonly kind: 'complete'; readonly session: Session }
  | { readonly kind: 'declined'; readonly message: string }
  | { readonly kind: 'authentication_required' };

const AUTHENTICATION_FAILED: CardDecline = {
  code: 'card_declined',
  declineCode: 'authentication_required',
  message:
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
};

/** The buyer pays an open session with a card. */
export function payWithCard(context: Context, session: Session, buyer: Buyer, card: Card): PayOutcome {
  const method = newCard(context, buyer, card);
  if (session.amount_total === 0) return complete(context, session, buyer, method, null);
  const intent = paymentIntentOf(context, session);
  if (card.outcome === 'success') return complete(context, session, buyer, method, intent);
  if (card.outcome !== 'authentication_required') return decline(context, intent, method, card.outcome);
  remember(context, session, { awaitingAuthentication: method.id });
  change(context, intent, {
    payment_method: method.id,
    status: 'requires_action',
    next_action: { type: 'redirect_to_url', redirect_to_url: { return_url: session.url, url: session.url } },
  });
  context.events.emit(
    context,
    'payment_intent.requires_action',
    context.store.must('payment_intent', intent.id),
  );
  return { kind: 'authentication_required' };
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
  const intent = paymentIntentOf(context, session);
  return confirmed
    ? complete(context, session, buyer, method, intent)
    : decline(context, intent, method, AUTHENTICATION_FAILED);
}

/** The buyer promises a bank debit: the order is complete, the money comes days later or never. */
export function payWithBankDebit(context: Context, session: Session, buyer: Buyer): PayOutcome {
  const method = newBankDebit(context, buyer);
  const intent = session.amount_total === 0 ? null : paymentIntentOf(context, session);
  return complete(context, session, buyer, method, intent);
}

function complete(
  context: Context,
  session: Session,
  buyer: Buyer,
  method: PaymentMethod,
  intent: PaymentIntent | null,
): PayOutcome {
  return { kind: 'complete', session: completeCheckout(context, { session, buyer, method, intent }) };
}

function decline(
  context: Context,
  intent: PaymentIntent,
  method: PaymentMethod,
  reason: CardDecline,
): PayOutcome {
  const charge = newCharge(context, intent, method, { status: 'failed', decline: reason });
  add(context, charge, 'charge.failed');
  const failed = change(context, intent, {
    last_payment_error: {
      charge: charge.id,
      code: reason.code,
      decline_code: reason.declineCode,
      doc_url: `https://stripe.com/docs/error-codes/${reason.code.replaceAll('_', '-')}`,
      message: reason.message,
      payment_method: method,
      type: 'card_error',
    },
    latest_charge: charge.id,
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  });
  context.events.emit(context, 'payment_intent.payment_failed', failed);
  return { kind: 'declined', message: reason.message };
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
