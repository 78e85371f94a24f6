import { z } from 'zod';
import { DomainError } from '../core/errors.ts';
import { describeFault } from '../core/log.ts';
import { itemKey } from '../core/schema.ts';
import type { Deps } from '../deps.ts';
import {
  doubtPrices,
  doubtProduct,
  findStripeWork,
  markPriceTold,
  markProductTold,
} from './stripe-queries.ts';

/** Leaves a run of the cron, one call to Stripe and one to the database for each, well within its minute. */
const workPerRun = 50;
const outagesPerRun = 3;

const productWork = z.object({
  type: z.enum(['plan', 'package']),
  key: itemKey,
  version: z.int(),
  product_id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  active: z.boolean(),
});

const priceWork = z.object({
  offer_id: z.string(),
  key: itemKey,
  price_id: z.string(),
  told: z.string(),
  state: z.enum(['on_sale', 'scheduled', 'archived']),
});

/** What Stripe has yet to be told. */
export const stripeWorkSchema = z.object({ products: z.array(productWork), prices: z.array(priceWork) });
type StripeWork = z.output<typeof stripeWorkSchema>;

type StripeDeps = Pick<Deps, 'db' | 'stripe' | 'clock' | 'log'>;

export interface Convergence {
  /** How many Products and Prices Stripe was told of. */
  readonly told: number;
  /** How many are left for the next run. */
  readonly failed: number;
}

/**
 * Brings Stripe to what the database and the clock say: which Prices are active, which one has the item's lookup key,
 * what Products are called. What was told is stored at once; what failed is logged and left for the next run.
 */
export async function convergeStripe(deps: StripeDeps): Promise<Convergence> {
  const { rows } = await deps.db.run(findStripeWork(deps.clock.now(), workPerRun));
  return doStripeWork(deps, stripeWorkSchema.parse(rows[0]?.work), outagesPerRun);
}

/**
 * Does the work that was found; throws nothing. Gives up when a service was unavailable this often, since each takes
 * its time not to answer; what Stripe refuses for itself does not keep it from the rest.
 */
export async function doStripeWork(
  deps: StripeDeps,
  { products, prices }: StripeWork,
  outagesAtMost: number,
): Promise<Convergence> {
  const tasks = [
    ...products.map((product) => ({ key: product.key, tell: () => tellOfProduct(deps, product) })),
    ...prices.map((price) => ({ key: price.key, tell: () => tellOfPrice(deps, price) })),
  ];
  let [told, outages] = [0, 0];
  for (const { key, tell } of tasks) {
    if (outages === outagesAtMost) break;
    try {
      await tell();
      told += 1;
    } catch (error) {
      deps.log.warn('stripe_not_told', { item: key, ...describeFault(error) });
      if (error instanceof DomainError && error.kind === 'unavailable') outages += 1;
    }
  }
  return { told, failed: tasks.length - told };
}

async function tellOfProduct(
  { stripe, db }: StripeDeps,
  { product_id, version, type, key, ...product }: StripeWork['products'][number],
): Promise<void> {
  await stripe.updateProduct(product_id, product);
  const { rows } = await db.run(markProductTold({ type, key }, version));
  // Another run told Stripe of a later version, and this one may have overwritten it.
  if (rows.length === 0) await db.run(doubtProduct({ type, key }));
}

async function tellOfPrice(
  { stripe, db }: StripeDeps,
  { offer_id, key, price_id, told, state }: StripeWork['prices'][number],
): Promise<void> {
  switch (state) {
    case 'on_sale':
      await stripe.putPriceOnSale(price_id, key);
      break;
    case 'scheduled':
      await stripe.preparePrice(price_id);
      break;
    case 'archived':
      await stripe.archivePrice(price_id);
      break;
  }
  const { rows } = await db.run(markPriceTold(offer_id, told, state));
  // Another run told Stripe something else in between: which of the two came last is not known.
  if (rows.length === 0) await db.run(doubtPrices([offer_id]));
}
