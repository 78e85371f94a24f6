import { wholeList } from '../api/lists.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { DAY_SECONDS } from '../state/period.ts';
import type { Line, LineDraft } from './invoice-line.ts';

const HOUR_SECONDS = 3600;
type Customer = ObjectTypes['customer'];
type Invoice = ObjectTypes['invoice'];

export interface InvoiceDraft {
  /** An id that was chosen before; a new one otherwise. */
  readonly id?: string;
  readonly customer: string;
  readonly subscription: string | null;
  readonly billingReason: NonNullable<Invoice['billing_reason']>;
  readonly currency: string;
  readonly lines: readonly LineDraft[];
  /** The invoice's own `period_start` and `period_end`, which look back. */
  readonly period: { readonly start: number; readonly end: number };
  /** Ids of the discounts of the whole invoice. */
  readonly discounts: readonly string[];
  /** Finalize and collect by itself, an hour from now or at `finalizesAt` (Unix seconds). */
  readonly autoAdvance: boolean;
  readonly finalizesAt?: number;
  readonly collectionMethod: 'charge_automatically' | 'send_invoice';
  readonly daysUntilDue: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly description: string | null;
  /** Members that somebody has written on a draft himself. */
  readonly written?: Partial<WrittenMembers>;
}

/** What a draft's author may write on it and what changes no amount. */
export type WrittenMembers = Pick<
  Invoice,
  | 'custom_fields'
  | 'default_payment_method'
  | 'due_date'
  | 'effective_at'
  | 'footer'
  | 'number'
  | 'statement_descriptor'
>;

/** A draft invoice of these lines. What they add up to is not worked out yet. */
export function newInvoice(
  context: Context,
  draft: InvoiceDraft & { readonly id: string },
  lines: readonly Line[],
): Invoice {
  const now = context.now();
  return {
    id: draft.id,
    object: 'invoice',
    ...NOTHING_SPECIAL,
    ...customerDetails(context.store.must('customer', draft.customer)),
    amount_due: 0,
    amount_paid: 0,
    amount_remaining: 0,
    attempt_count: 0,
    attempted: false,
    billing_reason: draft.billingReason,
    collection_method: draft.collectionMethod,
    created: now,
    currency: draft.currency,
    customer: draft.customer,
    description: draft.description,
    discounts: [...draft.discounts],
    due_date: draft.daysUntilDue === null ? null : now + draft.daysUntilDue * DAY_SECONDS,
    effective_at: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    lines: wholeList(lines, `/v1/invoices/${draft.id}/lines`),
    livemode: false,
    metadata: { ...draft.metadata },
    number: null,
    parent: parentOf(context, draft.subscription),
    period_end: draft.period.end,
    period_start: draft.period.start,
    starting_balance: 0,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: 0,
    subtotal_excluding_tax: 0,
    total: 0,
    total_discount_amounts: [],
    total_excluding_tax: 0,
    total_pretax_credit_amounts: [],
    webhooks_delivered_at: now,
    ...advancing(context, draft.collectionMethod, draft.autoAdvance, draft.finalizesAt),
    ...draft.written,
  };
}

/** Who is billed, as the invoice shows it; what is finalized keeps what it showed then. */
export function customerDetails(customer: Customer) {
  return {
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: customer.shipping,
    customer_tax_exempt: customer.tax_exempt ?? 'none',
    test_clock: customer.test_clock ?? null,
  } satisfies Partial<Invoice>;
}

/** Whether an invoice goes on by itself, and when: an hour from now, unless it is told (Unix seconds). */
export function advancing(
  context: Context,
  collectionMethod: Invoice['collection_method'],
  autoAdvance: boolean,
  finalizesAt?: number,
): Pick<Invoice, 'automatically_finalizes_at' | 'next_payment_attempt'> & { auto_advance: boolean } {
  const at = autoAdvance ? (finalizesAt ?? context.now() + HOUR_SECONDS) : null;
  return {
    auto_advance: autoAdvance,
    automatically_finalizes_at: at,
    next_payment_attempt: collectionMethod === 'charge_automatically' ? at : null,
  };
}

/** An invoice that does not go on by itself. */
export const STANDING_STILL = {
  auto_advance: false,
  automatically_finalizes_at: null,
  next_payment_attempt: null,
} satisfies Partial<Invoice>;

function parentOf(context: Context, subscription: string | null): Invoice['parent'] {
  if (subscription === null) return null;
  const { metadata } = context.store.must('subscription', subscription);
  return {
    quote_details: null,
    subscription_details: { metadata, subscription },
    type: 'subscription_details',
  };
}

/** The subscription that an invoice is for; null for others. */
export function subscriptionOf(context: Context, invoice: Invoice): ObjectTypes['subscription'] | null {
  const id = subscriptionIdOf(invoice);
  return id === undefined ? null : (context.store.get('subscription', id) ?? null);
}

/** The id of the subscription that an invoice bills; undefined for one of something else. */
export function subscriptionIdOf(invoice: Pick<Invoice, 'parent'>): string | undefined {
  return invoice.parent?.subscription_details?.subscription;
}

/** Members for what this sandbox does not play: taxes, shipping, credit notes … */
const NOTHING_SPECIAL = {
  account_country: 'GB',
  account_name: 'Ratecard sandbox',
  account_tax_ids: null,
  amount_overpaid: 0,
  amount_shipping: 0,
  application: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
  custom_fields: null,
  customer_account: null,
  customer_tax_ids: [],
  default_payment_method: null,
  default_source: null,
  default_tax_rates: [],
  ending_balance: null,
  footer: null,
  from_invoice: null,
  issuer: { type: 'self' },
  last_finalization_error: null,
  latest_revision: null,
  on_behalf_of: null,
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  receipt_number: null,
  rendering: {
    amount_tax_display: null,
    pdf: { page_size: 'auto' },
    template: null,
    template_version: null,
  },
  shipping_cost: null,
  shipping_details: null,
  statement_descriptor: null,
  total_taxes: [],
} satisfies Partial<Invoice>;
