import type { Decline } from '../banks/declines.ts';
import type { Context } from '../state/context.ts';
import { newId, randomText } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Charge = ObjectTypes['charge'];
type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];

export type ChargeResult =
  | { readonly status: 'succeeded'; readonly captured: boolean; readonly authenticated: boolean }
  | { readonly status: 'pending' }
  | { readonly status: 'failed'; readonly decline: Decline };

/** A charge that tries to pay `intent`; a bank debit stays pending, a decline fails. */
export function newCharge(
  context: Context,
  intent: PaymentIntent,
  method: PaymentMethod,
  result: ChargeResult,
): Charge {
  const { status } = result;
  const captured = result.status === 'succeeded' ? result.captured : status === 'pending';
  const decline = result.status === 'failed' ? result.decline : null;
  return {
    id: newId('ch_3'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    // Stripe makes the balance transaction later (capture_method automatic_async); the sandbox keeps no balance.
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'SANDBOX',
    captured,
    created: context.now(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(decline),
    paid: status === 'succeeded',
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsOf(intent, method, result),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: `${context.url}/receipts/${randomText(24)}`,
    refunded: false,
    review: null,
    shipping: intent.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status,
    transfer_data: null,
    transfer_group: null,
  };
}

function outcomeOf(decline: Decline | null): Charge['outcome'] {
  return {
    advice_code: decline ? 'try_again_later' : null,
    network_advice_code: null,
    network_decline_code: decline ? '01' : null,
    network_status: decline ? 'declined_by_network' : 'approved_by_network',
    reason: decline?.declineCode ?? null,
    seller_message: decline ? 'The bank returned the decline code.' : 'Payment complete.',
    type: decline ? 'issuer_declined' : 'authorized',
  };
}

function detailsOf(
  intent: PaymentIntent,
  method: PaymentMethod,
  result: ChargeResult,
): Charge['payment_method_details'] {
  if (method.bacs_debit) {
    return { type: 'bacs_debit', bacs_debit: { ...method.bacs_debit, mandate: null } };
  }
  if (method.sepa_debit) {
    const { generated_from: _made, ...account } = method.sepa_debit;
    return { type: 'sepa_debit', sepa_debit: { ...account, mandate: null } };
  }
  const card = method.card;
  if (!card) return null;
  return {
    type: 'card',
    card: {
      amount_authorized: intent.amount,
      authorization_code: '000000',
      brand: card.brand,
      checks: card.checks,
      country: card.country,
      electronic_commerce_indicator: null,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      extended_authorization: { status: 'disabled' },
      fingerprint: card.fingerprint ?? null,
      funding: card.funding,
      incremental_authorization: { status: 'unavailable' },
      installments: null,
      last4: card.last4,
      mandate: null,
      multicapture: { status: 'unavailable' },
      network: card.brand,
      network_token: { used: false },
      network_transaction_id: '000000000000000',
      overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
      regulated_status: card.regulated_status,
      three_d_secure: result.status === 'succeeded' && result.authenticated ? AUTHENTICATED : null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}

const AUTHENTICATED = {
  authentication_flow: 'challenge',
  electronic_commerce_indicator: '05',
  exemption_indicator: null,
  result: 'authenticated',
  result_reason: null,
  transaction_id: null,
  version: '2.2.0',
} as const;
