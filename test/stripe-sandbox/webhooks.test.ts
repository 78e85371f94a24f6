import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { payByCard, priceOf, receiver, refusal, sandbox, sessionFor, stateOf, submit } from './support.ts';

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
    expect(types.slice(3)).toEqual([
      'payment_intent.created',
      'customer.created',
      'payment_method.attached',
      'charge.succeeded',
      'payment_intent.succeeded',
      'customer.subscription.created',
      'invoice.created',
      'customer.updated',
      'invoice.finalized',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
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
    const { deliveries } = await stateOf(server);
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
    await expect.poll(async () => (await stateOf(server)).deliveries.length).toBe(2);
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
    expect((await stateOf(server)).deliveries).toMatchObject([
      { status: null, answer: expect.any(String) },
      { status: null, answer: 'timed out' },
    ]);
  });

  test('can be sent again, and go nowhere without an endpoint', async () => {
    const { sandbox: server, stripe } = await sandbox();
    await stripe.products.create({ name: 'A' });
    const [event] = (await stripe.events.list()).data;
    expect(event?.pending_webhooks).toBe(0);
    expect((await submit(`${server.url}/_sandbox/events/${event?.id}/resend`, {})).status).toBe(400);
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
    const { sandbox: server, stripe } = await sandbox({
      webhookEndpoint: silent,
      deliveryTimeoutSeconds: 3600,
    });
    await stripe.products.create({ name: 'A' });
    await expect.poll(() => silent.received.length).toBe(1);
    await server.stop();
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });
});

