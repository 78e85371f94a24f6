import { assertNever } from '../core/errors.ts';
import { addSeconds } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import type { OfferPrice } from '../stripe/index.ts';
import { convergeStripe } from './converge-stripe.ts';
import { setStripeProduct } from './queries.ts';
import {
  doubtPrices,
  findItemsWithoutProduct,
  findKnownAtStripe,
  findOffersWithoutPrice,
  givePrice,
  type StripeState,
} from './stripe-queries.ts';

/** A younger Price may belong to a change that is about to be committed. */
const orphanAfterSeconds = 60 * 60;

type SyncDeps = Pick<Deps, 'db' | 'stripe' | 'clock' | 'log'>;

/** How many of each were made or brought in line. */
export interface CatalogueSync {
  readonly products: number;
  readonly prices: number;
  readonly told: number;
  readonly orphans: number;
  readonly failed: number;
}

/**
 * Brings a whole catalogue into Stripe: Products and Prices that are missing there, Prices whose state is not what it
 * should be, and the archiving of Prices that no offer knows. Does nothing where nothing is to do; several at once
 * make nothing twice, because creations are named by the ids of our rows.
 */
export async function syncCatalogue(deps: SyncDeps): Promise<CatalogueSync> {
  const products = await createProducts(deps);
  const prices = await createPrices(deps);
  const orphans = await compareWithStripe(deps);
  const { told, failed } = await convergeStripe(deps);
  return { products, prices, told, orphans, failed };
}

async function createProducts({ db, stripe }: SyncDeps): Promise<number> {
  const { rows } = await db.run(findItemsWithoutProduct());
  for (const { id, type, key, name, description } of rows) {
    const product = await stripe.createProduct({ itemId: id, key, name, description });
    await db.run(setStripeProduct({ type, key }, product));
  }
  return rows.length;
}

async function createPrices({ db, stripe, clock }: SyncDeps): Promise<number> {
  const { rows } = await db.run(findOffersWithoutPrice(clock.now()));
  for (const { offer_id, product_id, currency, price, interval } of rows) {
    const created = await stripe.createPrice({
      offerId: offer_id,
      productId: product_id,
      currency,
      amountMinor: price,
      interval,
    });
    await db.run(givePrice(offer_id, created));
  }
  return rows.length;
}

/**
 * Archives active Prices of our Products that no offer knows (left by a change that was cut off), and doubts what is
 * recorded of those that are not as Stripe was told (changed by hand). Returns how many were archived.
 */
async function compareWithStripe({ db, stripe, clock }: SyncDeps): Promise<number> {
  const listed = await stripe.listOfferPrices();
  const { rows: known } = await db.run(findKnownAtStripe());
  const products = new Set(known.map(({ product_id }) => product_id));
  const offers = new Set(known.map(({ price_id }) => price_id));
  const oldEnough = addSeconds(clock.now(), -orphanAfterSeconds);
  const orphans = listed.filter(
    ({ priceId, productId, createdAt }) =>
      products.has(productId) && !offers.has(priceId) && createdAt < oldEnough,
  );
  for (const { priceId } of orphans) await stripe.archivePrice(priceId);

  const active = new Map(listed.map((price) => [price.priceId, price]));
  const doubtful = known
    .filter(({ price_id, key, told }) => !isAsTold(told, key, active.get(price_id ?? '')))
    .map(({ offer_id }) => offer_id)
    .filter((offerId) => offerId !== null);
  if (doubtful.length > 0) await db.run(doubtPrices(doubtful));
  return orphans.length;
}

function isAsTold(told: StripeState | null, key: string, price: OfferPrice | undefined): boolean {
  switch (told) {
    case 'on_sale':
      return price?.lookupKey === key;
    case 'scheduled':
      return price !== undefined;
    case 'archived':
      return price === undefined;
    case 'none':
    case null:
      return true;
    default:
      return assertNever(told);
  }
}
