import { invalid } from '../api/errors.ts';
import { change, type Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { ARRANGED_FAILURE, debitFailureOf } from '../banks/bank-accounts.ts';
import { docUrl } from '../banks/declines.ts';
import { DAY_SECONDS } from '../state/period.ts';
import { failIntent } from './pay-intent.ts';

type Charge = ObjectTypes['charge'];
type PaymentIntent = ObjectTypes['payment_intent'];

/** How long the banks take. */
const DEBIT_SECONDS = 4 * DAY_SECONDS;

/**
 * The bank answers the debit that a `processing` intent waits for: the money
 * arrives, or it does not and the intent waits for another payment method.
 * Throws 400 for an intent that waits for nothing.
 */
export function settlePending(context: Context, intent: PaymentIntent, succeeds: boolean): PaymentIntent {
  const charge = pendingCharge(context.store, intent);
  if (!charge) throw invalid(`PaymentIntent ${intent.id} does not wait for a payment.`);
  return succeeds ? receive(context, intent, charge) : bounce(context, intent, charge);
}

/** When a `processing` intent settles by itself, and how; undefined for others. Unix seconds. */
export function settlementOf(
  store: Store,
  intent: PaymentIntent,
): { readonly at: number; readonly succeeds: boolean } | undefined {
  const charge = pendingCharge(store, intent);
  const method = charge?.payment_method && store.get('payment_method', charge.payment_method);
  if (!charge || !method) return undefined;
  return { at: charge.created + DEBIT_SECONDS, succeeds: debitFailureOf(store, method) === undefined };
}

function pendingCharge(store: Store, intent: PaymentIntent): Charge | undefined {
  if (intent.status !== 'processing' || intent.latest_charge === null) return undefined;
  return store.must('charge', intent.latest_charge);
}

function receive(context: Context, intent: PaymentIntent, charge: Charge): PaymentIntent {
  change(context, charge, { paid: true, status: 'succeeded' }, 'charge.succeeded');
  const patch = { amount_received: intent.amount, status: 'succeeded' } as const;
  return change(context, intent, patch, 'payment_intent.succeeded');
}

function bounce(context: Context, intent: PaymentIntent, charge: Charge): PaymentIntent {
  const method = context.store.must('payment_method', charge.payment_method ?? '');
  const { code, message } = debitFailureOf(context.store, method) ?? ARRANGED_FAILURE;
  change(
    context,
    charge,
    {
      amount_captured: 0,
      captured: false,
      failure_code: code,
      failure_message: message,
      paid: false,
      status: 'failed',
    },
    'charge.failed',
  );
  return failIntent(context, intent, {
    last_payment_error: {
      charge: charge.id,
      code: 'payment_intent_payment_attempt_failed',
      doc_url: docUrl('payment_intent_payment_attempt_failed'),
      message,
      payment_method: method,
      type: 'invalid_request_error',
    },
  });
}
