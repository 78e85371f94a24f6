import { createHmac, randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { untilProcessed } from './time.ts';
import type { TestAnswer, TestWorker } from './worker.ts';

/** The official SDK, pointed at a test's sandbox. */
export function stripeOf(worker: TestWorker): Stripe {
  const { hostname, port } = new URL(worker.stripe.url);
  return new Stripe(worker.stripe.apiKey, { protocol: 'http', host: hostname, port, telemetry: false });
}

/** A customer of a test's own. */
export interface Buyer {
  readonly subject: string;
  readonly token: string;
}

export async function newBuyer(worker: TestWorker): Promise<Buyer> {
  const subject = randomUUID();
  return { subject, token: await worker.token('customer', subject) };
}

/** Opens a checkout, which must succeed. */
export async function buy(
  worker: TestWorker,
  buyer: Buyer,
  item: { readonly package: string } | { readonly plan: string },
): Promise<{ readonly checkoutUrl: string; readonly sessionId: string }> {
  const path = 'plan' in item ? '/payment/create-checkout' : '/payment/purchase-credits';
  const { status, json, text } = await worker.request(path, { token: buyer.token, body: item });
  if (status !== 200) throw new Error(`checkout refused: ${status} ${text}`);
  return { checkoutUrl: json.checkout_url, sessionId: json.session_id };
}

/** Fills in the pay page's form as a person does, and sends it. */
export async function pay(
  checkoutUrl: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(checkoutUrl, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({
      email: 'buyer@example.com',
      name: 'B. Buyer',
      card_number: '4242 4242 4242 4242',
      exp: '12/34',
      cvc: '123',
      ...fields,
    }),
  });
}

/** Lets the bank answer a debit. */
export async function settleDebit(
  worker: TestWorker,
  sessionId: string,
  outcome: 'succeed' | 'fail',
): Promise<void> {
  const url = `${worker.stripe.url}/_sandbox/sessions/${sessionId}/settle`;
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ outcome }) });
  if (!response.ok) throw new Error(`not settled: ${response.status}`);
}

export async function balanceOf(worker: TestWorker, buyer: Buyer): Promise<number> {
  const { json } = await worker.request('/credits/balance', { token: buyer.token });
  return json.credits.balance;
}

/** The events of one type that Stripe made about one object. */
async function eventsAbout(worker: TestWorker, type: string, objectId: string): Promise<Stripe.Event[]> {
  const events = await stripeOf(worker).events.list({ type, limit: 100 });
  return events.data.filter(({ data }) => 'id' in data.object && data.object.id === objectId);
}

/** The event as the sandbox has it now, without the SDK's own members. */
export async function eventAbout(
  worker: TestWorker,
  type: string,
  objectId: string,
): Promise<Record<string, unknown>> {
  const [event] = await eventsAbout(worker, type, objectId);
  if (event === undefined) throw new Error(`there is no ${type} about ${objectId}`);
  return JSON.parse(JSON.stringify(event));
}

interface SigningOptions {
  readonly secret?: string;
  /** Unix seconds; the present by default. */
  readonly timestamp?: number;
}

/** A `Stripe-Signature` header (https://docs.stripe.com/webhooks#verify-manually). */
export function signature(
  payload: string,
  secret: string,
  timestamp = Math.floor(Date.now() / 1000),
): string {
  const digest = createHmac('sha256', secret).update(`${timestamp}.${payload}`).digest('hex');
  return `t=${timestamp},v1=${digest}`;
}

/** Delivers content to the webhook as Stripe does; text is sent as it is. */
export async function deliver(
  worker: TestWorker,
  content: unknown,
  { secret = worker.stripe.webhookSecret, timestamp }: SigningOptions = {},
): Promise<TestAnswer> {
  const payload = typeof content === 'string' ? content : JSON.stringify(content);
  return worker.request('/payment/webhook', {
    body: payload,
    headers: { 'Stripe-Signature': signature(payload, secret, timestamp) },
  });
}

interface InboxRow {
  readonly status: string;
  readonly ignored_reason: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly customer_id: string | null;
  readonly payload: string;
}

export async function inboxRow(worker: TestWorker, eventId: unknown): Promise<InboxRow | undefined> {
  const rows = await worker.database.query<InboxRow & Record<string, unknown>>(
    'select status, ignored_reason, attempts, last_error, customer_id, payload from webhook_events where event_id = $1',
    [eventId],
  );
  return rows[0];
}

/** Waits until the inbox has no event that is still to be processed. */
export async function processed(worker: TestWorker): Promise<void> {
  await untilProcessed(worker);
}

/** Makes every event that waits for its next try due at once. */
export async function makeDue(worker: TestWorker): Promise<void> {
  await worker.database.query(
    "update webhook_events set next_attempt_at = now(), lease_until = lease_until - interval '1 hour' where status in ('pending', 'failed', 'processing')",
  );
}

/** What waits for its next try is tried, by the scheduled sweep or by a message that comes late. */
export async function tryAgain(worker: TestWorker): Promise<void> {
  await makeDue(worker);
  await worker.scheduled();
  await processed(worker);
}

/** Everything of the ledger and the books that a customer has, to be compared before and after. */
export async function booksOf(worker: TestWorker, buyer: Buyer) {
  const select = (columns: string, table: string) =>
    worker.database.query(
      `select ${columns} from ${table} where customer_id = (select id from customers where subject = $1) order by 1`,
      [buyer.subject],
    );
  const [lots, transactions, payments, checkouts] = await Promise.all([
    select('source_ref, source, granted::int, remaining::int', 'credit_lots'),
    select(
      'sequence::int, transaction_type, amount::int, balance_after::int, source_ref',
      'credit_transactions',
    ),
    select('stripe_payment_intent_id, stripe_invoice_id, amount_minor::int, currency', 'payments'),
    select('stripe_session_id, stripe_subscription_id, mode, status', 'checkouts'),
  ]);
  return { lots, transactions, payments, checkouts };
}
