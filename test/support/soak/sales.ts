import { severally } from '../crash.ts';
import { buy, newBuyer, pay, stripeOf, type Buyer } from '../shop.ts';
import type { TestWorker } from '../worker.ts';

/** A package that is paid for, and how much of its money went back. */
export interface PackageSale {
  readonly sessionId: string;
  readonly paymentIntentId: string;
  readonly amountMinor: number;
  readonly credits: number;
  readonly refundedMinor: number;
}

/** A plan whose first month is paid for. */
export interface PlanSale {
  readonly sessionId: string;
  readonly subscriptionId: string;
  readonly invoiceId: string;
  readonly amountMinor: number;
  readonly credits: number;
}

/** Somebody who bought, and must have it in the end: once. */
export interface SoakCustomer {
  readonly buyer: Buyer;
  readonly packages: readonly PackageSale[];
  readonly plan: PlanSale | undefined;
}

/** What a customer is to buy. */
interface Basket {
  readonly packages: number;
  readonly hasPlan: boolean;
  /** How much of the first package's money goes back. */
  readonly refund: 'none' | 'half' | 'all';
}

/** Facts that a basket comes to: each package, each refund, and of a plan the checkout, the subscription, the money. */
function factsOf({ packages, hasPlan, refund }: Basket): number {
  return packages + (hasPlan ? 3 : 0) + (refund === 'none' ? 0 : 1);
}

/** Baskets of every sort, that come to so many facts. */
function basketsOf(facts: number): readonly Basket[] {
  const baskets: Basket[] = [];
  for (let left = facts, place = 0; left > 0; place += 1) {
    const basket: Basket = {
      packages: 1 + (place % 3),
      hasPlan: place % 2 === 0,
      refund: place % 3 === 0 ? 'none' : place % 4 < 2 ? 'half' : 'all',
    };
    const fitting =
      factsOf(basket) <= left
        ? basket
        : { packages: Math.min(left, 3), hasPlan: false, refund: 'none' as const };
    baskets.push(fitting);
    left -= factsOf(fitting);
  }
  return baskets;
}

/** What can be bought, as the shop shows it: price in minor units and credits. */
interface Shelf {
  readonly packages: readonly [key: string, item: Item][];
  readonly plan: Item;
}

interface Item {
  readonly price: number;
  readonly credits: number;
}

const planKey = 'starter_monthly';

/** Sells so much that it comes to so many facts. Nobody tells the Worker of the money. */
export async function sellAll(worker: TestWorker, facts: number): Promise<readonly SoakCustomer[]> {
  const [packages, plans] = await Promise.all([
    worker.request('/payment/credit-packages'),
    worker.request('/payment/plans'),
  ]);
  const shelf: Shelf = { packages: Object.entries(packages.json.packages), plan: plans.json.plans[planKey] };
  const baskets = basketsOf(facts);
  const next = baskets.entries();
  const sold = await severally(baskets.length, async () => {
    const { value } = next.next();
    if (value === undefined) throw new Error('there is no basket left');
    const [place, basket] = value;
    return { place, customer: await sellBasket(worker, shelf, basket) };
  });
  // In the order of the baskets, whoever was served first: what follows can be repeated.
  return sold.toSorted((one, other) => one.place - other.place).map(({ customer }) => customer);
}

async function sellBasket(worker: TestWorker, shelf: Shelf, basket: Basket): Promise<SoakCustomer> {
  const buyer = await newBuyer(worker);
  const packages: PackageSale[] = [];
  for (let place = 0; place < basket.packages; place += 1) {
    packages.push(await sellPackage(worker, shelf, buyer, place, place === 0 ? basket.refund : 'none'));
  }
  return { buyer, packages, plan: basket.hasPlan ? await sellPlan(worker, shelf, buyer) : undefined };
}

async function sellPackage(
  worker: TestWorker,
  { packages }: Shelf,
  buyer: Buyer,
  place: number,
  refund: Basket['refund'],
): Promise<PackageSale> {
  const item = packages[place % packages.length];
  if (item === undefined) throw new Error('there is no package on sale');
  const [key, { price, credits }] = item;
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: key });
  await pay(checkoutUrl);
  const stripe = stripeOf(worker);
  const paymentIntentId = String((await stripe.checkout.sessions.retrieve(sessionId)).payment_intent);
  const refundedMinor = { none: 0, half: Math.floor(price / 2), all: price }[refund];
  if (refundedMinor > 0) {
    await stripe.refunds.create({ payment_intent: paymentIntentId, amount: refundedMinor });
  }
  return { sessionId, paymentIntentId, amountMinor: price, credits, refundedMinor };
}

async function sellPlan(worker: TestWorker, { plan }: Shelf, buyer: Buyer): Promise<PlanSale> {
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { plan: planKey });
  await pay(checkoutUrl);
  const { subscription, invoice } = await stripeOf(worker).checkout.sessions.retrieve(sessionId);
  return {
    sessionId,
    subscriptionId: String(subscription),
    invoiceId: String(invoice),
    amountMinor: plan.price,
    credits: plan.credits,
  };
}
