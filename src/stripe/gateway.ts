import type Stripe from 'stripe';
import type { Usage } from '../core/usage.ts';
import { openStripeCatalogue, type Ask, type StripeCatalogue } from './catalogue.ts';
import { fromStripeError, isMissing, isSpentName } from './errors.ts';
import { checkoutSession, invoice, type CheckoutSession, type Invoice } from './schemas.ts';

/** How often a creation is named anew because Stripe no longer takes its old name. */
const namesPerCreation = 3;

/** Everything that Ratecard asks of Stripe. Each creation is named by the id of our own row: doing it again is safe. */
export interface StripeGateway extends StripeCatalogue {
  createCustomer(customer: { customerId: string; email: string | undefined }): Promise<string>;
  openCheckout(checkout: NewCheckout): Promise<{ sessionId: string; url: string; expiresAt: Date }>;
  /** The session as Stripe has it now; undefined when this account has no such session. */
  findCheckoutSession(sessionId: string): Promise<CheckoutSession | undefined>;
  findInvoice(invoiceId: string): Promise<Invoice | undefined>;
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
  async function call<T>(ask: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await ask();
    } catch (error) {
      throw fromStripeError(error);
    } finally {
      usage.calls += 1;
      usage.milliseconds += performance.now() - started;
    }
  }

  async function create<T>(name: string, ask: Ask<T>): Promise<T> {
    return call(() => createNamed(name, ask));
  }

  return {
    ...openStripeCatalogue(sdk, { call, create }),
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
    findCheckoutSession: async (sessionId) =>
      found(async () =>
        checkoutSession.parse(
          await call(() => sdk.checkout.sessions.retrieve(sessionId, { expand: ['line_items'] })),
        ),
      ),
    findInvoice: async (invoiceId) =>
      found(async () => invoice.parse(await call(() => sdk.invoices.retrieve(invoiceId)))),
    openPortal: async ({ stripeCustomerId, returnUrl }) => {
      const session = await call(() =>
        sdk.billingPortal.sessions.create({ customer: stripeCustomerId, return_url: returnUrl }),
      );
      return session.url;
    },
  };
}

/**
 * Stripe keeps an idempotency key, its parameters and its answer (a 500 too) for a day. A creation that the key stands
 * in the way of goes on under another name; what the first try may have left at Stripe is referred to by nothing.
 */
async function createNamed<T>(name: string, ask: Ask<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask({ idempotencyKey: attempt === 1 ? name : `${name}:${attempt}` });
    } catch (error) {
      if (attempt === namesPerCreation || !isSpentName(error)) throw error;
    }
  }
}

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
      : { payment_intent_data: { metadata } }),
  };
}

async function found<T>(find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
