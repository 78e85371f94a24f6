import { z } from 'zod';
import { id, moment, reference } from './members.ts';

const lineOrigin = z
  .object({
    proration: z.boolean(),
    proration_details: z.object({ credited_items: z.looseObject({}).nullish() }).nullish(),
    subscription: reference.nullish(),
  })
  .nullish();

/** https://docs.stripe.com/api/invoice-line-item/object: a line's own period is the one that it bills. */
export const invoiceLine = z
  .object({
    id,
    amount: z.int(),
    quantity: z.int().nullable(),
    period: z.object({ start: moment, end: moment }),
    parent: z.object({ subscription_item_details: lineOrigin, invoice_item_details: lineOrigin }).nullish(),
    pricing: z.object({ price_details: z.object({ price: reference }).nullish() }).nullable(),
  })
  .transform((line) => {
    const origin = line.parent?.subscription_item_details ?? line.parent?.invoice_item_details;
    return {
      id: line.id,
      stripePriceId: line.pricing?.price_details?.price ?? null,
      subscriptionId: origin?.subscription ?? null,
      quantity: line.quantity ?? 1,
      /** Before discounts. */
      amountMinor: line.amount,
      /** Balances a change of the subscription in the middle of a period. */
      isProration: origin?.proration ?? false,
      /** Gives back what was billed before; by the amount alone it is not known where that was nothing. */
      isCredit: line.amount < 0 || (origin?.proration_details?.credited_items ?? null) !== null,
      periodStart: line.period.start,
      periodEnd: line.period.end,
    };
  });

/** https://docs.stripe.com/api/invoice-payment/object */
const invoicePayment = z.object({
  status: z.string(),
  payment: z.object({ payment_intent: reference.nullish() }),
});

/** https://docs.stripe.com/api/invoices/object, with `payments` expanded. */
export const invoice = z
  .object({
    id,
    status: z.string().nullable(),
    billing_reason: z.string().nullable(),
    customer: reference.nullable(),
    currency: z.string(),
    amount_paid: z.int(),
    created: moment,
    status_transitions: z.object({ paid_at: moment.nullable() }),
    parent: z.object({ subscription_details: z.object({ subscription: reference }).nullish() }).nullable(),
    payments: z.object({ data: z.array(invoicePayment) }),
    lines: z.object({ data: z.array(invoiceLine), has_more: z.boolean() }),
  })
  .transform((object) => ({
    id: object.id,
    status: object.status,
    billingReason: object.billing_reason,
    stripeCustomerId: object.customer,
    subscriptionId: object.parent?.subscription_details?.subscription ?? null,
    currency: object.currency.toUpperCase(),
    amountPaidMinor: object.amount_paid,
    paidAt: object.status_transitions.paid_at ?? object.created,
    /** What paid it; null where nothing was to be paid, or it was paid outside of Stripe. */
    paymentIntentId:
      object.payments.data.find(({ status, payment }) => status === 'paid' && payment.payment_intent)?.payment
        .payment_intent ?? null,
    lines: object.lines.data,
    /** Stripe shows the first lines with the invoice; the others are listed. */
    hasMoreLines: object.lines.has_more,
  }));
export type Invoice = Omit<z.output<typeof invoice>, 'hasMoreLines'>;

/**
 * An invoice that is not there yet, found out by https://docs.stripe.com/api/invoices/create_preview. Below zero in
 * all, it is nothing to pay, and goes to the customer's credit balance at Stripe.
 */
export const invoicePreview = z
  .object({
    currency: z.string(),
    total: z.int(),
    amount_due: z.int(),
    parent: z.object({ subscription_details: z.object({ subscription: reference }).nullish() }).nullable(),
    lines: z.object({ data: z.array(invoiceLine) }),
  })
  .transform((object) => ({
    currency: object.currency.toUpperCase(),
    totalMinor: object.total,
    /** What is charged; below zero, what is put to the customer's credit. */
    amountDueMinor: object.total < 0 ? object.total : object.amount_due,
    subscriptionId: object.parent?.subscription_details?.subscription ?? null,
    lines: object.lines.data,
  }));
export type InvoicePreview = z.output<typeof invoicePreview>;
