import { newCharge, type ChargeResult } from '../objects/charge.ts';
import { add, change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { behaviorOf } from '../banks/cards.ts';
import { declineOf, docUrl, type Decline } from '../banks/declines.ts';
import { planDispute } from './disputes.ts';
import { takeArrangedFailure } from './fail-next.ts';
import { attachMethod, markSetUp, spend } from './keep-method.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];

export interface Attempt {
  /** The buyer is not there to be asked anything. */
  readonly offSession: boolean;
  /** What the bank asks off session may wait for the buyer, as an invoice does, and is no decline. */
  readonly mayWait?: boolean;
  /** What the bank has learnt from the buyer, when it had to ask. */
  readonly authentication?: 'confirmed' | 'refused';
  /** Where the bank asks, unless that is the sandbox's own page for it. */
  readonly authenticationUrl?: string | null;
  /** Where the buyer goes after the bank has asked. */
  readonly returnUrl?: string | null;
}

/**
 * Tries to pay an intent: the one place where money moves. Tells the charge and
 * the intent by their events and returns the intent as it is now: `succeeded`,
 * `requires_capture`, `processing` (a bank debit), `requires_action` (the bank
 * asks the buyer) or `requires_payment_method` with its `last_payment_error`.
 * A payment method for later use is attached to the intent's customer.
 */
export function payIntent(
  context: Context,
  intent: PaymentIntent,
  method: PaymentMethod,
  attempt: Attempt,
): PaymentIntent {
  const arranged = takeArrangedFailure(context, intent.customer);
  if (arranged) return decline(context, intent, method, arranged);
  if (!method.card) return debit(context, intent, method);
  const { declines } = behaviorOf(context.store, method);
  if (attempt.authentication === 'refused') return failAuthentication(context, intent, method);
  if (attempt.authentication === undefined && bankAsks(context, method, attempt.offSession)) {
    return attempt.offSession && !attempt.mayWait
      ? decline(context, intent, method, declineOf('authentication_required'))
      : askBuyer(context, intent, method, attempt);
  }
  if (declines) return decline(context, intent, method, declineOf(declines));
  return accept(context, intent, method, attempt);
}

function bankAsks(context: Context, method: PaymentMethod, offSession: boolean): boolean {
  const { asks } = behaviorOf(context.store, method);
  if (asks === undefined || asks === 'always' || !offSession) return asks !== undefined;
  return asks === 'unless_set_up' && !context.store.mustFacts('payment_method', method.id).isSetUp;
}

function askBuyer(
  context: Context,
  intent: PaymentIntent,
  method: PaymentMethod,
  attempt: Attempt,
): PaymentIntent {
  const url = attempt.authenticationUrl ?? authenticationUrl(context, intent.id);
  const patch: Partial<PaymentIntent> = {
    last_payment_error: null,
    next_action: {
      type: 'redirect_to_url',
      redirect_to_url: { return_url: attempt.returnUrl ?? null, url },
    },
    payment_method: method.id,
    status: 'requires_action',
  };
  return change(context, intent, patch, 'payment_intent.requires_action');
}

/** The sandbox's own page on which a bank asks about an intent. */
export function authenticationUrl(context: Context, intent: string): string {
  return `${context.url}/authenticate/${intent}`;
}

/** Moves the money of a card, or only sets it aside when it is to be captured later. */
function accept(
  context: Context,
  intent: PaymentIntent,
  method: PaymentMethod,
  attempt: Attempt,
): PaymentIntent {
  const captured = intent.capture_method !== 'manual';
  const authenticated = attempt.authentication === 'confirmed';
  keepForLater(context, intent, method);
  const tried = charge(context, intent, method, { status: 'succeeded', captured, authenticated });
  if (captured) planDispute(context, context.store.must('charge', tried.latest_charge));
  return captured
    ? change(
        context,
        intent,
        { ...tried, amount_received: intent.amount, status: 'succeeded' },
        'payment_intent.succeeded',
      )
    : change(
        context,
        intent,
        { ...tried, amount_capturable: intent.amount, status: 'requires_capture' },
        'payment_intent.amount_capturable_updated',
      );
}

/** A bank debit is only promised. `settlePending` says what came of it. */
function debit(context: Context, intent: PaymentIntent, method: PaymentMethod): PaymentIntent {
  keepForLater(context, intent, method);
  const tried = charge(context, intent, method, { status: 'pending' });
  return change(context, intent, { ...tried, status: 'processing' }, 'payment_intent.processing');
}

function decline(
  context: Context,
  intent: PaymentIntent,
  method: PaymentMethod,
  reason: Decline,
): PaymentIntent {
  const tried = charge(context, intent, method, { status: 'failed', decline: reason });
  const error: PaymentIntent['last_payment_error'] = {
    charge: tried.latest_charge,
    code: reason.code,
    decline_code: reason.declineCode,
    doc_url: docUrl(reason.code),
    message: reason.message,
    payment_method: method,
    type: 'card_error',
  };
  return failIntent(context, intent, { latest_charge: tried.latest_charge, last_payment_error: error });
}

/** The buyer did not satisfy the bank; nobody tried to charge anything. */
function failAuthentication(context: Context, intent: PaymentIntent, method: PaymentMethod): PaymentIntent {
  const code = 'payment_intent_authentication_failure';
  const message =
    'The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.';
  const error = {
    code,
    doc_url: docUrl(code),
    message,
    payment_method: method,
    type: 'invalid_request_error',
  } as const;
  return failIntent(context, intent, { last_payment_error: error });
}

/** The intent waits for another payment method. */
export function failIntent(
  context: Context,
  intent: PaymentIntent,
  patch: Pick<PaymentIntent, 'last_payment_error'> & Partial<PaymentIntent>,
): PaymentIntent {
  const waiting = { next_action: null, payment_method: null, status: 'requires_payment_method' } as const;
  return change(context, intent, { ...patch, ...waiting }, 'payment_intent.payment_failed');
}

/** Makes the charge of one attempt; returns what every attempt changes in its intent. */
function charge(
  context: Context,
  intent: PaymentIntent,
  method: PaymentMethod,
  result: ChargeResult,
): Pick<PaymentIntent, 'last_payment_error' | 'next_action' | 'payment_method'> & { latest_charge: string } {
  const made = add(context, newCharge(context, intent, method, result), `charge.${result.status}`);
  return {
    last_payment_error: null,
    latest_charge: made.id,
    next_action: null,
    payment_method: method.id,
  };
}

/** A payment that is to set up later ones leaves its payment method with the customer; any other uses it up. */
function keepForLater(context: Context, intent: PaymentIntent, method: PaymentMethod): void {
  const customer = context.store.get('customer', intent.customer ?? '');
  const isKept = customer !== undefined && intent.setup_future_usage !== null;
  if (isKept) markSetUp(context, method);
  if (method.customer !== null) return;
  if (isKept) attachMethod(context, method, customer.id);
  else spend(context, method);
}
