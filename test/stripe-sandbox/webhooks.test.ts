import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { payByCard, priceOf, receiver, sandbox, sessionFor, submit } from './support.ts';

const typeOf = (body: string): string => JSON.parse(body).type;

describe('webhooks', () => {
  test('are signed so that the SDK accepts them, and only with the right secret', async () => {
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: endpoint });
    await stripe.products.create({ name: 'Größe <1>' });
    await server.settled();
    const [delivery] = endpoint.received;
    const { body = '', signature = '' } = delivery ?? {};
    const event = await stripe.webhooks.constructEventAsync(body, signature, server.webhookSecret);
    expect(event).toMatchObject({
      object: 'event',
      type: 'product.created',
      api_version: Stripe.API_VERSION,
      livemode: false,
      pending_webhooks: 1,
      data: { object: { name: 'Größe <1>' } },
    });
    expect(event.request?.id).toMatch(/^req_/);
    expect(body).toContain('\n  "object": "event",\n');
    await expect(stripe.webhooks.constructEventAsync(body, signature, 'whsec_other')).rejects.toThrow(
      'No signatures found',
    );
    expect((await stripe.events.retrieve(event.id)).pending_webhooks).toBe(0);
  });

  test('tell of a payment in the order of Stripe', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    await payByCard(session.url);
    const types = (await stripe.events.list()).data.toReversed().map(({ type }) => type);
    expect(types).toEqual([
      'product.created',
      'price.created',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ]);
  });

  test('tell of a subscription in the order of Stripe', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'));
    await payByCard(session.url);
    const types = (await stripe.events.list({ limit: 100 })).data.toReversed().map(({ type }) => type);
    expect(types.slice(2)).toEqual([
      'payment_intent.created',
      'customer.created',
      'payment_method.attached',
      'customer.subscription.created',
      'invoice.created',
      'customer.updated',
      'invoice.finalized',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ]);
  });

  test('are tried again with the delays until they are taken', async () => {
    const endpoint = await receiver((count) => (count < 3 ? 500 : 200));
    const { sandbox: server, stripe } = await sandbox({
      webhookEndpoint: endpoint,
      retryDelaysSeconds: [0.01, 0.02, 0.03],
    });
    await stripe.products.create({ name: 'A' });
    await expect.poll(() => endpoint.received.length).toBe(3);
    await server.settled();
    const { deliveries } = await state(server.url);
    expect(deliveries).toMatchObject([
      { attempt: 3, status: 200, next_attempt_at: null, type: 'product.created' },
      { attempt: 2, status: 500, answer: 'answer 500' },
      { attempt: 1, status: 500, next_attempt_at: expect.any(String) },
    ]);
    expect(new Set(endpoint.received.map(({ body }) => body)).size).toBe(1);
  });

  test('are given up after the last delay and stay pending', async () => {
    const endpoint = await receiver(() => 400);
    const { sandbox: server, stripe } = await sandbox({
      webhookEndpoint: endpoint,
      retryDelaysSeconds: [0.01],
    });
    await stripe.products.create({ name: 'A' });
    await expect.poll(async () => (await state(server.url)).deliveries.length).toBe(2);
    expect((await stripe.events.list({ delivery_success: false })).data).toMatchObject([
      { pending_webhooks: 1 },
    ]);
  });

  test('a silent endpoint and one that is not there count as failed', async () => {
    const silent = await receiver(() => 'hang');
    const { sandbox: server, stripe } = await sandbox({
      webhookEndpoint: silent,
      deliveryTimeoutSeconds: 0.05,
      retryDelaysSeconds: [],
    });
    await stripe.products.create({ name: 'A' });
    await server.settled();
    server.setWebhookEndpoint({ url: 'http://127.0.0.1:1/' });
    await stripe.products.create({ name: 'B' });
    await server.settled();
    expect((await state(server.url)).deliveries).toMatchObject([
      { status: null, answer: expect.any(String) },
      { status: null, answer: 'timed out' },
    ]);
  });

  test('can be sent again, and go nowhere without an endpoint', async () => {
    const { sandbox: server, stripe } = await sandbox();
    await stripe.products.create({ name: 'A' });
    const [event] = (await stripe.events.list()).data;
    expect(event?.pending_webhooks).toBe(0);
    const endpoint = await receiver();
    server.setWebhookEndpoint(endpoint);
    const sent = await submit(`${server.url}/_sandbox/events/${event?.id}/resend`, {});
    expect(sent.status).toBe(200);
    await server.settled();
    expect(endpoint.received.map(({ body }) => typeOf(body))).toEqual(['product.created']);
    expect((await submit(`${server.url}/_sandbox/events/evt_none/resend`, {})).status).toBe(404);
  });

  test('stop ends deliveries under way', async () => {
    const silent = await receiver(() => 'hang');
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: silent });
    await stripe.products.create({ name: 'A' });
    await expect.poll(() => silent.received.length).toBe(1);
    await server.stop();
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });
});

describe('the control page', () => {
  test('shows sessions, events and deliveries, escaped, and all state as JSON', async () => {
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: endpoint });
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    await submit(session.url, { payment_method: 'bacs_debit' });
    await server.settled();
    const page = await (await fetch(`${server.url}/_sandbox`)).text();
    expect(page).toContain('checkout.session.completed');
    expect(page).toContain(`/_sandbox/sessions/${session.id}/settle`);
    const everything = await state(server.url);
    expect(Object.keys(everything)).toEqual([
      'products',
      'prices',
      'customers',
      'sessions',
      'payment_intents',
      'charges',
      'subscriptions',
      'invoices',
      'events',
      'deliveries',
      'requests',
    ]);
    expect(everything['requests']?.[0]).toMatchObject({
      method: 'POST',
      path: '/v1/checkout/sessions',
      status: 200,
    });
    const browser = await fetch(`${server.url}/_sandbox/sessions/${session.id}/settle`, {
      method: 'POST',
      body: new URLSearchParams({ outcome: 'succeed' }),
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect(browser.headers.get('location')).toBe('/_sandbox');
  });
});

async function state(url: string): Promise<Record<string, unknown[]> & { deliveries: unknown[] }> {
  const response = await fetch(`${url}/_sandbox/state`);
  return JSON.parse(await response.text());
}
