import Stripe from 'stripe';
import type { StripeSandbox } from '../../../dev/stripe-sandbox/index.ts';
import { sdk, submit } from '../support.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** What a story is played with. */
export interface Play {
  readonly sandbox: StripeSandbox;
  readonly stripe: Stripe;
  readonly random: Random;
  /** All as it was before the step. */
  readonly world: World;
  readonly catalog: Catalog;
}

/** What is sold in every story. */
export interface Catalog {
  /** Recurring ones: monthly, monthly, free, yearly. */
  readonly prices: readonly [string, ...string[]];
  readonly oneTime: string;
  readonly coupons: readonly [string, ...string[]];
  readonly promotionCode: string;
}

/** One thing that somebody does, or undefined when there is nothing to do it to; what Stripe refuses is fine. */
export type Step = (play: Play) => Promise<unknown>;

/** Steps by their names, and how often each is taken. */
export type Steps = Readonly<Record<string, readonly [weight: number, step: Step]>>;

/**
 * Does a step and tells what came of it; what is refused (400, 402, 404, 409) by its message;
 * anything else that fails is thrown.
 */
export async function attempt(step: () => Promise<unknown>): Promise<string> {
  try {
    const result = await step();
    if (result === undefined) return 'nothing';
    return result instanceof Response ? await answered(result) : 'done';
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError && (error.statusCode ?? 500) < 500) {
      return `refused: ${error.message}`;
    }
    throw error;
  }
}

async function answered(response: Response): Promise<string> {
  if (response.status < 500) return `answer ${response.status}`;
  throw new Error(`answer ${response.status}: ${await response.text()}`);
}

/** Presses a button of a page of the sandbox. */
export function press(play: Play, path: string, fields: Record<string, string> = {}): Promise<Response> {
  return submit(`${play.sandbox.url}${path}`, fields);
}

/** Makes the products, coupons and the code that stories are about. */
export async function catalogOf(sandbox: StripeSandbox): Promise<Catalog> {
  const stripe = sdk(sandbox);
  const product = await stripe.products.create({ name: 'Professional' });
  const common = { product: product.id, currency: 'gbp' };
  const every = async (unit_amount: number, interval: 'month' | 'year'): Promise<string> =>
    (await stripe.prices.create({ ...common, unit_amount, recurring: { interval } })).id;
  const half = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
  const fiver = await stripe.coupons.create({ amount_off: 500, currency: 'gbp', duration: 'forever' });
  const quarter = await stripe.coupons.create({
    percent_off: 25,
    duration: 'repeating',
    duration_in_months: 3,
  });
  const code = await stripe.promotionCodes.create({
    promotion: { type: 'coupon', coupon: fiver.id },
    code: 'FIVER',
  });
  return {
    prices: [
      await every(999, 'month'),
      await every(2490, 'month'),
      await every(0, 'month'),
      await every(24_000, 'year'),
    ],
    oneTime: (await stripe.prices.create({ ...common, unit_amount: 1500 })).id,
    coupons: [half.id, fiver.id, quarter.id],
    promotionCode: code.id,
  };
}
