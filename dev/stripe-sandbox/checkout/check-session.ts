import type { Context } from '../state/context.ts';
import { invalid, missing, onlyOneOf, refuseUnsupported } from '../api/errors.ts';
import { named } from '../api/operations.ts';
import { isEmail } from '../api/values.ts';
import { checkWebAddress } from '../api/web-address.ts';
import { DAY_SECONDS } from '../state/period.ts';
import type { Mode, SessionParams } from './details.ts';
import { checkTrial } from './trial.ts';

const UNSUPPORTED = [
  'after_expiration',
  'branding_settings',
  'consent_collection',
  'custom_fields',
  'customer_account',
  'managed_payments',
  'name_collection',
  'optional_items',
  'payment_method_configuration',
  'payment_method_data',
  'payment_method_options',
  'permissions',
  'redirect_on_completion',
  'return_url',
  'setup_intent_data',
  'shipping_address_collection',
  'shipping_options',
  'wallet_options',
];
const UNSUPPORTED_SUBSCRIPTION_DATA = [
  'application_fee_percent',
  'billing_cycle_anchor',
  'billing_cycle_anchor_config',
  'default_tax_rates',
  'invoice_settings',
  'on_behalf_of',
  'pending_invoice_item_interval',
  'transfer_data',
];
const UNSUPPORTED_PAYMENT_DATA = [
  'application_fee_amount',
  'on_behalf_of',
  'transfer_data',
  'transfer_group',
];
const UNSUPPORTED_INVOICE_DATA = ['account_tax_ids', 'custom_fields', 'footer', 'rendering_options'];
const SHORTEST_SECONDS = 30 * 60;

/** What a session must satisfy beyond its schema, its line items and discounts aside. Returns its mode. */
export function checkSession(context: Context, params: SessionParams): Mode {
  refuseUnsupported(params, UNSUPPORTED);
  const mode = modeOf(params);
  checkMode(mode, params);
  checkUnplayed(params);
  checkUrls(params);
  checkCustomer(context, params);
  checkDiscounts(params);
  checkTrial(context, params.subscription_data);
  return mode;
}

function modeOf({ mode }: SessionParams): Mode {
  if (mode === undefined) throw missing('mode');
  if (mode === 'setup') throw invalid('The local Stripe sandbox does not implement `setup` mode.', 'mode');
  return mode;
}

/** Parameters that only one of the modes has. */
const ONLY_IN: Readonly<Record<Mode, readonly (keyof SessionParams)[]>> = {
  payment: ['customer_creation', 'invoice_creation', 'payment_intent_data'],
  subscription: ['payment_method_collection', 'subscription_data'],
};

function checkMode(mode: Mode, params: SessionParams): void {
  const other = mode === 'payment' ? 'subscription' : 'payment';
  for (const name of ONLY_IN[other]) {
    if (params[name] === undefined) continue;
    throw invalid(`You can not pass \`${name}\` in \`${mode}\` mode.`, name);
  }
}

/** Refuses what Stripe takes inside these parameters and the sandbox does not play. */
function checkUnplayed(params: SessionParams): void {
  const { ui_mode = 'hosted_page', subscription_data = {} } = params;
  if (ui_mode !== 'hosted_page') throw invalid('The local Stripe sandbox only has `hosted_page`.', 'ui_mode');
  const off = ['adaptive_pricing', 'automatic_tax', 'tax_id_collection'] as const;
  for (const name of off) {
    if (!params[name]?.enabled) continue;
    throw invalid(`The local Stripe sandbox does not implement \`${name}\`.`, `${name}[enabled]`);
  }
  refuseUnsupported(subscription_data, UNSUPPORTED_SUBSCRIPTION_DATA);
  if (subscription_data.billing_mode?.type === 'classic') {
    throw invalid(
      'The local Stripe sandbox only has flexible billing.',
      'subscription_data[billing_mode][type]',
    );
  }
  refuseUnsupported(params.payment_intent_data ?? {}, UNSUPPORTED_PAYMENT_DATA);
  refuseUnsupported(params.invoice_creation?.invoice_data ?? {}, UNSUPPORTED_INVOICE_DATA);
}

function checkUrls(params: SessionParams): void {
  if (params.success_url === undefined) throw missing('success_url');
  for (const name of ['success_url', 'cancel_url'] as const) {
    checkWebAddress(params[name], name);
  }
}

function checkCustomer(context: Context, params: SessionParams): void {
  if (params.customer !== undefined && params.customer_email !== undefined) {
    throw onlyOneOf(['customer', 'customer_email'], 'customer');
  }
  if (params.customer !== undefined) named(context, 'customer', params.customer, 'customer');
  if (params.customer_email !== undefined && !isEmail(params.customer_email)) {
    throw invalid(`Invalid email address: ${params.customer_email}`, 'customer_email', 'email_invalid');
  }
  if (params.customer_update === undefined) return;
  if (params.customer === undefined) {
    throw invalid('`customer_update` can only be used with `customer`.', 'customer_update');
  }
  if (params.customer_update.shipping === 'auto') {
    throw invalid('The local Stripe sandbox collects no shipping addresses.', 'customer_update[shipping]');
  }
}

function checkDiscounts({ allow_promotion_codes, discounts }: SessionParams): void {
  if (discounts === undefined) return;
  if (allow_promotion_codes !== undefined) {
    throw onlyOneOf(['allow_promotion_codes', 'discounts'], 'allow_promotion_codes');
  }
  if (discounts.length > 1) throw invalid('You may only specify one discount.', 'discounts');
  const [discount] = discounts;
  if ((discount?.coupon === undefined) !== (discount?.promotion_code === undefined)) return;
  throw invalid('You must specify either a coupon or a promotion code.', 'discounts[0]');
}

/** When the session ends unpaid: 30 minutes to 24 hours from now. */
export function expiryOf(context: Context, params: SessionParams): number {
  const now = context.now();
  const expiry = params.expires_at ?? now + DAY_SECONDS;
  if (expiry < now + SHORTEST_SECONDS) {
    throw invalid(
      'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.',
      'expires_at',
    );
  }
  if (expiry > now + DAY_SECONDS) {
    throw invalid(
      'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
      'expires_at',
    );
  }
  return expiry;
}
