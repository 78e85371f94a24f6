import type Stripe from 'stripe';
import { eventually } from './eventually.ts';
import { grant } from './ledger.ts';
import { newBuyer, stripeOf, type Buyer } from './shop.ts';
import type { TestAnswer, TestWorker } from './worker.ts';

/** A customer who has something to pay by at Stripe, and credits. */
export interface Saver extends Buyer {
  readonly id: string;
  readonly stripeId: string;
}

/** Makes one; `card` is one of Stripe's names of test cards, null: nothing is saved. */
export async function newSaver(
  worker: TestWorker,
  { card = 'pm_card_visa', credits = 100 }: { readonly card?: string | null; readonly credits?: number } = {},
): Promise<Saver> {
  const buyer = await newBuyer(worker);
  const id = await grant(worker, buyer, credits, { now: await worker.now() });
  const { id: stripeId } = await stripeOf(worker).customers.create({ metadata: { ratecard_customer: id } });
  if (card !== null) await stripeOf(worker).paymentMethods.attach(card, { customer: stripeId });
  await worker.database.query('update customers set stripe_customer_id = $2 where id = $1', [id, stripeId]);
  return { ...buyer, id, stripeId };
}

const path = '/credits/auto-top-up';

/** 500 credits for 125 pence whenever fewer than 50 are left, at most four times a month. */
export const usualWish = { enabled: true, threshold: 50, package: 'credits_500', monthly_cap: 500 };

/** Asks as the customer; under an Idempotency-Key where one is given. */
export function put(
  worker: TestWorker,
  { token }: Pick<Buyer, 'token'>,
  wish: Readonly<Record<string, unknown>> = {},
  key?: string,
): Promise<TestAnswer> {
  const headers = key === undefined ? {} : { 'Idempotency-Key': key };
  return worker.request(path, { method: 'PUT', token, body: { ...usualWish, ...wish }, headers });
}

/** Switches automatic top-ups on, which must succeed. */
export async function optIn(
  worker: TestWorker,
  buyer: Pick<Buyer, 'token'>,
  wish: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { status, text } = await put(worker, buyer, wish);
  if (status !== 200) throw new Error(`not switched on: ${status} ${text}`);
}

/** What the customer is shown of it. */
export async function shown(worker: TestWorker, { token }: Pick<Buyer, 'token'>) {
  return (await worker.request(path, { token })).json.auto_top_up;
}

export function use(
  worker: TestWorker,
  { token }: Pick<Buyer, 'token'>,
  amount: number,
): Promise<TestAnswer> {
  return worker.request('/credits/spend', { token, body: { amount } });
}

/** The PaymentIntents that automatic top-ups made for a customer, the oldest first. */
export async function intentsOf(
  worker: TestWorker,
  { stripeId }: Saver,
): Promise<readonly Stripe.PaymentIntent[]> {
  const { data } = await stripeOf(worker).paymentIntents.list({ customer: stripeId, limit: 100 });
  return data.filter(({ metadata }) => metadata['ratecard_top_up'] !== undefined).toReversed();
}

/** How much money Stripe has taken from a customer, and what our books say of it. */
export async function moneyOf(worker: TestWorker, saver: Saver) {
  const { data } = await stripeOf(worker).charges.list({ customer: saver.stripeId, limit: 100 });
  const [books] = await worker.database.query<{
    paid: number;
    payments: number;
    granted: number;
    lots: number;
  }>(
    `select
       (select coalesce(sum(amount_minor), 0)::int from payments where customer_id = $1) as paid,
       (select count(*)::int from payments where customer_id = $1) as payments,
       (select coalesce(sum(granted), 0)::int from credit_lots where customer_id = $1 and source = 'top_up') as granted,
       (select count(*)::int from credit_lots where customer_id = $1 and source = 'top_up') as lots`,
    [saver.id],
  );
  const charged = data.filter(({ status }) => status === 'succeeded');
  return { charged: charged.map(({ amount }) => amount), ...books };
}

/** The rows of a customer's top-ups, the oldest first. */
export function topUpsOf(worker: TestWorker, { id }: Pick<Saver, 'id'>) {
  return worker.database.query<{ status: string; failure_code: string | null }>(
    'select status, failure_code from top_ups where customer_id = $1 order by created_at, id',
    [id],
  );
}

/** Waits until nothing is under way. */
export async function topUpsSettled(
  worker: TestWorker,
  saver: Pick<Saver, 'id'>,
  count: number,
): Promise<void> {
  await eventually(`${count} top-ups are settled`, async () => {
    const rows = await topUpsOf(worker, saver);
    return rows.length === count && rows.every(({ status }) => status === 'paid' || status === 'failed');
  });
}

export async function noticesOf(worker: TestWorker, { token }: Pick<Buyer, 'token'>) {
  const { json } = await worker.request('/credits/notices?limit=100', { token });
  return json.notices.map(({ type, data }: { type: string; data: unknown }) => ({ type, data }));
}

/** Lets time pass, and the scheduled job run. */
export async function later(worker: TestWorker, minutes: number): Promise<void> {
  await worker.advance(new Date((await worker.now()).getTime() + minutes * 60_000));
}
