import type Stripe from 'stripe';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ChaosConfig } from '../../dev/stripe-sandbox/chaos/config.ts';
import { stateOf } from '../stripe-sandbox/support.ts';
import { eventually } from '../support/eventually.ts';
import { balanceOf, makeDue, newBuyer, pay, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

/** What the network and Stripe do on a bad day. Only what the Worker asks is hit: the story must go on. */
const BAD_DAY: ChaosConfig = {
  seed: 'a bad day',
  duplicate: 0.3,
  reorder: 0.3,
  delay: 0.3,
  burst: 0.05,
  rate_limit: 0.15,
  error: 0.1,
  saved_error: 0.1,
  lost_answer: 0.1,
  delay_ms: 150,
  burst_ms: 150,
  paths: [
    'POST /v1/customers',
    'POST /v1/checkout/sessions',
    'GET /v1/checkout/sessions',
    'GET /v1/invoices',
    'GET /v1/invoice_payments',
    'GET /v1/refunds',
    'GET /v1/disputes',
    'POST /v1/billing_portal/sessions',
  ],
};

/** What a person does on the pages, as a script. */
interface Stage {
  readonly worker: TestWorker;
  readonly stripe: Stripe;
  readonly buyer: Buyer;
  /** Presses a button of the control page. */
  press(path: string, fields?: Readonly<Record<string, string>>): Promise<void>;
  /** Asks the Worker, again under the same Idempotency-Key while Stripe has a bad day. */
  ask(path: string, body: unknown): Promise<Readonly<Record<string, string>>>;
  subscription(): Promise<Stripe.Subscription>;
}

async function stage(): Promise<Stage> {
  const worker = await startWorker();
  onTestFinished(() => worker.stop());
  await syncToStripe(worker);
  const stripe = stripeOf(worker);
  const buyer = await newBuyer(worker);
  return {
    worker,
    stripe,
    buyer,
    press: async (path, fields = {}) => {
      const url = `${worker.stripe.url}/_sandbox${path}`;
      const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    },
    ask: async (path, body) => {
      const headers = { 'Idempotency-Key': crypto.randomUUID() };
      for (let tries = 1; ; tries += 1) {
        const { status, json, text } = await worker.request(path, { token: buyer.token, body, headers });
        if (status === 200) return json;
        if (status < 500 || tries === 20) throw new Error(`${path}: ${status} ${text}`);
      }
    },
    subscription: async () => {
      const [subscription] = (await stripe.subscriptions.list({ status: 'all' })).data;
      if (!subscription) throw new Error('There is no subscription.');
      return subscription;
    },
  };
}

/** Posts a form of the customer portal. */
async function inPortal({ ask }: Stage, fields: Readonly<Record<string, string>>): Promise<void> {
  const { portal_url: url = '' } = await ask('/payment/create-portal-session', {});
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(fields),
  });
  if (response.status !== 303)
    throw new Error(`${fields['action']}: ${response.status} ${await response.text()}`);
}

/** Everything that Stripe told has reached the Worker, and nothing waits for another try. */
async function heard({ worker }: Stage): Promise<void> {
  await worker.stripe.settled();
  await eventually('the Worker is done with every event', async () => {
    const open = await worker.database.query<{ status: string }>(
      "select status from webhook_events where status not in ('processed', 'ignored')",
    );
    if (open.some(({ status }) => status === 'failed')) {
      await makeDue(worker);
      await worker.scheduled();
    }
    return open.length === 0;
  });
}

async function subscribe(on: Stage): Promise<void> {
  const { checkout_url: url = '' } = await on.ask('/payment/create-checkout', { plan: 'starter_monthly' });
  expect((await pay(url)).status).toBe(303);
  expect(await on.subscription()).toMatchObject({ status: 'active' });
  await heard(on);
  expect(await balanceOf(on.worker, on.buyer)).toBe(500);
}

async function liveThreeMonths(on: Stage): Promise<void> {
  for (let month = 0; month < 3; month += 1) await on.press('/time/advance', { by: 'month' });
  const paid = await on.stripe.invoices.list({ status: 'paid' });
  expect(paid.data.map(({ billing_reason }) => billing_reason)).toEqual([
    'subscription_cycle',
    'subscription_cycle',
    'subscription_cycle',
    'subscription_create',
  ]);
  await heard(on);
  // Of 500 that are left each time, 250 roll over.
  expect(await balanceOf(on.worker, on.buyer)).toBe(750);
}

async function failAndRecover(on: Stage): Promise<void> {
  const { customer } = await on.subscription();
  await on.press(`/customers/${String(customer)}/fail-next`);
  await on.press('/time/advance', { by: 'month' });
  expect((await on.subscription()).status).toBe('past_due');
  await inPortal(on, { action: 'update_card', card_number: '5555555555554444', exp: '12/40', cvc: '123' });
  const [open] = (await on.stripe.invoices.list({ status: 'open' })).data;
  if (open) await inPortal(on, { action: 'pay_invoice', invoice: String(open.id) });
  expect((await on.subscription()).status).toBe('active');
  await heard(on);
  expect(await balanceOf(on.worker, on.buyer)).toBe(750);
}

