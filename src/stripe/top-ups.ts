import type Stripe from 'stripe';
import type { Asking } from './asking.ts';
import { StripeRefusal } from './errors.ts';
import { payingCustomer, paymentIntent, type PaymentIntent } from './payment-intent-schemas.ts';

/** Charges to a customer who is not there to be asked anything. */
export interface StripeTopUps {
  /**
   * What a Stripe customer pays by: their default, else that of their living subscription, else the newest card that
   * they have saved; undefined when there is nothing.
   */
  findSavedCard(stripeCustomerId: string): Promise<string | undefined>;
  /** A PaymentIntent that moves no money before `chargeSavedCard`. Source: https://docs.stripe.com/payments/save-and-reuse */
  openTopUp(topUp: NewTopUp): Promise<PaymentIntent>;
  findPaymentIntent(paymentIntentId: string): Promise<PaymentIntent | undefined>;
  /**
   * Tries to pay a PaymentIntent, which succeeds once however often it is tried, and answers it as it is then, a
   * decline included. Throws StripeRefusal when it cannot be tried at all.
   */
  chargeSavedCard(paymentIntentId: string, paymentMethodId: string): Promise<PaymentIntent>;
  /** Answers the PaymentIntent as it is then: one that has succeeded cannot be canceled any more. */
  cancelPaymentIntent(paymentIntentId: string): Promise<PaymentIntent>;
}

export interface NewTopUp {
  readonly topUpId: string;
  readonly stripeCustomerId: string;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly amountMinor: number;
}

/** The part of the gateway that is about automatic top-ups. */
export function openStripeTopUps(sdk: Stripe, { call, create, find }: Asking): StripeTopUps {
  const findPaymentIntent = async (paymentIntentId: string): Promise<PaymentIntent | undefined> => {
    const found = await find(() => sdk.paymentIntents.retrieve(paymentIntentId));
    return found && paymentIntent.parse(found);
  };
  /** What a refusal is about is said by the PaymentIntent itself, unless it is as it was before. */
  const orAsItIs = async (
    paymentIntentId: string,
    ask: () => Promise<Stripe.PaymentIntent>,
  ): Promise<PaymentIntent> => {
    try {
      return paymentIntent.parse(await call(ask));
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      const seen = await findPaymentIntent(paymentIntentId);
      if (seen === undefined || isUntried(seen)) throw error;
      return seen;
    }
  };
  return {
    findSavedCard: async (customer) => {
      const found = await find(() => sdk.customers.retrieve(customer, { expand: ['subscriptions'] }));
      if (found === undefined) return undefined;
      const methods = payingCustomer.parse(found);
      const method = methods.find((one) => one !== null);
      if (method !== undefined && method !== null) return method;
      const cards = await find(() => sdk.customers.listPaymentMethods(customer, { type: 'card', limit: 1 }));
      return cards?.data[0]?.id;
    },
    openTopUp: async ({ topUpId, stripeCustomerId, currency, amountMinor }) => {
      const opened = await create(`top-up:${topUpId}`, (options) =>
        sdk.paymentIntents.create(
          {
            customer: stripeCustomerId,
            currency: currency.toLowerCase(),
            amount: amountMinor,
            // Nobody is there to be sent to another page.
            automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
            metadata: { ratecard_top_up: topUpId },
          },
          options,
        ),
      );
      return paymentIntent.parse(opened);
    },
    findPaymentIntent,
    chargeSavedCard: (id, payment_method) =>
      orAsItIs(id, () => sdk.paymentIntents.confirm(id, { payment_method, off_session: true })),
    cancelPaymentIntent: (id) => orAsItIs(id, () => sdk.paymentIntents.cancel(id)),
  };
}

function isUntried({ status, failureCode }: PaymentIntent): boolean {
  return (status === 'requires_payment_method' || status === 'requires_confirmation') && failureCode === null;
}
