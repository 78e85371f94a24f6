import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import { invalid } from '../api/errors.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import { methodTypes } from '../banks/method-types.ts';
import { expiryOf } from './check-session.ts';
import type { LineItem, Mode, Session, SessionParams } from './details.ts';
import { totalsOf } from './price-session.ts';

/** Where the buyer pays; `base` is where the sandbox is reached. */
export function payPageUrl(base: string, sessionId: string): string {
  return `${base}/c/pay/${sessionId}`;
}

/** An open session that waits for its buyer; its discount, if it has one, is still to come. */
export function newSession(
  context: Context,
  mode: Mode,
  params: SessionParams,
  lineItems: readonly LineItem[],
): Session {
  const id = newId('cs_test_a1');
  const currency = lineItems[0]?.currency ?? null;
  return {
    id,
    object: 'checkout.session',
    ...NOTHING_SPECIAL,
    allow_promotion_codes: params.allow_promotion_codes ?? null,
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    ...totalsOf(lineItems, null),
    billing_address_collection: params.billing_address_collection ?? null,
    cancel_url: textOrNull(params.cancel_url),
    client_reference_id: textOrNull(params.client_reference_id),
    created: context.now(),
    currency: checkedCurrency(currency, params),
    custom_text: customText(params.custom_text),
    customer: params.customer ?? null,
    customer_creation:
      mode === 'payment' && !params.customer ? (params.customer_creation ?? 'if_required') : null,
    customer_details: knownDetails(context, params),
    customer_email: params.customer_email ?? null,
    ...(params.excluded_payment_method_types && {
      excluded_payment_method_types: params.excluded_payment_method_types,
    }),
    expires_at: expiryOf(context, params),
    integration_identifier: textOrNull(params.integration_identifier),
    invoice: null,
    invoice_creation: mode === 'payment' ? invoiceCreation(params.invoice_creation) : null,
    livemode: false,
    locale: params.locale ?? null,
    metadata: mergeMetadata({}, params.metadata),
    mode,
    origin_context: params.origin_context ?? null,
    payment_intent: null,
    payment_method_collection:
      mode === 'subscription' ? (params.payment_method_collection ?? 'always') : 'if_required',
    payment_method_types: offeredTypes(currency, params),
    payment_status: 'unpaid',
    phone_number_collection: { enabled: params.phone_number_collection?.enabled ?? false },
    saved_payment_method_options: savedMethods(params.saved_payment_method_options),
    status: 'open',
    submit_type: params.submit_type ?? null,
    subscription: null,
    success_url: textOrNull(params.success_url),
    ui_mode: 'hosted_page',
    url: payPageUrl(context.url, id),
  };
}

/** Of a session with a known customer the API shows the details before anybody typed them. */
function knownDetails(context: Context, params: SessionParams): Session['customer_details'] {
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

function checkedCurrency(currency: string | null, params: SessionParams): string | null {
  if (params.currency === undefined || params.currency.toLowerCase() === currency) return currency;
  throw invalid(`The prices are in ${currency}: they have no amount in ${params.currency}.`, 'currency');
}

function offeredTypes(currency: string | null, params: SessionParams): string[] {
  const offered = methodTypes(currency ?? '', params);
  if (offered.length > 0) return offered;
  throw invalid('No payment method types are left for this session.', 'allowed_payment_method_types');
}

function invoiceCreation(asked: SessionParams['invoice_creation']): Session['invoice_creation'] {
  const data = asked?.invoice_data;
  return {
    enabled: asked?.enabled ?? false,
    invoice_data: {
      account_tax_ids: null,
      custom_fields: null,
      description: textOrNull(data?.description),
      footer: null,
      issuer: null,
      metadata: mergeMetadata({}, data?.metadata),
      rendering_options: null,
    },
  };
}

function savedMethods(
  asked: SessionParams['saved_payment_method_options'],
): Session['saved_payment_method_options'] {
  if (!asked) return null;
  return {
    allow_redisplay_filters: asked.allow_redisplay_filters ?? null,
    payment_method_remove: asked.payment_method_remove ?? null,
    payment_method_save: asked.payment_method_save ?? null,
  };
}

function customText(asked: SessionParams['custom_text']): Session['custom_text'] {
  return {
    after_submit: asked?.after_submit || null,
    shipping_address: asked?.shipping_address || null,
    submit: asked?.submit || null,
    terms_of_service_acceptance: asked?.terms_of_service_acceptance || null,
  };
}

/** Members for what this sandbox does not play: taxes, shipping, custom fields … */
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
  customer_account: null,
  managed_payments: { enabled: false },
  optional_items: null,
  payment_link: null,
  payment_method_configuration_details: null,
  payment_method_options: {},
  permissions: null,
  recovered_from: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  wallet_options: null,
} satisfies Partial<Session>;