describe('webhook endpoints', () => {
  test('are made with a secret that is shown once, changed, listed and deleted', async () => {
    const { stripe } = await sandbox();
    const { secret, ...endpoint } = await stripe.webhookEndpoints.create({
      url: 'https://shop.example/hook',
      enabled_events: ['invoice.paid', 'charge.refunded'],
      api_version: '2025-03-31.basil',
      description: 'Ours',
      metadata: { a: '1' },
    });
    expect(secret).toMatch(/^whsec_\w{32}$/);
    expect(await stripe.webhookEndpoints.retrieve(endpoint.id)).toEqual(endpoint);
    expect(endpoint).toMatchObject({
      status: 'enabled',
      api_version: '2025-03-31.basil',
      metadata: { a: '1' },
    });
    const other = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1/', enabled_events: ['*'] });
    expect((await stripe.webhookEndpoints.list()).data.map(({ id }) => id)).toEqual([other.id, endpoint.id]);
    const updated = await stripe.webhookEndpoints.update(endpoint.id, {
      disabled: true,
      enabled_events: ['*'],
      description: '',
      metadata: { a: '', b: '2' },
      url: 'https://shop.example/other',
    });
    expect(updated).toMatchObject({
      status: 'disabled',
      enabled_events: ['*'],
      description: null,
      metadata: { b: '2' },
      url: 'https://shop.example/other',
    });
    expect(updated).not.toHaveProperty('secret');
    expect(await stripe.webhookEndpoints.del(other.id)).toMatchObject({ deleted: true });
    expect(await refusal(stripe.webhookEndpoints.retrieve(other.id))).toMatchObject({ statusCode: 404 });
  });

  test.each([
    [{ url: 'shop.example/hook', enabled_events: ['*'] }, 'url'],
    [{ url: 'ftp://shop.example/hook', enabled_events: ['*'] }, 'url'],
    [{ url: 'https://shop.example/hook', enabled_events: ['*', 'invoice.paid'] }, 'enabled_events'],
    [
      { url: 'https://shop.example/hook', enabled_events: ['invoice.payed' as 'invoice.paid'] },
      'enabled_events[0]',
    ],
    [{ url: 'https://shop.example/hook', enabled_events: ['*'], connect: true }, 'connect'],
  ] as const)('%o is refused', async (params, param) => {
    const { stripe } = await sandbox();
    const created = stripe.webhookEndpoints.create({ ...params, enabled_events: [...params.enabled_events] });
    expect(await refusal(created)).toMatchObject({ statusCode: 400, param });
  });

  test('each gets what it wants, in its version, signed by its own secret', async () => {
    const [all, products] = [await receiver(), await receiver()];
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: all });
    const { secret = '' } = await stripe.webhookEndpoints.create({
      url: products.url,
      enabled_events: ['product.created'],
      api_version: '2025-03-31.basil',
    });
    await stripe.products.create({ name: 'A' });
    await stripe.customers.create({});
    await server.settled();
    expect(all.received.map(({ body }) => typeOf(body))).toEqual(['product.created', 'customer.created']);
    expect(products.received).toHaveLength(1);
    const { body = '', signature = '' } = products.received[0] ?? {};
    const event = await stripe.webhooks.constructEventAsync(body, signature, secret);
    expect(event).toMatchObject({ api_version: '2025-03-31.basil', type: 'product.created' });
    expect(all.received[0]?.body).toContain(`"api_version": "${Stripe.API_VERSION}"`);
    await expect(stripe.webhooks.constructEventAsync(body, signature, server.webhookSecret)).rejects.toThrow(
      'No signatures found',
    );
  });

  test('pending_webhooks counts the endpoints that have not taken the event', async () => {
    const [good, bad] = [await receiver(), await receiver(() => 500)];
    const { sandbox: server, stripe } = await sandbox({ retryDelaysSeconds: [] });
    for (const { url } of [good, bad]) await stripe.webhookEndpoints.create({ url, enabled_events: ['*'] });
    await stripe.products.create({ name: 'A' });
    await server.settled();
    expect(JSON.parse(good.received[0]?.body ?? '').pending_webhooks).toBe(2);
    expect((await stripe.events.list({ delivery_success: false })).data).toMatchObject([
      { pending_webhooks: 1 },
    ]);
    expect((await stripe.events.list({ delivery_success: true })).data).toEqual([]);
  });

  test('get nothing more, not even retries, when they are disabled or deleted', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<number>();
    const [disabled, deleted] = [await receiver(() => answered), await receiver(() => answered)];
    const witness = await receiver(() => answered);
    const { sandbox: server, stripe } = await sandbox({ retryDelaysSeconds: [0.01, 0.01] });
    const endpoints = [];
    for (const { url } of [disabled, deleted, witness]) {
      endpoints.push((await stripe.webhookEndpoints.create({ url, enabled_events: ['*'] })).id);
    }
    await stripe.products.create({ name: 'A' });
    await expect.poll(() => [disabled.received.length, deleted.received.length]).toEqual([1, 1]);
    await stripe.webhookEndpoints.update(endpoints[0] ?? '', { disabled: true });
    await stripe.webhookEndpoints.del(endpoints[1] ?? '');
    answer(500);
    await expect.poll(() => witness.received.length).toBe(3);
    expect([disabled.received.length, deleted.received.length]).toEqual([1, 1]);
    await stripe.webhookEndpoints.update(endpoints[0] ?? '', { disabled: false });
    await stripe.products.create({ name: 'C' });
    await server.settled();
    expect(JSON.parse(disabled.received[1]?.body ?? '').data.object.name).toBe('C');
  });

  test('a rolled secret signs beside the new one until it expires', async () => {
    let time = Date.UTC(2026, 10, 2);
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ now: () => new Date(time) });
    const { id, secret: old = '' } = await stripe.webhookEndpoints.create({
      url: endpoint.url,
      enabled_events: ['*'],
    });
    const roll = async (overlap_seconds: string): Promise<string> => {
      const rolled = await submit(`${server.url}/_sandbox/endpoints/${id}/roll`, { overlap_seconds });
      expect(rolled.status).toBe(200);
      return JSON.parse(await rolled.text()).secret;
    };
    const next = await roll('3600');
    const signedBy = async (): Promise<boolean[]> => {
      await stripe.products.create({ name: 'A' });
      await server.settled();
      const { body = '', signature = '' } = endpoint.received.at(-1) ?? {};
      const isSigned = (secret: string): Promise<boolean> =>
        stripe.webhooks.constructEventAsync(body, signature, secret).then(
          () => true,
          () => false,
        );
      return [await isSigned(old), await isSigned(next)];
    };
    expect(await signedBy()).toEqual([true, true]);
    expect(endpoint.received[0]?.signature).toMatch(/^t=\d+,v1=\w{64},v1=\w{64}$/);
    time += 3_600_000;
    expect(await signedBy()).toEqual([false, true]);
    await roll('0');
    expect(await signedBy()).toEqual([false, false]);
    const refused = { overlap_seconds: String(24 * 3600 + 1) };
    expect((await submit(`${server.url}/_sandbox/endpoints/${id}/roll`, refused)).status).toBe(400);
  });

  test('one endpoint alone can be sent an event again', async () => {
    const [one, other] = [await receiver(), await receiver()];
    const { sandbox: server, stripe } = await sandbox();
    const { id } = await stripe.webhookEndpoints.create({ url: one.url, enabled_events: ['*'] });
    await stripe.webhookEndpoints.create({ url: other.url, enabled_events: ['*'] });
    await stripe.products.create({ name: 'A' });
    const [event] = (await stripe.events.list()).data;
    const sent = await submit(`${server.url}/_sandbox/events/${event?.id}/resend`, { endpoint: id });
    expect(await sent.json()).toEqual({ sent: event?.id, endpoints: 1 });
    await server.settled();
    expect([one.received.length, other.received.length]).toEqual([2, 1]);
  });
});

