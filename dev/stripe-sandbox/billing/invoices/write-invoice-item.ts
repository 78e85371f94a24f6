import { invalid, missing, onlyOneOf, refuseUnsupported } from '../../api/errors.ts';
import { named } from '../../api/operations.ts';
import type { Params } from '../../api/parameters.ts';
import { defined, mergeMetadata, textOrNull, updatedText } from '../../api/values.ts';
import { newInvoiceItem } from '../../objects/invoice-item.ts';
import type { LineDraft } from '../../objects/invoice-line.ts';
import { change, type Context } from '../../state/context.ts';
import { newId } from '../../state/ids.ts';
import { checkCurrency, LARGEST_AMOUNT } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { ACCOUNT_CURRENCY } from './customer-currency.ts';
import { wantedPrice } from '../subscriptions/wanted-items.ts';
import { discountIds } from '../discounts/redeem.ts';
import { addInvoiceItem, lineDraftOf, placeItem, subscriptionOfItem } from './invoice-items.ts';

const UNSUPPORTED = ['customer_account', 'quantity_decimal', 'tax_behavior', 'tax_code', 'tax_rates'];
type CreateParams = Params<'invoiceItemCreate'>;
type Customer = ObjectTypes['customer'];
type Invoice = ObjectTypes['invoice'];
type InvoiceItem = ObjectTypes['invoiceitem'];
type Price = ObjectTypes['price'];

/** Something to bill, by the API: it waits for the customer's next invoice, or goes on the draft that is named. */
export function createInvoiceItem(context: Context, params: CreateParams): InvoiceItem {
  refuseUnsupported(params, UNSUPPORTED);
  const invoice = params.invoice === undefined ? undefined : draftNamed(context, params.invoice);
  const customer = customerOf(context, params, invoice);
  checkSubscription(context, params.subscription, customer);
  const cost = costOf(context, params);
  if (!cost) throw missing('amount');
  const given = params.currency ?? invoice?.currency ?? customer.currency ?? ACCOUNT_CURRENCY;
  const currency = checkCurrency(cost.price?.currency ?? given, 'currency');
  checkTogether(currency, params.currency, invoice);
  const id = newId('ii_1');
  const target = { customer: customer.id, invoiceItem: id };
  const now = context.now();
  const item = addInvoiceItem(context, {
    id,
    customer: customer.id,
    invoice: invoice?.id ?? null,
    subscription: params.subscription ?? null,
    line: {
      ...cost,
      currency,
      credited: null,
      description: textOrNull(params.description) ?? productName(context, cost.price),
      discountable: params.discountable ?? cost.amount >= 0,
      discounts: discountIds(context, params.discounts ?? [], target),
      invoiceItem: null,
      metadata: mergeMetadata({}, params.metadata),
      period: periodOf(params.period) ?? { start: now, end: now },
      proration: false,
      subscriptionItem: null,
    },
  });
  if (invoice) placeItem(context, context.store.must('invoice', invoice.id), item);
  return item;
}

/** Changes an item that is on no finalized invoice, and its line on the draft. No event tells it. */
export function updateInvoiceItem(
  context: Context,
  item: InvoiceItem,
  params: Params<'invoiceItemUpdate'>,
): InvoiceItem {
  refuseUnsupported(params, UNSUPPORTED);
  checkEditable(context, item);
  named(context, 'customer', item.customer, 'customer');
  if (item.proration && params.discountable) {
    throw invalid('Prorations are never discountable.', 'discountable');
  }
  const before = lineDraftOf(context, item);
  const cost = costOf(context, params, before) ?? before;
  checkTogether(cost.price?.currency ?? item.currency, item.currency, undefined);
  const target = { customer: item.customer, invoiceItem: item.id };
  const line: LineDraft = {
    ...before,
    ...cost,
    description: updatedText(params.description, item.description),
    discountable: params.discountable ?? item.discountable,
    discounts:
      params.discounts === undefined ? before.discounts : discountIds(context, params.discounts, target),
    metadata: mergeMetadata(item.metadata ?? {}, params.metadata),
    period: periodOf(params.period) ?? item.period,
  };
  const { id, customer, invoice, date } = item;
  const rewritten = newInvoiceItem(context, {
    id,
    customer,
    invoice,
    subscription: subscriptionOfItem(item),
    line,
  });
  const updated = change(context, item, { ...rewritten, date });
  if (invoice !== null) placeItem(context, context.store.must('invoice', invoice), updated);
  return updated;
}

