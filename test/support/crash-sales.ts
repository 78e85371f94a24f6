import type Stripe from 'stripe';
import { newestEvent, newestEvents, tellAll, type EventCase, type StripeEvent } from './crash-events.ts';
import { severally } from './crash.ts';
import { press } from './reversals.ts';
import { buy, newBuyer, pay, stripeOf, type Buyer } from './shop.ts';
import type { TestWorker } from './worker.ts';

/** A package that is paid for, of which nobody has told yet. */
export async function purchase(worker: TestWorker): Promise<EventCase & { readonly charge: Stripe.Charge }> {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_2500' });
  await pay(checkoutUrl);
  const event = await newestEvent(worker, 'checkout.session.completed', sessionId);
  const session = await stripeOf(worker).checkout.sessions.retrieve(sessionId);
  const [charge] = (await stripeOf(worker).charges.list({ customer: String(session.customer) })).data;
  if (charge === undefined) throw new Error('nothing was charged');
  return { buyer, event, charge };
}

/** The same with its credits, of which some are spent. */
async function credited(worker: TestWorker): Promise<{ buyer: Buyer; charge: Stripe.Charge }> {
  const { buyer, event, charge } = await purchase(worker);
  await tellAll(worker, [event]);
  await worker.request('/credits/spend', { token: buyer.token, body: { amount: 1000 } });
  return { buyer, charge };
}

/** What a button of the sandbox did to a payment, and the event that tells of it. */
export async function reversal(
  worker: TestWorker,
  type: string,
  act: (charge: Stripe.Charge) => Promise<string>,
  before: (object: string) => Promise<readonly StripeEvent[]> = async () => [],
): Promise<EventCase> {
  const { buyer, charge } = await credited(worker);
  const object = await act(charge);
  await tellAll(worker, await before(object));
  return { buyer, event: await newestEvent(worker, type, object) };
}

/** A plan that is paid for, of which nobody has told yet. */
export interface Subscribed {
  readonly buyer: Buyer;
  readonly subscription: Stripe.Subscription;
  readonly invoiceId: string;
}

export async function subscribed(worker: TestWorker, plan: string): Promise<Subscribed> {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { plan });
  await pay(checkoutUrl);
  const session = await stripeOf(worker).checkout.sessions.retrieve(sessionId, { expand: ['subscription'] });
  const { subscription } = session;
  if (subscription === null || typeof subscription === 'string') throw new Error('there is no subscription');
  return { buyer, subscription, invoiceId: String(session.invoice) };
}

/** The same with its credits. */
export async function subscriber(worker: TestWorker, plan: string): Promise<Subscribed> {
  const sold = await subscribed(worker, plan);
  await tellAll(worker, [
    await newestEvent(worker, 'customer.subscription.created', sold.subscription.id),
    await newestEvent(worker, 'invoice.paid', sold.invoiceId),
  ]);
  return sold;
}

/** Subscribers of a month before, whose renewal is paid, and told of next. */
export async function renewed(
  worker: TestWorker,
  plan: string,
  count: number,
): Promise<readonly EventCase[]> {
  const sold = await severally(count, () => subscriber(worker, plan));
  await press(worker, '/time/advance', { by: 'month' });
  const stripe = stripeOf(worker);
  const invoices = await Promise.all(
    sold.map(
      async ({ subscription }) => (await stripe.subscriptions.retrieve(subscription.id)).latest_invoice,
    ),
  );
  const events = await newestEvents(worker, 'invoice.paid', invoices.map(String));
  return sold.flatMap(({ buyer }, index) => {
    const event = events[index];
    return event === undefined ? [] : [{ buyer, event }];
  });
}

/** Moves a subscription to another plan at Stripe, paid at once. Answers the invoice's id. */
export async function upgraded(
  worker: TestWorker,
  { subscription }: Subscribed,
  plan: string,
): Promise<string> {
  const { json } = await worker.request('/payment/plans');
  const changed = await stripeOf(worker).subscriptions.update(subscription.id, {
    items: [{ id: subscription.items.data[0]?.id ?? '', price: json.plans[plan].price_id }],
    proration_behavior: 'always_invoice',
  });
  return String(changed.latest_invoice);
}
