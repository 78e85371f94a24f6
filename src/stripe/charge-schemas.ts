import { z } from 'zod';
import { id, moment, reference } from './members.ts';

/** https://docs.stripe.com/api/charges/object */
export const charge = z.object({ payment_intent: reference.nullable() });

/** https://docs.stripe.com/api/refunds/object */
export const refund = z
  .object({ amount: z.int().min(0), status: z.string().nullable() })
  .transform(({ amount, status }) => ({ amountMinor: amount, status }));
export type Refund = z.output<typeof refund>;

/** https://docs.stripe.com/api/disputes/object: a bank may dispute in a currency of its own. */
export const dispute = z
  .object({ id, amount: z.int().min(0), currency: z.string(), status: z.string(), created: moment })
  .transform(({ amount, currency, status, created }) => ({
    amountMinor: amount,
    currency: currency.toUpperCase(),
    status,
    createdAt: created,
  }));
export type Dispute = z.output<typeof dispute>;

/** https://docs.stripe.com/api/invoice-payment/object */
export const paidInvoice = z.object({
  invoice: reference,
  payment: z.object({ payment_intent: reference.nullish() }),
});
