import type Stripe from 'stripe';
import type { Usage } from '../core/usage.ts';
import { askStripe } from './asking.ts';
import { openStripeCharges, type StripeCharges } from './charges.ts';
import { openStripeBooks, type StripeBooks } from './books.ts';
import { openStripeCatalogue, type StripeCatalogue } from './catalogue.ts';
import { openStripeCustomerInvoices, type StripeCustomerInvoices } from './customer-invoices.ts';
import { StripeRefusal } from './errors.ts';
import { openStripeEvents, type StripeEvents } from './events.ts';
import { openStripeInvoices, type StripeInvoices } from './invoices.ts';
import { openStripeRefunds, type StripeRefunds } from './refunds.ts';
import { checkoutSession, type CheckoutSession } from './schemas.ts';
import { openStripeSubscriptionChanges, type StripeSubscriptionChanges } from './subscription-changes.ts';
import { openStripeSubscriptions, type StripeSubscriptions } from './subscriptions.ts';
import { openStripeTopUps, type StripeTopUps } from './top-ups.ts';

/** Everything that Ratecard asks of Stripe. Each creation is named by the id of our own row: doing it again is safe. */
export interface StripeGateway
  extends
    StripeBooks,
    StripeCatalogue,
    StripeCharges,
    StripeEvents,
    StripeInvoices,
    StripeRefunds,
    StripeSubscriptions,
    StripeSubscriptionChanges,
    StripeCustomerInvoices,
    StripeTopUps {
  createCustomer(customer: { customerId: string; email: string | undefined }): Promise<string>;
  openCheckout(checkout: NewCheckout): Promise<{ sessionId: string; url: string; expiresAt: Date }>;
  /** The session as Stripe has it now; undefined when this account has no such session. */
  findCheckoutSession(sessionId: string): Promise<CheckoutSession | undefined>;
  /** Closes a pay page. One that was completed before stays so. */
  expireCheckout(sessionId: string): Promise<'expired' | 'completed'>;
  openPortal(portal: { stripeCustomerId: string; returnUrl: string }): Promise<string>;
}

export interface NewCheckout {
  readonly checkoutId: string;
  readonly stripeCustomerId: string;
  readonly stripePriceId: string;
  readonly mode: 'payment' | 'subscription';
  readonly successUrl: string;
  readonly cancelUrl: string;
}

/** Stripe as one request sees it: calls are counted into the request's usage, errors are ours. */
export function openStripe(sdk: Stripe, usage: Usage): StripeGateway {
  const asking = askStripe(usage);
  const { call, create, find } = asking;

  return {
    ...openStripeBooks(sdk, asking),
    ...openStripeCatalogue(sdk, asking),
    ...openStripeCharges(sdk, asking),
    ...openStripeEvents(sdk, asking),
    ...openStripeInvoices(sdk, asking),
    ...openStripeRefunds(sdk, asking),
    ...openStripeCustomerInvoices(sdk, asking),
    ...openStripeSubscriptions(sdk, asking),
    ...openStripeTopUps(sdk, asking),
    ...openStripeSubscriptionChanges(sdk, asking),
    createCustomer: async ({ customerId, email }) => {
      const metadata = { ratecard_customer: customerId };
      const customer = await create(`customer:${customerId}`, (options) =>
        sdk.customers.create({ metadata, ...(email === undefined ? {} : { email }) }, options),
      );
      return customer.id;
    },
    openCheckout: async (checkout) => {
      const session = await create(`checkout:${checkout.checkoutId}`, (options) =>
        sdk.checkout.sessions.create(sessionParameters(checkout), options),
      );
      if (session.url === null) throw new Error('Stripe opened a hosted checkout without a page');
      return { sessionId: session.id, url: session.url, expiresAt: new Date(session.expires_at * 1000) };
    },
    findCheckoutSession: async (sessionId) => {
      const found = await find(() => sdk.checkout.sessions.retrieve(sessionId, { expand: ['line_items'] }));
      return found && checkoutSession.parse(found);
    },
    expireCheckout: async (sessionId) => {
      try {
        await find(() => sdk.checkout.sessions.expire(sessionId));
        return 'expired';
      } catch (error) {
        if (!(error instanceof StripeRefusal)) throw error;
        const session = await call(() => sdk.checkout.sessions.retrieve(sessionId));
        if (session.status === 'open') throw error;
        return session.status === 'complete' ? 'completed' : 'expired';
      }
    },
    openPortal: async ({ stripeCustomerId, returnUrl }) => {
      const session = await call(() =>
        sdk.billingPortal.sessions.create({ customer: stripeCustomerId, return_url: returnUrl }),
      );
      return session.url;
    },
  };
}

/** What pays for a package is kept, as what pays for a plan is: an automatic top-up charges it later. */
function sessionParameters(checkout: NewCheckout): Stripe.Checkout.SessionCreateParams {
  const metadata = { ratecard_checkout: checkout.checkoutId };
  return {
    mode: checkout.mode,
    customer: checkout.stripeCustomerId,
    client_reference_id: checkout.checkoutId,
    line_items: [{ price: checkout.stripePriceId, quantity: 1 }],
    success_url: checkout.successUrl,
    cancel_url: checkout.cancelUrl,
    metadata,
    ...(checkout.mode === 'subscription'
      ? { subscription_data: { metadata } }
      : { payment_intent_data: { metadata, setup_future_usage: 'off_session' } }),
  };
}