test('deliveries to one endpoint begin in the order of the events, a few at a time', async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<number>();
  const slow = await receiver(() => answered);
  const names = (): string[] => slow.received.map(({ body }) => JSON.parse(body).data.object.name);
  const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: slow });
  for (let name = 0; name < 9; name += 1) await stripe.products.create({ name: String(name) });
  await expect.poll(() => slow.received.length).toBe(5);
  expect(names().toSorted()).toEqual(['0', '1', '2', '3', '4']);
  answer(200);
  await server.settled();
  expect(names().slice(5).toSorted()).toEqual(['5', '6', '7', '8']);
});

test('events are listed by type, and for 30 days', async () => {
  let time = Date.UTC(2026, 10, 2);
  const { stripe } = await sandbox({ now: () => new Date(time) });
  const product = await stripe.products.create({ name: 'A' });
  await stripe.products.update(product.id, { name: 'B' });
  await stripe.customers.create({});
  const typesOf = async (params: Stripe.EventListParams): Promise<string[]> =>
    (await stripe.events.list(params)).data.map(({ type }) => type);
  const ofProducts = ['product.updated', 'product.created'];
  expect(await typesOf({ type: 'product.*' })).toEqual(ofProducts);
  expect(await typesOf({ types: ['product.created', 'customer.created'] })).toEqual([
    'customer.created',
    'product.created',
  ]);
  expect(await typesOf({ created: { gt: time / 1000 } })).toEqual([]);
  expect(await refusal(stripe.events.list({ type: 'a', types: ['b'] }))).toMatchObject({ statusCode: 400 });
  const [event] = (await stripe.events.list()).data;
  time += 30 * 24 * 3_600_000 - 1000;
  expect(await typesOf({})).toHaveLength(3);
  time += 1000;
  expect(await typesOf({})).toEqual([]);
  expect(await refusal(stripe.events.retrieve(event?.id ?? ''))).toMatchObject({ statusCode: 404 });
});

test('what happened while the time was moved ahead is as old as its own instant', async () => {
  const { sandbox: server, stripe } = await sandbox();
  const customer = await stripe.customers.create({
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  const price = await stripe.prices.create({
    currency: 'gbp',
    unit_amount: 500,
    recurring: { interval: 'month' },
    product_data: { name: 'Plan' },
  });
  await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  const body = new URLSearchParams({ by: 'month' });
  await fetch(`${server.url}/_sandbox/time/advance`, { method: 'POST', body });
  const { data } = await stripe.events.list({ type: 'invoice.paid' });
  expect(data.map(({ data: { object } }) => object)).toMatchObject([
    { billing_reason: 'subscription_cycle' },
  ]);
});
