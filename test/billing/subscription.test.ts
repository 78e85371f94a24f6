import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  balanceOf,
  booksOf,
  buy,
  deliver,
  eventAbout,
  inboxRow,
  tryAgain,
  newBuyer,
  pay,
  processed,
  stripeOf,
  type Buyer,
} from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
beforeEach(() => worker.stripe.setWebhookEndpoint(undefined));
afterEach(() => worker.gateway.setFault(undefined));
afterAll(() => worker.stop());

interface Subscription {
  readonly buyer: Buyer;
  readonly sessionId: string;
  readonly invoiceId: string;
  readonly completed: Record<string, unknown>;
  readonly invoicePaid: Record<string, unknown>;
}

/** A plan that is paid, and the two events that tell of it, not delivered yet. */
async function subscribe(plan = 'starter_monthly', buyer?: Buyer): Promise<Subscription> {
  const subscriber = buyer ?? (await newBuyer(worker));
  const { checkoutUrl, sessionId } = await buy(worker, subscriber, { plan });
  return paid(subscriber, checkoutUrl, sessionId);
}

async function paid(buyer: Buyer, checkoutUrl: string, sessionId: string): Promise<Subscription> {
  await pay(checkoutUrl);
  const session = await stripeOf(worker).checkout.sessions.retrieve(sessionId);
  const invoiceId = String(session.invoice);
  return {
    buyer,
    sessionId,
    invoiceId,
    completed: await eventAbout(worker, 'checkout.session.completed', sessionId),
    invoicePaid: await eventAbout(worker, 'invoice.paid', invoiceId),
  };
}

async function statusOf(buyer: Buyer) {
  const { json, databaseCalls } = await worker.request('/payment/status', { token: buyer.token });
  return { ...json.payment_status, databaseCalls };
}

async function deliverAll(...events: readonly Record<string, unknown>[]): Promise<void> {
  for (const event of events) {
    await deliver(worker, event);
    await processed(worker);
  }
}

async function expectGrantedOnce(
  { buyer, sessionId, invoiceId }: Subscription,
  credits: number,
): Promise<void> {
  const { lots, transactions, payments, checkouts } = await booksOf(worker, buyer);
  expect(lots).toMatchObject([{ source: 'invoice_line', granted: credits }]);
  expect(transactions).toMatchObject([{ transaction_type: 'subscription_grant', amount: credits }]);
  const paidBy = await stripeOf(worker).invoicePayments.list({ invoice: invoiceId });
  expect(payments).toMatchObject([
    {
      stripe_invoice_id: invoiceId,
      stripe_payment_intent_id: paidBy.data[0]?.payment.payment_intent ?? null,
    },
  ]);
  expect(checkouts).toMatchObject([
    { stripe_session_id: sessionId, stripe_subscription_id: expect.any(String), status: 'paid' },
  ]);
}

