import type Stripe from 'stripe';
import { wholeList } from '../api/lists.ts';
import type { Context } from '../state/context.ts';
import { newId, randomText } from '../state/ids.ts';
import { displayMoney } from '../state/money.ts';
import type { ObjectTypes, Wire } from '../state/wire.ts';

const PATH = '/v1/invoices';
type Invoice = ObjectTypes['invoice'];
type Subscription = ObjectTypes['subscription'];
type SubscriptionItem = Subscription['items']['data'][number];
type Line = Wire<Stripe.InvoiceLineItem>;

interface NewInvoice {
  readonly id: string;
  readonly billingReason: NonNullable<Invoice['billing_reason']>;
  readonly subscription: Subscription;
  readonly customer: ObjectTypes['customer'];
  /** One-time prices of the same checkout, billed with the first period. */
  readonly extras: readonly { price: ObjectTypes['price']; quantity: number }[];
}

/** A draft invoice for the present period of a subscription's items. */
export function newInvoice(context: Context, wanted: NewInvoice): Invoice {
  const { id, subscription, customer } = wanted;
  const now = context.now();
  const lines = [
    ...subscription.items.data.map((item) => periodLine(context, wanted, item)),
    ...wanted.extras.map((extra) => extraLine(context, wanted, extra)),
  ];
  const total = lines.reduce((sum, line) => sum + line.amount, 0);
  return {
    id,
    object: 'invoice',
    ...NOTHING_SPECIAL,
    amount_due: total,
    amount_paid: 0,
    amount_remaining: total,
    attempt_count: 0,
    attempted: false,
    auto_advance: false,
    billing_reason: wanted.billingReason,
    collection_method: 'charge_automatically',
    created: now,
    currency: subscription.currency,
    customer: customer.id,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_tax_exempt: customer.tax_exempt ?? 'none',
    effective_at: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    lines: wholeList(lines, `${PATH}/${id}/lines`),
    livemode: false,
    metadata: {},
    number: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    period_end: now,
    period_start: now,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
    webhooks_delivered_at: now,
  };
}

/** Members for what this sandbox does not play: taxes, discounts, shipping, credit notes … */
const NOTHING_SPECIAL = {
  amount_overpaid: 0,
  amount_shipping: 0,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
  automatically_finalizes_at: null,
  customer_shipping: null,
  issuer: { type: 'self' },
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  rendering: {
    amount_tax_display: null,
    pdf: { page_size: 'auto' },
    template: null,
    template_version: null,
  },
  starting_balance: 0,
  account_country: 'GB',
  account_name: 'Ratecard sandbox',
  account_tax_ids: null,
  application: null,
  custom_fields: null,
  customer_account: null,
  customer_tax_ids: [],
  default_payment_method: null,
  default_source: null,
  default_tax_rates: [],
  description: null,
  discounts: [],
  due_date: null,
  ending_balance: null,
  footer: null,
  from_invoice: null,
  last_finalization_error: null,
  latest_revision: null,
  next_payment_attempt: null,
  on_behalf_of: null,
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  receipt_number: null,
  shipping_cost: null,
  shipping_details: null,
  statement_descriptor: null,
  test_clock: null,
  total_discount_amounts: [],
  total_pretax_credit_amounts: [],
  total_taxes: [],
} satisfies Partial<Invoice>;

/** What finalizing adds: a number, a page, and that it is now to be paid. */
export function finalized(context: Context, invoice: Invoice, number: string): Partial<Invoice> {
  const now = context.now();
  const hostedUrl = `${context.url}/i/${randomText(40)}`;
  return {
    effective_at: now,
    ending_balance: 0,
    hosted_invoice_url: hostedUrl,
    invoice_pdf: `${hostedUrl}/pdf`,
    number,
    status: 'open',
    status_transitions: { ...invoice.status_transitions, finalized_at: now },
  };
}

/** What a full payment changes. */
export function paid(context: Context, invoice: Invoice): Partial<Invoice> {
  return {
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempt_count: 1,
    attempted: true,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: context.now() },
  };
}

function periodLine(context: Context, wanted: NewInvoice, item: SubscriptionItem): Line {
  const { price, quantity = 1 } = item;
  const interval = price.recurring?.interval ?? 'month';
  const each = displayMoney(Number(price.unit_amount_decimal), price.currency);
  const name = context.store.must('product', price.product).name;
  return {
    ...newLine(wanted, price, quantity, `${quantity} × ${name} (at ${each} / ${interval})`),
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: wanted.subscription.id,
        subscription_item: item.id,
      },
      type: 'subscription_item_details',
    },
    period: { start: item.current_period_start, end: item.current_period_end },
  };
}

function extraLine(
  context: Context,
  wanted: NewInvoice,
  extra: { price: ObjectTypes['price']; quantity: number },
): Line {
  const now = context.now();
  return {
    ...newLine(wanted, extra.price, extra.quantity, context.store.must('product', extra.price.product).name),
    parent: {
      invoice_item_details: {
        invoice_item: newId('ii_1'),
        proration: false,
        proration_details: null,
        subscription: wanted.subscription.id,
      },
      subscription_item_details: null,
      type: 'invoice_item_details',
    },
    period: { start: now, end: now },
  };
}

function newLine(
  wanted: NewInvoice,
  price: ObjectTypes['price'],
  quantity: number,
  description: string,
): Omit<Line, 'parent' | 'period'> {
  const amount = Math.round(Number(price.unit_amount_decimal) * quantity);
  return {
    id: newId('il_1'),
    object: 'line_item',
    amount,
    currency: price.currency,
    description,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: wanted.id,
    livemode: false,
    metadata: wanted.subscription.metadata,
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: price.id, product: price.product },
      type: 'price_details',
      unit_amount_decimal: price.unit_amount_decimal,
    },
    quantity,
    quantity_decimal: String(quantity),
    subscription: wanted.subscription.id,
    subtotal: amount,
    taxes: [],
  };
}
