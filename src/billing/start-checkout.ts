import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { conflict, DomainError, notFound } from '../core/errors.ts';
import { accountClosed, expectCustomer, keepStripeCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { StripeRefusal, type StripeGateway } from '../stripe/index.ts';
import {
  keepSession,
  keepSubscriptionSession,
  openCheckout,
  readyCustomer,
  requireOpenCustomer,
  type NewCheckout,
  type OpenedSession,
} from './opening-queries.ts';
import { priceChanged, priceToSellBy } from './offer-on-sale.ts';
import { presentSubscription } from './schemas.ts';
import { SettlementError } from './settlement.ts';
import { syncSubscription } from './sync-subscription.ts';

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
  present: presentSubscription.extend({ is_known: z.boolean() }).nullable(),
  others: z.array(
    z.object({ id: z.string(), session_id: z.string(), plan: z.string(), plan_name: z.string() }),
  ),
  is_superseded: z.boolean(),
  is_wanted: z.boolean(),
  is_closed: z.boolean(),
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
 * at Stripe yet, `offer_not_chargeable` where Stripe refuses the amount, `stripe_unavailable`. Of plans, nobody has
 * two: `already_subscribed` with the present subscription as `current`, and each page that is opened closes the
 * customer's others; one that is overtaken by another throws `checkout_superseded`. A customer that is named and not
 * there is made, unless the name is an id at Stripe: `customer_not_found`.
 */
export async function startCheckout(
  deps: CheckoutDeps,
  account: AccountReference,
  item: NewCheckout['item'],
  quotedPriceId: string | undefined,
): Promise<StartedCheckout> {
  const checkoutId = deps.operationId;
  const checkout = { checkoutId, account, item, quotedPriceId, now: deps.clock.now() };
  const offer = await openFor(deps, checkout);
  // Only an id at Stripe that nobody has: any other name becomes a customer.
  if (offer.is_wanted) expectCustomer(account, offer.customer_id);
  if (offer.is_closed) throw accountClosed(account);
  refuseSecond(offer);
  const { stripePriceId, customerId } = sellable(offer);
  await closeOthers(deps, offer);
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
  keepPayPage(deps, checkout, offer, session, keepStripeCustomer(customerId, stripeCustomerId));
  return { checkoutUrl: session.url, sessionId: session.sessionId, credits: offer.credits };
}

/** Opens the checkout. A subscription that is known by its checkout or payments alone may be over: Stripe is asked. */
async function openFor(deps: CheckoutDeps, checkout: NewCheckout): Promise<Opening> {
  const first = await tryToOpen(deps, checkout);
  const unknown = first.present?.is_known === false ? first.present.stripe_subscription_id : null;
  if (unknown === null) return first;
  try {
    await syncSubscription(deps, unknown, null);
  } catch (error) {
    if (error instanceof SettlementError) return first;
    throw error;
  }
  return tryToOpen(deps, checkout);
}

async function tryToOpen({ db }: CheckoutDeps, checkout: NewCheckout): Promise<Opening> {
  const [, { rows }] = await db.batch([readyCustomer(checkout), openCheckout(checkout)]);
  const { type } = checkout.item;
  if (rows.length === 0) throw notFound(`${type}_not_found`, `There is no such ${type} on sale.`);
  return opening.parse(rows[0]);
}

function refuseSecond({ present, is_superseded }: Opening): void {
  if (present !== null) throw alreadySubscribed(present);
  if (is_superseded) throw superseded();
}

function alreadySubscribed(present: z.input<typeof presentSubscription>): DomainError {
  return conflict(
    'already_subscribed',
    'This customer has a subscription: change its plan with POST /payment/change-plan.',
    { current: presentSubscription.parse(present) },
  );
}

function superseded(): DomainError {
  return conflict(
    'checkout_superseded',
    'Another checkout of this customer was opened or completed since, or the account was deleted.',
  );
}

/** Closes the pages that the customer has open. One that is just being completed cannot be closed: it has won. */
async function closeOthers({ stripe }: CheckoutDeps, { others }: Opening): Promise<void> {
  for (const { session_id, plan, plan_name } of others) {
    if ((await stripe.expireCheckout(session_id)) === 'expired') continue;
    throw alreadySubscribed({
      plan,
      plan_name,
      subscription_status: 'pending',
      stripe_subscription_id: null,
    });
  }
}

/** A page that is overtaken before it is kept, by another one for a plan or by the account's end, was shown to nobody. */
function keepPayPage(
  { db, stripe }: CheckoutDeps,
  { checkoutId, item, now }: NewCheckout,
  { others }: Opening,
  session: OpenedSession,
  keepCustomer: ReturnType<typeof keepStripeCustomer>,
): void {
  const closedIds = others.map(({ id }) => id);
  const keep =
    item.type === 'package'
      ? keepSession(checkoutId, session)
      : keepSubscriptionSession(checkoutId, session, closedIds, now);
  db.beforeAnswer([requireOpenCustomer(checkoutId), keepCustomer, keep], async () => {
    await stripe.expireCheckout(session.sessionId);
    throw superseded();
  });
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