async function changePlan(on: Stage): Promise<void> {
  const { plans } = (await on.worker.request('/payment/plans')).json;
  const price: string = plans.professional_monthly.price_id;
  const { id } = await on.subscription();
  await inPortal(on, { action: 'change_plan', subscription: id, price });
  expect((await on.subscription()).items.data).toMatchObject([{ price: { id: price } }]);
  await on.press('/time/advance', { by: 'month' });
  const [latest, before] = (await on.stripe.invoices.list({ limit: 2 })).data;
  expect(latest).toMatchObject({ status: 'paid', billing_reason: 'subscription_cycle' });
  const isProration = ({ parent }: Stripe.InvoiceLineItem) => parent?.subscription_item_details?.proration;
  const prorations = latest?.lines.data.filter(isProration) ?? [];
  expect(prorations.map(({ amount }) => Math.sign(amount)).toSorted()).toEqual([-1, 1]);
  await heard(on);
  // All 750 may roll over to the bigger plan, and the part of the month since the change was had at the difference.
  const share = secondsOf(prorations[0]) / secondsOf(before?.lines.data[0]);
  expect(share).toBeGreaterThan(0);
  const difference = Math.round((plans.professional_monthly.credits - 500) * share);
  expect(await balanceOf(on.worker, on.buyer)).toBe(750 + plans.professional_monthly.credits + difference);
}

function secondsOf(line: Stripe.InvoiceLineItem | undefined): number {
  return line === undefined ? Number.NaN : line.period.end - line.period.start;
}

async function refundAndDispute(on: Stage): Promise<void> {
  const [latest, before] = (await on.stripe.charges.list({ limit: 5 })).data.filter(({ paid }) => paid);
  if (!latest || !before) throw new Error('Nothing was paid.');
  await on.press(`/charges/${latest.id}/refund`, { amount: '100' });
  await on.press(`/charges/${latest.id}/refund`);
  expect(await on.stripe.charges.retrieve(latest.id)).toMatchObject({
    amount_refunded: latest.amount,
    refunded: true,
  });
  await on.press(`/charges/${before.id}/dispute`, { kind: 'fraudulent' });
  const [dispute] = (await on.stripe.disputes.list({ charge: before.id })).data;
  await on.press(`/disputes/${dispute?.id}/close`, { outcome: 'won' });
  expect((await on.stripe.disputes.list()).data).toMatchObject([{ status: 'won' }]);
  await heard(on);
  // What the last invoice granted is gone with its money; of the disputed month all is there again.
  expect(await balanceOf(on.worker, on.buyer)).toBe(750);
}

/** Every event was answered 2xx and is in the inbox, once. The API itself lists none older than 30 days. */
async function expectEverythingTold(on: Stage): Promise<void> {
  await heard(on);
  const { events, deliveries } = await stateOf(on.worker.stripe);
  const taken = new Set(deliveries.filter(({ status }) => status === 200).map(({ event }) => event));
  expect(events.filter(({ id, pending_webhooks }) => pending_webhooks > 0 || !taken.has(id))).toEqual([]);
  const inbox = await on.worker.database.query<{ event_id: string }>('select event_id from webhook_events');
  expect(inbox.map(({ event_id }) => event_id).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  const types = new Set(events.map(({ type }) => type));
  for (const type of MILESTONES) expect(types).toContain(type);
}

/** Events were late, doubled and out of order, and Stripe failed the Worker, whichever way. */
async function expectBadDay(on: Stage): Promise<void> {
  const { counts } = (await stateOf(on.worker.stripe)).chaos;
  if (!counts) throw new Error('There was no chaos.');
  expect(Math.min(counts.duplicate, counts.reorder, counts.delay)).toBeGreaterThan(0);
  const { rate_limit, error, saved_error, lost_answer } = counts;
  expect(rate_limit + error + saved_error + lost_answer).toBeGreaterThan(0);
}

const MILESTONES = [
  'checkout.session.completed',
  'customer.subscription.created',
  'invoice.payment_failed',
  'customer.subscription.updated',
  'invoice.paid',
  'charge.refunded',
  'refund.created',
  'charge.dispute.created',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
  'charge.dispute.closed',
] as const;

describe.each([
  ['a good day', undefined],
  ['a bad day', BAD_DAY],
])('a subscription is sold, renewed, dunned, changed, refunded and disputed on %s', (_day, chaos) => {
  test('and the Worker hears of everything once', async () => {
    const on = await stage();
    on.worker.stripe.setChaos(chaos);
    await subscribe(on);
    await liveThreeMonths(on);
    await failAndRecover(on);
    await changePlan(on);
    await refundAndDispute(on);
    on.worker.stripe.setChaos(undefined);
    await expectEverythingTold(on);
    if (chaos) await expectBadDay(on);
  });
});
