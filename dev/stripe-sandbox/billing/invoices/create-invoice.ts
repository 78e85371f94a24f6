import { invalid, missing, onlyOneOf, refuseUnsupported } from '../../api/errors.ts';
import { named } from '../../api/operations.ts';
import type { Params } from '../../api/parameters.ts';
import { defined, mergeMetadata, textOrNull, updatedText } from '../../api/values.ts';
import type { WrittenMembers } from '../../objects/invoice.ts';
import { methodOfCustomer } from '../../payments/named-method.ts';
import type { Context } from '../../state/context.ts';
import { newId } from '../../state/ids.ts';
import { checkCurrency } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { ACCOUNT_CURRENCY } from './customer-currency.ts';
import { draftInvoice } from './draft-invoice.ts';
import { discountIds } from '../discounts/redeem.ts';
import { pendingLines } from './invoice-items.ts';

type CreateParams = Params<'invoiceCreate'>;
type Customer = ObjectTypes['customer'];
type Invoice = ObjectTypes['invoice'];

/** Parameters of an invoice that this sandbox does not play. */
const UNSUPPORTED = [
  'account_tax_ids',
  'application_fee_amount',
  'customer_account',
  'default_source',
  'default_tax_rates',
  'from_invoice',
  'issuer',
  'on_behalf_of',
  'payment_settings',
  'rendering',
  'shipping_cost',
  'shipping_details',
  'transfer_data',
];

/** A draft that somebody makes by the API; of the pending invoice items only those he asks for. */
export function createInvoice(context: Context, params: CreateParams): Invoice {
  checkPlayed(params);
  const customer = customerOf(context, params);
  const collectionMethod = params.collection_method ?? 'charge_automatically';
  checkDue(context, collectionMethod, params, null);
  const id = newId('in_1');
  const currency = checkCurrency(params.currency ?? customer.currency ?? ACCOUNT_CURRENCY, 'currency');
  const written = writtenMembers(context, customer.id, params);
  const now = context.now();
  return draftInvoice(context, {
    id,
    autoAdvance: params.auto_advance ?? params.automatically_finalizes_at !== undefined,
    ...(params.automatically_finalizes_at !== undefined && {
      finalizesAt: checkedFinalization(context, params.automatically_finalizes_at),
    }),
    billingReason: 'manual',
    collectionMethod,
    currency,
    customer: customer.id,
    daysUntilDue: params.days_until_due ?? null,
    description: textOrNull(params.description),
    discounts: discountsOf(context, customer, id, params),
    lines: linesOf(context, customer, currency, params),
    metadata: mergeMetadata({}, params.metadata),
    period: { start: now, end: now },
    subscription: params.subscription ?? null,
    written,
  });
}

/** Refuses what the sandbox does not play of an invoice. */
export function checkPlayed(params: CreateParams | Params<'invoiceUpdate'>): void {
  refuseUnsupported(params, UNSUPPORTED);
  if (params.automatic_tax?.enabled) {
    throw invalid('The local Stripe sandbox has no taxes.', 'automatic_tax[enabled]');
  }
}

function customerOf(context: Context, params: CreateParams): Customer {
  const subscription =
    params.subscription === undefined
      ? undefined
      : named(context, 'subscription', params.subscription, 'subscription');
  const id = params.customer ?? subscription?.customer;
  if (id === undefined) throw missing('customer');
  if (subscription && subscription.customer !== id) {
    throw invalid(`Subscription ${subscription.id} does not belong to customer ${id}.`, 'subscription');
  }
  return named(context, 'customer', id, 'customer');
}

function linesOf(context: Context, customer: Customer, currency: string, params: CreateParams) {
  if (params.pending_invoice_items_behavior !== 'include') return [];
  const { subscription } = params;
  return pendingLines(
    context,
    customer.id,
    currency,
    (of) => subscription === undefined || of === subscription,
  );
}

/** Nothing said: the discount of the customer. */
function discountsOf(context: Context, customer: Customer, invoice: string, params: CreateParams): string[] {
  if (params.discounts === undefined) return customer.discount ? [customer.discount.id] : [];
  return discountIds(context, params.discounts, { customer: customer.id, invoice });
}

type DueParams = Pick<CreateParams, 'days_until_due' | 'due_date'>;

/** When payment is due must be said of invoices that are sent, once; `known` is what was said before. */
export function checkDue(
  context: Context,
  collectionMethod: Invoice['collection_method'],
  params: DueParams,
  known: number | null,
): void {
  for (const name of ['days_until_due', 'due_date'] as const) {
    if (params[name] === undefined || collectionMethod === 'send_invoice') continue;
    throw invalid(`You can only set \`${name}\` if \`collection_method\` is 'send_invoice'.`, name);
  }
  const { days_until_due: days, due_date: date } = params;
  if (days !== undefined && date !== undefined) {
    throw onlyOneOf(['days_until_due', 'due_date'], 'days_until_due');
  }
  if (collectionMethod === 'send_invoice' && (days ?? date ?? known) === null) {
    throw invalid(
      "If invoice `collection_method` is 'send_invoice', you must specify `due_date` or `days_until_due`.",
      'due_date',
    );
  }
  if (days !== undefined && days < 0) {
    throw invalid('Invalid non-negative integer', 'days_until_due', 'parameter_invalid_integer');
  }
  if (date !== undefined && date < context.now())
    throw invalid('The due date must be in the future.', 'due_date');
}

/** When a draft is to finalize, in Unix seconds, or Stripe's 400. */
export function checkedFinalization(context: Context, finalizesAt: number): number {
  if (finalizesAt > context.now()) return finalizesAt;
  throw invalid('`automatically_finalizes_at` must be in the future.', 'automatically_finalizes_at');
}

type WrittenParams = Pick<Params<'invoiceUpdate'>, keyof WrittenMembers>;

/** The members that parameters write as they are. */
export function writtenMembers(
  context: Context,
  customer: string,
  params: WrittenParams,
): Partial<WrittenMembers> {
  const { default_payment_method: method } = params;
  if (method !== undefined) methodOfCustomer(context, method, customer, 'default_payment_method');
  return defined({
    custom_fields: params.custom_fields === '' ? null : params.custom_fields,
    default_payment_method: method,
    due_date: params.due_date,
    effective_at: params.effective_at === '' ? null : params.effective_at,
    footer: updatedText(params.footer, undefined),
    number: updatedText(params.number, undefined),
    statement_descriptor: updatedText(params.statement_descriptor, undefined),
  });
}
