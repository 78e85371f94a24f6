import { stripeOf } from './shop.ts';
import type { TestWorker } from './worker.ts';

/** What Stripe has of a customer that is about money: what was charged, billed and subscribed to. */
export async function moneyAtStripe(worker: TestWorker, customer: string): Promise<readonly string[]> {
  const stripe = stripeOf(worker);
  const [charges, invoices, subscriptions] = await Promise.all([
    stripe.charges.list({ customer, limit: 100 }),
    stripe.invoices.list({ customer, limit: 100 }),
    stripe.subscriptions.list({ customer, status: 'all', limit: 100 }),
  ]);
  return [
    ...charges.data.map(
      ({ status, amount, amount_refunded }) => `Stripe: a charge ${status} ${amount} - ${amount_refunded}`,
    ),
    ...invoices.data.map(({ status, total }) => `Stripe: an invoice ${status} ${total}`),
    ...subscriptions.data.map(
      ({ status, cancel_at_period_end, schedule, items }) =>
        `Stripe: a subscription ${status} ${items.data.map(({ price }) => price.id).join(' ')}` +
        `${cancel_at_period_end ? ', ends' : ''}${schedule === null ? '' : ', scheduled'}`,
    ),
  ];
}
