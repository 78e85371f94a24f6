import { type CheckoutDetails, type LineItem, type Session } from '../checkout/details.ts';
import { expireSession } from '../checkout/expire.ts';
import { lineItemsOf } from '../checkout/line-items.ts';
import type { Context } from '../context.ts';
import { invalid, missing, refuseUnsupported } from '../errors.ts';
import { newId } from '../ids.ts';
import { equals, page } from '../lists.ts';
import { list, named, operation, own, retrieve, type Operation } from '../operations.ts';
import type { Params } from '../parameters.ts';
import { mergeMetadata, textOrNull } from '../values.ts';
import { isEmail } from './customers.ts';

const PATH = '/v1/checkout/sessions';
const UNSUPPORTED = [
  'after_expiration',
  'consent_collection',
  'custom_fields',
  'customer_account',
  'discounts',
  'managed_payments',
  'optional_items',
  'return_url',
  'setup_intent_data',
  'shipping_address_collection',
  'shipping_options',
];
const UNSUPPORTED_SUBSCRIPTION_DATA = [
  'billing_cycle_anchor',
  'billing_cycle_anchor_config',
  'default_tax_rates',
  'pending_invoice_item_interval',
  'transfer_data',
  'trial_end',
  'trial_period_days',
];
const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

type CreateParams = Params<'checkoutSessionCreate'>;

export const checkoutSessions: readonly Operation[] = [
  operation('POST', PATH, 'checkoutSessionCreate', createSession),
  retrieve(PATH, 'checkout.session'),
  operation('POST', `${PATH}/:id/expire`, 'expandOnly', (context, _params, id) => {
    const session = own(context, 'checkout.session', id);
    if (session.status === 'open') return expireSession(context, session);
    throw invalid(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
    );
  }),
  operation('GET', `${PATH}/:id/line_items`, 'checkoutSessionLineItemsList', (context, params, id) => {
    const session = own(context, 'checkout.session', id);
    return page(lineItemsOfSession(context, session), params, `${PATH}/${id}/line_items`);
  }),
  list(PATH, 'checkout.session', 'checkoutSessionList', (session, params) => {
    return (
      equals(session.customer, params.customer) &&
      equals(session.payment_intent, params.payment_intent) &&
      equals(session.subscription, params.subscription) &&
      equals(session.status, params.status) &&
      equals(session.customer_details?.email, params.customer_details?.email)
    );
  }),
];

export function lineItemsOfSession(context: Context, session: Session): readonly LineItem[] {
  return context.store.checkouts.get(session.id)?.lineItems ?? [];
}

function createSession(context: Context, params: CreateParams): Session {
  const mode = checkMode(params);
  checkUrls(params);
  checkCustomer(context, params);
  const lineItems = lineItemsOf(context, mode, params.line_items);
  const session = newSession(context, mode, params, lineItems);
  const details: CheckoutDetails = {
    lineItems,
    paymentIntentData: params.payment_intent_data,
    subscriptionData: params.subscription_data,
    paymentIntent: null,
    awaitingAuthentication: null,
  };
  context.store.checkouts.set(session.id, details);
  return context.store.put(session);
}

function checkMode(params: CreateParams): 'payment' | 'subscription' {
  refuseUnsupported(params, UNSUPPORTED);
  const { mode, ui_mode = 'hosted_page' } = params;
  if (mode === undefined) throw missing('mode');
  if (mode === 'setup') throw invalid('The local Stripe sandbox does not implement `setup` mode.', 'mode');
  if (ui_mode !== 'hosted_page') throw invalid('The local Stripe sandbox only has `hosted_page`.', 'ui_mode');
  if (params.automatic_tax?.enabled)
    throw invalid('The local Stripe sandbox has no taxes.', 'automatic_tax[enabled]');
  if (params.invoice_creation?.enabled) {
    throw invalid('The local Stripe sandbox makes no invoices for payments.', 'invoice_creation[enabled]');
  }
  const foreign = mode === 'payment' ? 'subscription_data' : 'payment_intent_data';
  if (params[foreign] !== undefined) {
    throw invalid(`You can not pass \`${foreign}\` in \`${mode}\` mode.`, foreign);
  }
  if (mode === 'subscription' && params.customer_creation !== undefined) {
    throw invalid('`customer_creation` can only be used in `payment` mode.', 'customer_creation');
  }
  refuseUnsupported(params.subscription_data ?? {}, UNSUPPORTED_SUBSCRIPTION_DATA);
  return mode;
}

function checkUrls(params: CreateParams): void {
  if (params.success_url === undefined) throw missing('success_url');
  for (const name of ['success_url', 'cancel_url'] as const) {
    const url = params[name];
    if (url !== undefined && !isWebUrl(url)) throw invalid('Not a valid URL', name, 'url_invalid');
  }
}

function isWebUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

function checkCustomer(context: Context, params: CreateParams): void {
  if (params.customer !== undefined && params.customer_email !== undefined) {
    throw invalid('You may only specify one of these parameters: customer, customer_email.', 'customer');
  }
  if (params.customer !== undefined) named(context, 'customer', params.customer, 'customer');
  if (params.customer_email !== undefined && !isEmail(params.customer_email)) {
    throw invalid(`Invalid email address: ${params.customer_email}`, 'customer_email', 'email_invalid');
  }
}

function expiryOf(context: Context, params: CreateParams): number {
  const now = context.now();
  const expiry = params.expires_at ?? now + DAY;
  if (expiry < now + 30 * MINUTE) {
    throw invalid(
      'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.',
      'expires_at',
    );
  }
  if (expiry > now + DAY) {
    throw invalid(
      'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
      'expires_at',
    );
  }
  return expiry;
}

function newSession(
  context: Context,
  mode: 'payment' | 'subscription',
  params: CreateParams,
  lineItems: readonly LineItem[],
): Session {
  const id = newId('cs_test_a1');
  const total = lineItems.reduce((sum, item) => sum + item.amount_total, 0);
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: params.allow_promotion_codes ?? null,
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    amount_subtotal: total,
    amount_total: total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: params.billing_address_collection ?? null,
    cancel_url: textOrNull(params.cancel_url),
    client_reference_id: textOrNull(params.client_reference_id),
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: context.now(),
    currency: lineItems[0]?.currency ?? null,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: params.customer ?? null,
    customer_account: null,
    customer_creation:
      mode === 'payment' && !params.customer ? (params.customer_creation ?? 'if_required') : null,
    customer_details: knownDetails(context, params),
    customer_email: params.customer_email ?? null,
    discounts: [],
    expires_at: expiryOf(context, params),
    integration_identifier: textOrNull(params.integration_identifier),
    invoice: null,
    invoice_creation: mode === 'payment' ? noInvoice() : null,
    livemode: false,
    locale: params.locale ?? null,
    managed_payments: { enabled: false },
    metadata: mergeMetadata({}, params.metadata),
    mode,
    optional_items: null,
    origin_context: params.origin_context ?? null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection:
      mode === 'subscription' ? (params.payment_method_collection ?? 'always') : 'if_required',
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: mode === 'payment' ? ['card', 'bacs_debit'] : ['card'],
    payment_status: 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: params.phone_number_collection?.enabled ?? false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: params.submit_type ?? null,
    subscription: null,
    success_url: textOrNull(params.success_url),
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${context.url}/c/pay/${id}`,
    wallet_options: null,
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
