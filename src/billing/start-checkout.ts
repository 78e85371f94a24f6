import { z } from 'zod';
import type { User } from '../core/actor.ts';
import { DomainError, notFound } from '../core/errors.ts';
import { keepStripeCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { StripeRefusal, type StripeGateway } from '../stripe/index.ts';
import { keepSession, openCheckout, type NewCheckout } from './checkout-queries.ts';
import { priceChanged, priceToSellBy } from './offer-on-sale.ts';

const opening = z.object({
  offer_id: z.string(),
  stripe_price_id: z.string().nullable(),
  amount_minor: z.int(),
  currency: z.string(),
  credits: z.int(),
  interval: z.enum(['month', 'year']).nullable(),
  customer_id: z.string().nullable(),
  stripe_customer_id: z.string().nullable(),
  email: z.string().nullable(),
  checkout_offer_id: z.string().nullable(),
});
type Opening = z.output<typeof opening>;

export interface StartedCheckout {
  readonly checkoutUrl: string;
  readonly sessionId: string;
  readonly credits: number;
}

type CheckoutDeps = Pick<Deps, 'db' | 'stripe' | 'clock' | 'config' | 'operationId'>;

/**
 * Opens a pay page for the offer on sale now, read from the database, never from a cache. Throws `plan_not_found` or
 * `package_not_found`, `price_changed` with the present offer as `current`, `offer_not_synced` while the offer is not
 * at Stripe yet, `offer_not_chargeable` where Stripe refuses the amount, `stripe_unavailable`.
 */
export async function startCheckout(
  deps: CheckoutDeps,
  user: User,
  item: NewCheckout['item'],
  quotedPriceId: string | undefined,
): Promise<StartedCheckout> {
  const checkoutId = deps.operationId;
  const statement = openCheckout({ checkoutId, user, item, quotedPriceId, now: deps.clock.now() });
  const { rows } = await deps.db.run(statement);
  if (rows.length === 0) throw notFound(`${item.type}_not_found`, `There is no such ${item.type} on sale.`);
  const offer = opening.parse(rows[0]);
  const { stripePriceId, customerId } = sellable(offer);
  const stripeCustomerId =
    offer.stripe_customer_id ??
    (await deps.stripe.createCustomer({ customerId, email: offer.email ?? undefined }));
  const session = await openPayPage(deps, {
    checkoutId,
    stripeCustomerId,
    stripePriceId,
    mode: item.type === 'plan' ? 'subscription' : 'payment',
    successUrl: withSessionId(deps.config.returnUrls.success),
    cancelUrl: deps.config.returnUrls.cancel,
  });
  deps.db.beforeAnswer([keepStripeCustomer(customerId, stripeCustomerId), keepSession(checkoutId, session)]);
  return { checkoutUrl: session.url, sessionId: session.sessionId, credits: offer.credits };
}

/** Stripe takes a Price that it cannot charge, such as one of less than its least amount, and refuses the page. */
async function openPayPage({ stripe }: CheckoutDeps, checkout: Parameters<StripeGateway['openCheckout']>[0]) {
  try {
    return await stripe.openCheckout(checkout);
  } catch (error) {
    if (!(error instanceof StripeRefusal) || error.code !== 'amount_too_small') throw error;
    throw new DomainError('conflict', 'offer_not_chargeable', 'This price is too small to be charged.', {
      cause: error,
    });
  }
}

/** The ids to sell by; throws when the offer on sale cannot be sold, or is not the one that was asked for. */
function sellable(offer: Opening): { stripePriceId: string; customerId: string } {
  const stripePriceId = priceToSellBy(offer.stripe_price_id);
  const { customer_id: customerId, amount_minor: amountMinor, currency, credits, interval } = offer;
  if (customerId === null || offer.checkout_offer_id !== offer.offer_id) {
    throw priceChanged({ stripePriceId, amountMinor, currency, credits, interval });
  }
  return { stripePriceId, customerId };
}

const placeholder = '{CHECKOUT_SESSION_ID}';

/** Stripe puts the session's id in the placeholder's place, which must reach it as it is written here. */
function withSessionId(url: string): string {
  if (url.includes(placeholder)) return url;
  const [address = '', fragment] = url.split('#', 2);
  const separator = address.includes('?') ? '&' : '?';
  return `${address}${separator}session_id=${placeholder}${fragment === undefined ? '' : `#${fragment}`}`;
}
