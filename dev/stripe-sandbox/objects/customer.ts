import { invalid, noSuch, refuseUnsupported } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, isEmail, mergeMetadata, textOrNull, updatedText } from '../api/values.ts';
import { atClock, testClock } from '../state/clock.ts';
import { add, change, type Context } from '../state/context.ts';
import { newId, randomText } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { addressOf } from './address.ts';

const UNSUPPORTED = ['cash_balance', 'tax', 'tax_id_data'];
/** https://docs.stripe.com/billing/testing/test-clocks/api-advanced-usage */
const CUSTOMERS_OF_A_CLOCK = 3;

type Customer = ObjectTypes['customer'];

/** A new customer without payment methods (`createPayingCustomer` gives them), but for the id of the default source. */
export function createCustomer(
  request: Context,
  params: Omit<Params<'customerCreate'>, 'payment_method' | 'source'>,
  defaultSource: string | null = null,
): Customer {
  refuseUnsupported(params, UNSUPPORTED);
  const context = onClock(request, params.test_clock);
  const customer: Customer = {
    id: newId('cus_'),
    object: 'customer',
    address: params.address ? addressOf(params.address) : null,
    balance: params.balance ?? 0,
    created: context.now(),
    currency: null,
    customer_account: null,
    default_source: defaultSource,
    delinquent: false,
    description: textOrNull(params.description),
    discount: null,
    email: emailOf(params.email),
    invoice_prefix: params.invoice_prefix ?? randomText(8).toUpperCase(),
    invoice_settings: invoiceSettings(params.invoice_settings, NO_SETTINGS),
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    name: textOrNull(params.name),
    next_invoice_sequence: params.next_invoice_sequence ?? 1,
    phone: textOrNull(params.phone),
    preferred_locales: params.preferred_locales ?? [],
    shipping: shippingOf(params.shipping),
    tax_exempt: params.tax_exempt || 'none',
    test_clock: params.test_clock ?? null,
  };
  return add(context, customer, 'customer.created');
}

/** A customer of a test clock is created at its time. */
function onClock(context: Context, id: string | undefined): Context {
  if (id === undefined) return context;
  if (!context.store.get('test_helpers.test_clock', id)) throw noSuch('testclock', id, 'test_clock');
  const others = context.store.all('customer').filter(({ test_clock }) => test_clock === id);
  if (others.length >= CUSTOMERS_OF_A_CLOCK) {
    throw invalid(`Test clocks can have at most ${CUSTOMERS_OF_A_CLOCK} customers.`, 'test_clock');
  }
  return atClock(context, testClock(context.store, id));
}

export function updateCustomer(
  context: Context,
  customer: Customer,
  params: Omit<Params<'customerUpdate'>, 'source'>,
): Customer {
  refuseUnsupported(params, UNSUPPORTED);
  const patch = defined({
    address: params.address === '' ? null : params.address && addressOf(params.address),
    balance: params.balance,
    default_source: params.default_source,
    description: updatedText(params.description, undefined),
    email: params.email === undefined ? undefined : emailOf(params.email),
    invoice_prefix: params.invoice_prefix,
    invoice_settings: invoiceSettings(params.invoice_settings, customer.invoice_settings),
    metadata: mergeMetadata(customer.metadata, params.metadata),
    name: updatedText(params.name, undefined),
    next_invoice_sequence: params.next_invoice_sequence,
    phone: updatedText(params.phone, undefined),
    preferred_locales: params.preferred_locales,
    shipping: params.shipping === undefined ? undefined : shippingOf(params.shipping),
    tax_exempt: params.tax_exempt === undefined ? undefined : params.tax_exempt || ('none' as const),
  });
  return change(context, customer, patch, 'customer.updated');
}

function shippingOf(params: Params<'customerCreate'>['shipping']): Customer['shipping'] {
  if (!params) return null;
  return {
    ...(params.address && { address: addressOf(params.address) }),
    name: params.name,
    phone: textOrNull(params.phone),
  };
}

const NO_SETTINGS: Customer['invoice_settings'] = {
  custom_fields: null,
  default_payment_method: null,
  footer: null,
  rendering_options: null,
};

function invoiceSettings(
  params: Params<'customerCreate'>['invoice_settings'],
  old: Customer['invoice_settings'],
): Customer['invoice_settings'] {
  return {
    ...old,
    custom_fields: params?.custom_fields === undefined ? old.custom_fields : params.custom_fields || null,
    default_payment_method: updatedText(params?.default_payment_method, old.default_payment_method),
    footer: updatedText(params?.footer, old.footer),
  };
}

function emailOf(email: string | undefined): string | null {
  if (email === undefined || email === '') return null;
  if (!isEmail(email)) throw invalid(`Invalid email address: ${email}`, 'email', 'email_invalid');
  return email;
}
