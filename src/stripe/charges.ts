import type Stripe from 'stripe';
import type { Asking } from './asking.ts';
import { charge, dispute, paidInvoice, refund, type Dispute, type Refund } from './charge-schemas.ts';

/** More refunds, disputes or payments than one charge or invoice has. */
const listedAtMost = 1000;

/** Money that arrived, and what became of it. */
export interface StripeCharges {
  /** The PaymentIntent that a charge belongs to; undefined where there is no such charge, or it has none. */
  findPaymentIntentOfCharge(chargeId: string): Promise<string | undefined>;
  /** Every refund and dispute of a PaymentIntent's charges, as they are now. */
  listReversals(paymentIntentId: string): Promise<Reversals>;
  /** The invoice that a PaymentIntent has paid. */
  findPaidInvoice(paymentIntentId: string): Promise<string | undefined>;
  /** The PaymentIntents that have paid an invoice: mostly one. */
  listPaymentIntents(invoiceId: string): Promise<readonly string[]>;
  /** The Checkout Session that made a PaymentIntent. */
  findSessionOfPayment(paymentIntentId: string): Promise<string | undefined>;
}

export interface Reversals {
  readonly refunds: readonly Refund[];
  readonly disputes: readonly Dispute[];
}

/** The part of the gateway that is about charges. */
export function openStripeCharges(sdk: Stripe, { find }: Asking): StripeCharges {
  /** A list for something that this account does not have is empty. */
  const list = async <T>(pages: () => Stripe.ApiListPromise<T>): Promise<readonly T[]> =>
    (await find(() => pages().autoPagingToArray({ limit: listedAtMost }))) ?? [];
  const listInvoicePayments = async (parameters: Stripe.InvoicePaymentListParams) => {
    const payments = await list(() =>
      sdk.invoicePayments.list({ ...parameters, status: 'paid', limit: 100 }),
    );
    return payments.map((payment) => paidInvoice.parse(payment));
  };
  return {
    findPaymentIntentOfCharge: async (chargeId) => {
      const found = await find(() => sdk.charges.retrieve(chargeId));
      return (found && charge.parse(found).payment_intent) ?? undefined;
    },
    listReversals: async (paymentIntentId) => {
      const of = { payment_intent: paymentIntentId, limit: 100 };
      const [refunds, disputes] = await Promise.all([
        list(() => sdk.refunds.list(of)),
        list(() => sdk.disputes.list(of)),
      ]);
      return {
        refunds: refunds.map((object) => refund.parse(object)),
        disputes: disputes.map((object) => dispute.parse(object)),
      };
    },
    findPaidInvoice: async (paymentIntentId) => {
      const payment = { type: 'payment_intent', payment_intent: paymentIntentId } as const;
      return (await listInvoicePayments({ payment })).at(0)?.invoice;
    },
    listPaymentIntents: async (invoiceId) => {
      const payments = await listInvoicePayments({ invoice: invoiceId });
      return payments.flatMap(({ payment }) => payment.payment_intent ?? []);
    },
    findSessionOfPayment: async (paymentIntentId) => {
      const sessions = await list(() => sdk.checkout.sessions.list({ payment_intent: paymentIntentId }));
      return sessions.at(0)?.id;
    },
  };
}