describe('a plan', () => {
  test.each([
    ['the session first', ({ completed, invoicePaid }: Subscription) => [completed, invoicePaid]],
    ['the invoice first', ({ completed, invoicePaid }: Subscription) => [invoicePaid, completed]],
    [
      'both twice',
      ({ completed, invoicePaid }: Subscription) => [invoicePaid, completed, completed, invoicePaid],
    ],
  ])('grants its credits by its invoice, once: %s', async (_name, order) => {
    const subscription = await subscribe('professional_monthly');
    await deliverAll(...order(subscription));
    await expectGrantedOnce(subscription, 2000);
    expect(await balanceOf(worker, subscription.buyer)).toBe(2000);
  });

  test('grants once although 20 events tell of its invoice at once', async () => {
    const subscription = await subscribe();
    const events = Array.from({ length: 20 }, () => ({
      ...subscription.invoicePaid,
      id: `evt_${randomUUID().replaceAll('-', '')}`,
    }));
    await Promise.all([...events, subscription.completed].map((event) => deliver(worker, event)));
    await processed(worker);
    await expectGrantedOnce(subscription, 500);
  });

  test('grants what was sold, not what is on sale now', async () => {
    const subscription = await subscribe('business_monthly');
    await worker.database.query(
      `select publish_offer(gen_random_uuid(), (select id from subscription_plans where plan_key = 'business_monthly'),
         null, 'GBP', 1, 1, null, null, now(), 'test', null)`,
    );
    await deliverAll(subscription.completed, subscription.invoicePaid);
    await expectGrantedOnce(subscription, 6000);
    const { json } = await worker.request('/credits/balance', { token: subscription.buyer.token });
    expect(json.credits.monthly_allocation).toBe(6000);
  });

  test('shows in the status as far as Stripe and the payments tell', async () => {
    const subscription = await subscribe('starter_monthly');
    const { buyer } = subscription;
    const nothing = {
      plan: null,
      plan_name: null,
      subscription_status: 'none',
      has_paid: false,
      subscription_started_at: null,
      subscription_ends_at: null,
      databaseCalls: 1,
    };
    expect(await statusOf(await newBuyer(worker))).toMatchObject(nothing);
    expect(await statusOf(buyer)).toMatchObject(nothing);
    await deliverAll(subscription.completed);
    const starter = { plan: 'starter_monthly', plan_name: 'Starter', subscription_status: 'active' };
    expect(await statusOf(buyer)).toMatchObject({ ...starter, has_paid: false, subscription_ends_at: null });
    await deliverAll(subscription.invoicePaid);
    const invoice = await stripeOf(worker).invoices.retrieve(subscription.invoiceId);
    const endsAt = new Date((invoice.lines.data[0]?.period.end ?? 0) * 1000).toISOString();
    expect(await statusOf(buyer)).toMatchObject({
      ...starter,
      has_paid: true,
      subscription_ends_at: endsAt,
      databaseCalls: 1,
    });
  });

  test('that is known only by its checkout and payments, of an older time, shows by these', async () => {
    const subscription = await subscribe('starter_monthly');
    const { buyer, sessionId } = subscription;
    const older = await newBuyer(worker);
    const [customer] = await worker.database.query(
      `insert into customers (issuer, subject) select issuer, $2 from customers where subject = $1 returning id`,
      [buyer.subject, older.subject],
    );
    const ids = [customer?.['id'], sessionId];
    await worker.database.query(
      `insert into checkouts (id, customer_id, offer_id, mode, status, stripe_subscription_id)
       select gen_random_uuid(), $1::uuid, offer_id, 'subscription', 'paid', 'sub_older'
       from checkouts where stripe_session_id = $2`,
      ids,
    );
    expect(await statusOf(older)).toMatchObject({ subscription_status: 'pending', plan: null });
    await worker.database.query(
      `insert into payments (customer_id, offer_id, stripe_invoice_id, stripe_subscription_id, currency, amount_minor,
         period_start, period_end, paid_at)
       select $1::uuid, offer_id, 'in_older', 'sub_older', 'GBP', 99, now() - interval '1 day',
         now() + interval '30 days', now() - interval '1 day'
       from checkouts where stripe_session_id = $2`,
      ids,
    );
    const status = await statusOf(older);
    expect(status).toMatchObject({
      plan: 'starter_monthly',
      subscription_status: 'active',
      has_paid: true,
      stripe_subscription_id: null,
      databaseCalls: 1,
    });
    expect(Date.parse(status.subscription_ends_at) - Date.parse(status.subscription_started_at)).toBe(
      31 * 86_400_000,
    );
    await worker.database.query(
      `update payments set period_end = now() - interval '1 hour' where customer_id = $1`,
      [customer?.['id']],
    );
    expect(await statusOf(older)).toMatchObject({
      plan: null,
      subscription_status: 'none',
      has_paid: true,
      subscription_ends_at: null,
    });
  });

  test('is not shown as paid when nothing was charged', async () => {
    const buyer = await newBuyer(worker);
    await worker.database.query(
      "insert into subscription_plans (plan_key, name, interval) values ('free', 'Free', 'month')",
    );
    await worker.database.query(
      `select publish_offer(gen_random_uuid(), (select id from subscription_plans where plan_key = 'free'), null, 'GBP', 0, 25,
         null, null, now(), 'test', null)`,
    );
    await syncToStripe(worker);
    const subscription = await subscribe('free', buyer);
    await deliverAll(subscription.completed, subscription.invoicePaid);
    await expectGrantedOnce(subscription, 25);
    expect(await statusOf(buyer)).toMatchObject({
      plan: 'free',
      subscription_status: 'active',
      has_paid: false,
    });
  });

  test('whose checkout was cut off is granted, though its invoice came before anybody knew the customer', async () => {
    const buyer = await newBuyer(worker);
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('keep_subscription_session')) ? 'refuse' : 'none',
    );
    const body = { plan: 'starter_annual' };
    const cut = await worker.request('/payment/create-checkout', { token: buyer.token, body });
    expect(cut.status).toBe(503);
    worker.gateway.setFault(undefined);
    const stripe = stripeOf(worker);
    const customers = await stripe.customers.list({ email: `${buyer.subject}@example.com` });
    const { data } = await stripe.checkout.sessions.list({ customer: customers.data[0]?.id ?? '' });
    const subscription = await paid(buyer, data[0]?.url ?? '', data[0]?.id ?? '');
    await deliver(worker, subscription.invoicePaid);
    await eventually('the invoice has no owner yet', async () => {
      return (await inboxRow(worker, subscription.invoicePaid['id']))?.last_error === 'customer_unknown';
    });
    await deliverAll(subscription.completed);
    await tryAgain(worker);
    await expectGrantedOnce(subscription, 500);
  });
});
