import type Stripe from 'stripe';
import { expect, onTestFinished } from 'vitest';
import type { ChaosConfig } from '../../dev/stripe-sandbox/chaos/config.ts';
import { stateOf } from '../stripe-sandbox/support.ts';
import { eventually } from '../support/eventually.ts';
import { tryAgain, newBuyer, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

/** What the network and Stripe do on a bad day. Only what the Worker asks is hit: the story must go on. */
export const BAD_DAY: ChaosConfig = {
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
    'GET /v1/refunds',
    'POST /v1/billing_portal/sessions',
  ],
};

/** What a person does on the pages, as a script. */
export interface Stage {
  readonly worker: TestWorker;
  readonly stripe: Stripe;
  readonly buyer: Buyer;
  /** Presses a button of the control page. */
  press(path: string, fields?: Readonly<Record<string, string>>): Promise<void>;
  /** Asks the Worker, again under the same Idempotency-Key while Stripe has a bad day. */
  ask(path: string, body: unknown): Promise<Readonly<Record<string, string>>>;
  /** The newest one. */
  subscription(): Promise<Stripe.Subscription>;
}

export async function stage(): Promise<Stage> {
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
export async function inPortal({ ask }: Stage, fields: Readonly<Record<string, string>>): Promise<void> {
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
export async function heard({ worker }: Stage): Promise<void> {
  await worker.stripe.settled();
  await eventually('the Worker is done with every event', async () => {
    const open = await worker.database.query<{ status: string }>(
      "select status from webhook_events where status not in ('processed', 'ignored')",
    );
    if (open.some(({ status }) => status === 'failed')) {
      await tryAgain(worker);
    }
    return open.length === 0;
  });
}

/** Events were late, doubled and out of order, and Stripe failed the Worker, whichever way. */
export async function expectBadDay(on: Stage): Promise<void> {
  const { counts } = (await stateOf(on.worker.stripe)).chaos;
  if (!counts) throw new Error('There was no chaos.');
  expect(Math.min(counts.duplicate, counts.reorder, counts.delay)).toBeGreaterThan(0);
  const { rate_limit, error, saved_error, lost_answer } = counts;
  expect(rate_limit + error + saved_error + lost_answer).toBeGreaterThan(0);
}
