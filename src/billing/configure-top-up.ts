import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { conflict, invalid, notFound } from '../core/errors.ts';
import { accountClosed, expectCustomer, findCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { priceChanged, priceToSellBy } from './offer-on-sale.ts';
import { configureTopUp, findTopUpOffer, findTopUpSettings } from './top-up-queries.ts';
import { stopReasons, type AutoTopUp, type ConfigureTopUpBody } from './top-up-schemas.ts';

const moment = z.coerce.date().transform((date) => date.toISOString());

const inFlight = z
  .object({
    id: z.string(),
    status: z.enum(['started', 'processing']),
    price: z.int(),
    currency: z.string(),
    credits: z.int(),
    started_at: moment,
  })
  .nullable();

const settings = z
  .object({
    enabled: z.boolean(),
    threshold: z.int(),
    package: z.string(),
    price_id: z.string().nullable(),
    price: z.int().nullable(),
    currency: z.string().nullable(),
    credits: z.int().nullable(),
    monthly_cap: z.int(),
    spent_this_month: z.int(),
    in_flight: inFlight,
    stopped_at: moment.nullable(),
    stopped_reason: z.enum(stopReasons).nullable(),
    next_attempt_at: moment.nullable(),
  })
  .transform(({ stopped_at: at, stopped_reason: reason, ...rest }) => ({
    ...rest,
    stopped: at === null || reason === null ? null : { reason, at },
  }));

const offered = z.object({
  customer_id: z.string().nullable(),
  package_id: z.string(),
  offer_id: z.string().nullable(),
  stripe_price_id: z.string().nullable(),
  amount_minor: z.int().nullable(),
  currency: z.string().nullable(),
  credits: z.int().nullable(),
  stripe_customer_id: z.string().nullable(),
  is_closed: z.boolean(),
  spent_this_month: z.int(),
  in_flight: inFlight,
});
type Offered = z.output<typeof offered>;

/** An account's automatic top-ups, as they are set and what they led to; null before they are set. */
export async function readTopUp(
  deps: Pick<Deps, 'db' | 'clock'>,
  account: AccountReference,
): Promise<AutoTopUp | null> {
  const [[customer], { rows }] = await deps.db.batch([
    findCustomer(account),
    findTopUpSettings(account, deps.clock.now()),
  ]);
  expectCustomer(account, customer?.id);
  return rows.length === 0 ? null : settings.parse(rows[0]);
}

/**
 * Sets an account's automatic top-ups. It is the customer's act: what had stopped begins anew, with the price that is asked
 * now. Switching off is never refused for what is on sale or how one pays.
 * @throws DomainError `package_not_found`, `customer_not_found`; and for switching on `price_changed` with the present offer as `current`,
 *   `offer_not_synced`, `monthly_cap_too_low`, `no_saved_card`
 */
export async function setTopUp(
  deps: Pick<Deps, 'db' | 'stripe' | 'clock'>,
  account: AccountReference,
  wish: Omit<ConfigureTopUpBody, 'customer'>,
): Promise<AutoTopUp> {
  const now = deps.clock.now();
  const { rows } = await deps.db.run(findTopUpOffer(account, wish.package, now));
  if (rows.length === 0) throw packageNotFound();
  const offer = offered.parse(rows[0]);
  expectCustomer(account, offer.customer_id);
  if (offer.is_closed) throw accountClosed(account);
  if (wish.enabled) {
    checkOffer(offer, wish);
    await expectSavedCard(deps, offer.stripe_customer_id);
  }
  deps.db.beforeAnswer([
    configureTopUp(account, {
      isEnabled: wish.enabled,
      threshold: wish.threshold,
      packageId: offer.package_id,
      offerId: offer.offer_id,
      monthlyCapMinor: wish.monthly_cap,
      now,
    }),
  ]);
  return {
    enabled: wish.enabled,
    threshold: wish.threshold,
    package: wish.package,
    price_id: offer.stripe_price_id,
    price: offer.amount_minor,
    currency: offer.currency,
    credits: offer.credits,
    monthly_cap: wish.monthly_cap,
    spent_this_month: offer.spent_this_month,
    in_flight: offer.in_flight,
    stopped: null,
    next_attempt_at: null,
  };
}

function packageNotFound() {
  return notFound('package_not_found', 'There is no such package on sale.');
}

/** Throws unless the package can be sold as it was shown, within the cap. */
function checkOffer(offer: Offered, { price_id: quotedPriceId, monthly_cap: cap }: ConfigureTopUpBody): void {
  const { amount_minor: price, currency, credits } = offer;
  if (price === null || currency === null || credits === null) throw packageNotFound();
  const stripePriceId = priceToSellBy(offer.stripe_price_id);
  if (quotedPriceId !== undefined && quotedPriceId !== stripePriceId) {
    throw priceChanged({ stripePriceId, amountMinor: price, currency, credits, interval: null });
  }
  if (cap < price) {
    throw invalid('monthly_cap_too_low', 'The cap does not even allow for one package a month.', [
      { pointer: '/monthly_cap', code: 'monthly_cap_too_low', detail: `at least ${price}` },
    ]);
  }
}

async function expectSavedCard(
  { stripe }: Pick<Deps, 'stripe'>,
  stripeCustomerId: string | null,
): Promise<void> {
  const card = stripeCustomerId === null ? undefined : await stripe.findSavedCard(stripeCustomerId);
  if (card !== undefined) return;
  throw conflict(
    'no_saved_card',
    'There is nothing to charge: what pays for a plan or a package is kept, and can be changed in the portal.',
  );
}
