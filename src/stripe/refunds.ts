import type Stripe from 'stripe';
import type { Asking } from './asking.ts';
import { StripeRefusal } from './errors.ts';

/** More invoices than one subscription has. */
const listedAtMost = 1000;

/** Nothing is left to give back, or the bank has taken it already. */
const settled: ReadonlySet<string | undefined> = new Set(['charge_already_refunded', 'charge_disputed']);

/** Money that is given back. */
export interface StripeRefunds {
  /** Every invoice of a subscription. */
  listInvoicesOf(subscriptionId: string): Promise<readonly string[]>;
  /** Gives back all that is left of a payment that was made twice. Done again, it gives back nothing more. */
  refundDuplicate(paymentIntentId: string): Promise<void>;
}

/** The part of the gateway that is about refunds. */
export function openStripeRefunds(sdk: Stripe, { call, create }: Asking): StripeRefunds {
  return {
    listInvoicesOf: async (subscriptionId) => {
      const pages = () => sdk.invoices.list({ subscription: subscriptionId, limit: 100 });
      const invoices = await call(() => pages().autoPagingToArray({ limit: listedAtMost }));
      return invoices.map(({ id }) => id);
    },
    refundDuplicate: async (paymentIntentId) => {
      try {
        await create(`refund-duplicate:${paymentIntentId}`, (options) =>
          sdk.refunds.create({ payment_intent: paymentIntentId, reason: 'duplicate' }, options),
        );
      } catch (error) {
        if (!(error instanceof StripeRefusal) || !settled.has(error.code)) throw error;
      }
    },
  };
}
