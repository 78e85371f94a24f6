import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { Params } from '../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import { expiryOf } from './check-session.ts';
import type { LineItem, Mode, Session } from './details.ts';

type CreateParams = Params<'checkoutSessionCreate'>;

/** Where the buyer pays; `base` is where the sandbox is reached. */
export function payPageUrl(base: string, sessionId: string): string {
  return `${base}/c/pay/${sessionId}`;
}

/** An open session that waits for its buyer. */
export function newSession(
  context: Context,
  mode: Mode,
  params: CreateParams,
  lineItems: readonly LineItem[],
): Session {
  const id = newId('cs_test_a1');
  const total = lineItems.reduce((sum, item) => sum + item.amount_total, 0);
  return {
    id,
    object: 'checkout.session',
    ...NOTHING_SPECIAL,
    allow_promotion_codes: params.allow_promotion_codes ?? null,
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    amount_subtotal: total,
    amount_total: total,
    billing_address_collection: params.billing_address_collection ?? null,
    cancel_url: textOrNull(params.cancel_url),
    client_reference_id: textOrNull(params.client_reference_id),
    created: context.now(),
    currency: lineItems[0]?.currency ?? null,
    customer: params.customer ?? null,
    customer_creation:
      mode === 'payment' && !params.customer ? (params.customer_creation ?? 'if_required') : null,
    customer_details: knownDetails(context, params),
    customer_email: params.customer_email ?? null,
    expires_at: expiryOf(context, params),
    integration_identifier: textOrNull(params.integration_identifier),
    invoice: null,
    invoice_creation: mode === 'payment' ? noInvoice() : null,
    livemode: false,
    locale: params.locale ?? null,
    metadata: mergeMetadata({}, params.metadata),
    mode,
    origin_context: params.origin_context ?? null,
    payment_intent: null,
    payment_method_collection:
      mode === 'subscription' ? (params.payment_method_collection ?? 'always') : 'if_required',
    payment_method_types: mode === 'payment' ? ['card', 'bacs_debit'] : ['card'],
    payment_status: 'unpaid',
    phone_number_collection: { enabled: params.phone_number_collection?.enabled ?? false },
    status: 'open',
    submit_type: params.submit_type ?? null,
    subscription: null,
    success_url: textOrNull(params.success_url),
    ui_mode: 'hosted_page',
    url: payPageUrl(context.url, id),
  };
}

/** Of a session with a known customer the API shows the details before anybody typed them. */
function knownDetails(context: Context, params: CreateParams): Session['customer_details'] {
  const customer =
    params.customer === undefined ? undefined : context.store.must('customer', params.customer);
  const email = customer?.email ?? params.customer_email;
  if (email === undefined || email === null) return null;
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name: null,
    phone: null,
    tax_exempt: 'none',
    tax_ids: null,
  };
}

function noInvoice(): NonNullable<Session['invoice_creation']> {
  return {
    enabled: false,
    invoice_data: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: null,
      metadata: {},
      rendering_options: null,
    },
  };
}

/** Members for what this sandbox does not play: taxes, discounts, shipping, custom fields … */
const NOTHING_SPECIAL = {
  adaptive_pricing: { enabled: false },
  after_expiration: null,
  automatic_tax: { enabled: false, liability: null, provider: null, status: null },
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  custom_fields: [],
  custom_text: {
    after_submit: null,
    shipping_address: null,
    submit: null,
    terms_of_service_acceptance: null,
  },
  customer_account: null,
  discounts: [],
  managed_payments: { enabled: false },
  optional_items: null,
  payment_link: null,
  payment_method_configuration_details: null,
  payment_method_options: {},
  permissions: null,
  recovered_from: null,
  saved_payment_method_options: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
  wallet_options: null,
} satisfies Partial<Session>;
