import type { Context } from '../state/context.ts';
import { invalid, missing, refuseUnsupported } from '../api/errors.ts';
import { named } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { isEmail } from '../api/values.ts';
import type { Mode } from './details.ts';

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

/** What a session must satisfy beyond its schema, its line items aside. Returns its mode. */
export function checkSession(context: Context, params: CreateParams): Mode {
  const mode = checkMode(params);
  checkUrls(params);
  checkCustomer(context, params);
  return mode;
}

function checkMode(params: CreateParams): Mode {
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

/** When the session ends unpaid: 30 minutes to 24 hours from now. */
export function expiryOf(context: Context, params: CreateParams): number {
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