/** Items of a draft or of no invoice can be changed and deleted. */
export function checkEditable(context: Context, item: InvoiceItem): void {
  if (item.invoice === null || context.store.must('invoice', item.invoice).status === 'draft') return;
  throw invalid(
    'This invoice item is attached to an invoice that is no longer editable.',
    undefined,
    'invoice_not_editable',
  );
}

function draftNamed(context: Context, id: string): Invoice {
  const invoice = named(context, 'invoice', id, 'invoice');
  if (invoice.status === 'draft') return invoice;
  throw invalid(`The invoice ${id} is no longer editable.`, 'invoice', 'invoice_not_editable');
}

function customerOf(context: Context, params: CreateParams, invoice: Invoice | undefined): Customer {
  const id = params.customer ?? invoice?.customer;
  if (id === undefined || id === null) throw missing('customer');
  if (invoice && invoice.customer !== id) {
    throw invalid(`The invoice ${invoice.id} does not belong to customer ${id}.`, 'invoice');
  }
  return named(context, 'customer', id, 'customer');
}

function checkSubscription(context: Context, id: string | undefined, customer: Customer): void {
  if (id === undefined || named(context, 'subscription', id, 'subscription').customer === customer.id) return;
  throw invalid(`The subscription ${id} does not belong to customer ${customer.id}.`, 'subscription');
}

function checkTogether(currency: string, wanted: string | undefined, invoice: Invoice | undefined): void {
  const expected = [wanted?.toLowerCase(), invoice?.currency].find(
    (one) => one !== undefined && one !== currency,
  );
  if (expected === undefined) return;
  throw invalid(
    `The price is in \`${currency}\`, which doesn't match the currency \`${expected}\`.`,
    'currency',
  );
}

function periodOf(period: CreateParams['period']): LineDraft['period'] | undefined {
  if (period && period.end < period.start) {
    throw invalid('The period must not end before it starts.', 'period[end]');
  }
  return period;
}

type Cost = Pick<LineDraft, 'amount' | 'price' | 'quantity'> & { unitAmount: string };
type CostParams = Pick<
  CreateParams,
  'amount' | 'price_data' | 'pricing' | 'quantity' | 'unit_amount_decimal'
>;

/** What parameters say it costs: an amount, or a price or an amount of one, times a quantity. */
function costOf(context: Context, params: CostParams, before?: LineDraft): Cost | undefined {
  const ways = (['amount', 'pricing', 'price_data', 'unit_amount_decimal'] as const).filter(
    (name) => params[name] !== undefined,
  );
  if (ways.length > 1) {
    throw onlyOneOf(ways, ways[0]);
  }
  if (ways.length === 0 && params.quantity === undefined) return undefined;
  const { amount, quantity = before?.quantity ?? 1, unit_amount_decimal: unit } = params;
  if (quantity < 0) throw invalid('Invalid non-negative integer', 'quantity', 'parameter_invalid_integer');
  if (amount !== undefined) {
    if (params.quantity !== undefined) {
      throw onlyOneOf(['amount', 'quantity'], 'quantity');
    }
    return { amount: checkAmount(amount), price: null, quantity: 1, unitAmount: String(amount) };
  }
  if (unit !== undefined && !/^-?\d+(\.\d{1,12})?$/.test(unit)) {
    throw invalid(`Invalid decimal: ${unit}`, 'unit_amount_decimal');
  }
  const price = unit === undefined ? (priceOf(context, params) ?? before?.price ?? null) : null;
  const unitAmount = unit ?? price?.unit_amount_decimal ?? before?.unitAmount;
  if (unitAmount === undefined || unitAmount === null) return undefined;
  const product = Math.round(Number(unitAmount) * quantity);
  return { amount: checkAmount(product), price, quantity, unitAmount };
}

function checkAmount(amount: number): number {
  if (Math.abs(amount) <= LARGEST_AMOUNT) return amount;
  throw invalid(`Amount must be no more than ${LARGEST_AMOUNT}.`, 'amount', 'amount_too_large');
}

function priceOf(context: Context, { pricing, price_data }: CostParams): Price | undefined {
  return wantedPrice(context, defined({ price: pricing?.price, price_data }), 'one_time', 'pricing');
}

function productName(context: Context, price: Price | null): string | null {
  return price && context.store.must('product', price.product).name;
}
