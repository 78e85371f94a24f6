import { invalid } from '../api/errors.ts';
import { change, type Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { DAY_SECONDS } from '../state/period.ts';
import { checkStatus } from './intent-state.ts';

type PaymentIntent = ObjectTypes['payment_intent'];

const HELD_SECONDS = 7 * DAY_SECONDS;

const CANCELABLE = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
];

/**
 * Nobody is to pay this intent any more; what was set aside goes back. Throws
 * 400 when it is too late, or when a checkout or an invoice waits for it.
 */
export function cancelIntent(
  context: Context,
  intent: PaymentIntent,
  reason: PaymentIntent['cancellation_reason'],
): PaymentIntent {
  checkStatus(intent, 'canceled', CANCELABLE);
  if (intent.status !== 'requires_capture') checkNotAwaited(context, intent.id);
  return abandonIntent(context, intent, reason);
}

/** A bank holds the money of a card for a week; then what nobody has captured goes back by itself. */
export function authorizationEnd(store: Store, intent: PaymentIntent): number | null {
  if (intent.status !== 'requires_capture' || intent.latest_charge === null) return null;
  return store.must('charge', intent.latest_charge).created + HELD_SECONDS;
}

/** The bank no longer holds the money (`charge.expired`). */
export function expireAuthorization(context: Context, intent: PaymentIntent): PaymentIntent {
  return abandonIntent(context, intent, 'automatic', 'charge.expired');
}

/** Cancels an intent whatever its status; `event` tells of the money that was set aside for it. */
export function abandonIntent(
  context: Context,
  intent: PaymentIntent,
  reason: PaymentIntent['cancellation_reason'],
  event: 'charge.expired' | 'charge.refunded' = 'charge.refunded',
): PaymentIntent {
  const charge =
    intent.latest_charge === null ? undefined : context.store.must('charge', intent.latest_charge);
  if (intent.status === 'requires_capture' && charge) {
    change(context, charge, { amount_refunded: charge.amount, refunded: true }, event);
  }
  const canceled: Partial<PaymentIntent> = {
    amount_capturable: 0,
    canceled_at: context.now(),
    cancellation_reason: reason,
    next_action: null,
    status: 'canceled',
  };
  return change(context, intent, canceled, 'payment_intent.canceled');
}

function checkNotAwaited({ store }: Context, id: string): void {
  const sessions = store.all('checkout.session');
  if (sessions.some((session) => session.payment_intent === id && session.status === 'open')) {
    throw invalid(
      'You cannot cancel this PaymentIntent because it belongs to a Checkout Session. Expire the Checkout Session instead.',
    );
  }
  const payments = store.all('invoice_payment');
  if (payments.some(({ payment, status }) => payment.payment_intent === id && status === 'open')) {
    throw invalid(
      'You cannot cancel this PaymentIntent because it belongs to an invoice. Void the invoice instead.',
    );
  }
}
