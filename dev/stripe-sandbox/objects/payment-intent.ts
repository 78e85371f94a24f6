import type { Params } from '../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import type { Context } from '../state/context.ts';
import { newId, randomText } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

type PaymentIntent = ObjectTypes['payment_intent'];

interface NewPaymentIntent {
  readonly amount: number;
  readonly currency: string;
  readonly customer: string | null;
  readonly paymentMethodTypes: string[];
  readonly data: Params<'checkoutSessionCreate'>['payment_intent_data'];
  readonly description: string | null;
  readonly setupFutureUsage: PaymentIntent['setup_future_usage'];
}

/** A payment intent as Checkout makes one; it waits for a payment method. */
export function newPaymentIntent(context: Context, wanted: NewPaymentIntent): PaymentIntent {
  const id = newId('pi_3');
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: wanted.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${randomText(25)}`,
    confirmation_method: 'automatic',
    created: context.now(),
    currency: wanted.currency,
    customer: wanted.customer,
    customer_account: null,
    description: textOrNull(wanted.data?.description) ?? wanted.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: mergeMetadata({}, wanted.data?.metadata),
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: wanted.paymentMethodTypes,
    payment_record: null,
    processing: null,
    receipt_email: textOrNull(wanted.data?.receipt_email),
    review: null,
    setup_future_usage: wanted.data?.setup_future_usage ?? wanted.setupFutureUsage,
    shipping: null,
    source: null,
    statement_descriptor: textOrNull(wanted.data?.statement_descriptor),
    statement_descriptor_suffix: textOrNull(wanted.data?.statement_descriptor_suffix),
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
}
