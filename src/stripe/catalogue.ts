import type Stripe from 'stripe';
import type { Asking } from './asking.ts';

/** The SDK wants a bound for a list that it keeps whole. */
const listedPricesAtMost = 10_000;

/** Products and Prices: the catalogue, as Stripe is told of it. */
export interface StripeCatalogue {
  createProduct(product: {
    itemId: string;
    key: string;
    name: string;
    description: string | null;
  }): Promise<string>;
  updateProduct(
    productId: string,
    product: { name: string; description: string | null; active: boolean },
  ): Promise<void>;
  createPrice(price: NewPrice): Promise<string>;
  /** Makes the Price active and moves the item's lookup key to it. */
  putPriceOnSale(priceId: string, lookupKey: string): Promise<void>;
  /** Makes the Price active, for an offer whose time has not come. */
  preparePrice(priceId: string): Promise<void>;
  archivePrice(priceId: string): Promise<void>;
  /** Every active Price of the account that Ratecard made for an offer; an account may serve others as well. */
  listOfferPrices(): Promise<readonly OfferPrice[]>;
}

export interface NewPrice {
  readonly offerId: string;
  readonly productId: string;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly amountMinor: number;
  /** Null: paid once. */
  readonly interval: 'month' | 'year' | null;
}

/** A Price as Stripe has it. */
export interface OfferPrice {
  readonly priceId: string;
  readonly productId: string;
  readonly offerId: string;
  readonly lookupKey: string | null;
  readonly createdAt: Date;
}

/** The part of the gateway that is about the catalogue. */
export function openStripeCatalogue(sdk: Stripe, { call, create }: Asking): StripeCatalogue {
  return {
    createProduct: async ({ itemId, key, name, description }) => {
      const metadata = { ratecard_key: key };
      const product = await create(`product:${itemId}`, (options) =>
        sdk.products.create({ name, metadata, ...(description === null ? {} : { description }) }, options),
      );
      return product.id;
    },
    updateProduct: async (productId, { name, description, active }) => {
      await call(() => sdk.products.update(productId, { name, description: description ?? '', active }));
    },
    createPrice: async ({ offerId, productId, currency, amountMinor, interval }) => {
      const parameters = {
        product: productId,
        currency: currency.toLowerCase(),
        unit_amount: amountMinor,
        metadata: { ratecard_offer: offerId },
        ...(interval === null ? {} : { recurring: { interval } }),
      };
      const price = await create(`price:${offerId}`, (options) => sdk.prices.create(parameters, options));
      return price.id;
    },
    putPriceOnSale: async (priceId, lookupKey) => {
      await call(() =>
        sdk.prices.update(priceId, { active: true, lookup_key: lookupKey, transfer_lookup_key: true }),
      );
    },
    preparePrice: async (priceId) => {
      await call(() => sdk.prices.update(priceId, { active: true }));
    },
    archivePrice: async (priceId) => {
      await call(() => sdk.prices.update(priceId, { active: false }));
    },
    listOfferPrices: async () => {
      const pages = () => sdk.prices.list({ active: true, limit: 100 });
      const prices = await call(() => pages().autoPagingToArray({ limit: listedPricesAtMost }));
      return prices.flatMap(toOfferPrice);
    },
  };
}

function toOfferPrice(price: Stripe.Price): readonly OfferPrice[] {
  const offerId = price.metadata.ratecard_offer;
  if (offerId === undefined) return [];
  const productId = typeof price.product === 'string' ? price.product : price.product.id;
  const createdAt = new Date(price.created * 1000);
  return [{ priceId: price.id, productId, offerId, lookupKey: price.lookup_key, createdAt }];
}
