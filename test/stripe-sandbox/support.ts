import { createServer, type IncomingMessage } from 'node:http';
import Stripe from 'stripe';
import { onTestFinished } from 'vitest';
import {
  startStripeSandbox,
  type StripeSandbox,
  type StripeSandboxOptions,
} from '../../dev/stripe-sandbox/index.ts';
import type { SandboxState } from '../../dev/stripe-sandbox/pages/control/state.ts';

/** Unix seconds of 1 January 2026, where stories on a test clock begin, and the seconds of an hour and a day. */
export const NEW_YEAR = Date.UTC(2026, 0, 1) / 1000;
export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** A sandbox for one test, and the official SDK pointed at it. */
export async function sandbox(
  options: StripeSandboxOptions = {},
): Promise<{ sandbox: StripeSandbox; stripe: Stripe }> {
  const started = await startStripeSandbox(options);
  onTestFinished(() => started.stop());
  return { sandbox: started, stripe: sdk(started) };
}

/** Without retries of its own, so that a test sees every answer. */
export function sdk(to: StripeSandbox, config: Stripe.StripeConfig = {}): Stripe {
  return new Stripe(to.apiKey, {
    host: '127.0.0.1',
    port: to.port,
    protocol: 'http',
    httpClient: Stripe.createFetchHttpClient(),
    maxNetworkRetries: 0,
    ...config,
  });
}

/** A GBP price of `unit_amount` pence; with `interval`, a recurring one. */
export async function priceOf(
  stripe: Stripe,
  unit_amount: number,
  interval?: 'month' | 'year',
): Promise<Stripe.Price> {
  const product = await stripe.products.create({ name: 'Professional' });
  return stripe.prices.create({
    product: product.id,
    currency: 'gbp',
    unit_amount,
    ...(interval && { recurring: { interval } }),
  });
}

const SUCCESS_URL = 'https://shop.example/done?session={CHECKOUT_SESSION_ID}';
const CANCEL_URL = 'https://shop.example/pricing';

/** An open session for one `price`. */
export async function sessionFor(
  stripe: Stripe,
  price: Stripe.Price,
  params: Stripe.Checkout.SessionCreateParams = {},
): Promise<Stripe.Checkout.Session> {
  return stripe.checkout.sessions.create({
    mode: price.type === 'recurring' ? 'subscription' : 'payment',
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: SUCCESS_URL,
    cancel_url: CANCEL_URL,
    ...(params.customer === undefined && { customer_email: 'jenny@example.com' }),
    ...params,
  });
}

/** Sends the pay page's form as a browser without JavaScript does. */
export function submit(url: string | null, fields: Record<string, string>): Promise<Response> {
  return fetch(url ?? '', { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
}

export function payByCard(url: string | null, card_number = '4242424242424242'): Promise<Response> {
  return submit(url, { action: 'pay', card_number, exp: '12/40', cvc: '123' });
}

export interface Received {
  readonly body: string;
  readonly signature: string;
}

/** A webhook endpoint that keeps what it gets and answers what `answer` says for each, in order. */
export async function receiver(
  answer: (count: number) => number | 'hang' | Promise<number> = () => 200,
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    received.push({ body, signature: String(request.headers['stripe-signature']) });
    const status = await answer(received.length);
    if (status !== 'hang') response.writeHead(status).end(`answer ${status}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The receiver does not listen on TCP.');
  return { url: `http://127.0.0.1:${address.port}/`, received };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** The types of the events so far, oldest first. */
export async function typesOf(stripe: Stripe): Promise<string[]> {
  return (await eventsOf(stripe)).map(({ type }) => type);
}

/** The events so far, oldest first. */
export async function eventsOf(stripe: Stripe): Promise<Stripe.Event[]> {
  const events = await stripe.events.list({ limit: 100 });
  return events.data.toReversed();
}

/** What the SDK throws for a request that Stripe refuses. */
export async function refusal(request: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await request;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('The request was not refused.');
}

/** A request with what the SDK's types would not allow. */
export function raw(
  to: StripeSandbox,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  options: { form?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(`${to.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${to.apiKey}`,
      ...(options.form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...options.headers,
    },
    ...(options.form !== undefined && { body: options.form }),
    ...(options.signal && { signal: options.signal }),
  });
}

/** All that the sandbox knows. */
export async function stateOf(of: StripeSandbox): Promise<SandboxState> {
  const response = await fetch(`${of.url}/_sandbox/state`);
  return JSON.parse(await response.text());
}
