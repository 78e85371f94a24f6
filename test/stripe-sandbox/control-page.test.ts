import { request, type IncomingMessage } from 'node:http';
import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import type { StripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import { subscriber } from './billing-support.ts';
import {
  DAY,
  eventsOf,
  payByCard,
  priceOf,
  receiver,
  sandbox,
  sessionFor,
  stateOf,
  submit,
  typesOf,
} from './support.ts';

/** A page as a browser gets it. */
async function pageOf(server: StripeSandbox, path = ''): Promise<string> {
  const response = await fetch(`${server.url}/_sandbox${path}`, { headers: { accept: 'text/html' } });
  expect(response.status, path).toBe(200);
  return response.text();
}

/** Presses a button as a script does. */
async function press(server: StripeSandbox, path: string, fields: Record<string, string> = {}) {
  const response = await submit(`${server.url}/_sandbox${path}`, fields);
  return { status: response.status, json: JSON.parse(await response.text()) };
}

/** Presses a button as a browser does. */
function pressInBrowser(
  server: StripeSandbox,
  path: string,
  fields: Record<string, string>,
): Promise<Response> {
  return fetch(`${server.url}/_sandbox${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { accept: 'text/html' },
    redirect: 'manual',
  });
}

describe('the control page', () => {
  test('shows what is there, escaped, and all state as JSON', async () => {
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: endpoint });
    const { customer, subscription } = await subscriber(stripe, { name: 'Jenny <b>' });
    await server.settled();
    const home = await pageOf(server);
    expect(home).toContain('Jenny &lt;b&gt;');
    expect(home).not.toContain('Jenny <b>');
    expect(home).toContain(`/_sandbox/customers/${customer.id}`);
    expect(home).toContain('customer.subscription.created');
    const person = await pageOf(server, `/customers/${customer.id}`);
    expect(person).toContain(`/_sandbox/subscriptions/${subscription.id}/cancel`);
    expect(person).toContain('Visa •••• 4242');
    expect(person).toContain('£24.90');
    for (const path of [
      '/customers',
      '/sessions',
      '/events',
      '/deliveries',
      '/endpoints',
      '/chaos',
      '/settings',
    ]) {
      expect(await pageOf(server, path), path).toContain('Stripe sandbox');
    }
    const everything = await stateOf(server);
    for (const kind of [
      'products',
      'prices',
      'sessions',
      'payment_intents',
      'charges',
      'events',
      'deliveries',
    ] as const) {
      expect(everything[kind], kind).not.toEqual([]);
    }
    expect(everything.requests[0]).toMatchObject({
      method: 'GET',
      path: '/v1/subscriptions',
      status: 200,
    });
    expect((await fetch(`${server.url}/_sandbox/customers/cus_none`)).status).toBe(404);
  });

  test('shows what a deleted customer has left, and what people call things, as text', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const name = '"><script>alert(1)</script>';
    const { id: customer } = await stripe.customers.create({ name, email: 'a<b>@example.com' });
    const product = await stripe.products.create({ name });
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'gbp',
      unit_amount: 1000,
      recurring: { interval: 'month' },
    });
    await payByCard((await sessionFor(stripe, price, { customer })).url);
    const { url } = await sessionFor(stripe, price, { customer });
    const portal = await stripe.billingPortal.sessions.create({
      customer,
      return_url: `https://shop.example/${name}`,
    });
    const [invoice] = (await stripe.invoices.list({ customer })).data;
    const hosted = [url, portal.url, invoice?.hosted_invoice_url];
    const paths = ['', '/customers', '/payments', '/sessions', '/events', '/deliveries'];
    const textOf = async (address: string | null | undefined): Promise<string> => {
      const response = await fetch(address ?? '', { headers: { accept: 'text/html' } });
      expect(response.status, address ?? '').toBeLessThan(500);
      return response.text();
    };
    const all = [...paths.map((path) => `${server.url}/_sandbox${path}`), ...hosted];
    for (const address of all) expect(await textOf(address)).not.toContain('<script');
    expect(await pageOf(server, `/customers/${customer}`)).not.toContain('<script');
    await stripe.customers.del(customer);
    for (const address of all) expect(await textOf(address)).not.toContain('<script');
    expect((await fetch(portal.url)).status).toBe(404);
  });

  test('filters events by type; an event shows its content and how it was delivered', async () => {
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: endpoint });
    await stripe.products.create({ name: '<script>' });
    await stripe.customers.create({});
    await server.settled();
    const [created] = (await stripe.events.list({ type: 'product.created' })).data;
    const filtered = await pageOf(server, '/events?type=product.*');
    expect(filtered).toContain(`/_sandbox/events/${created?.id}`);
    expect(filtered).not.toContain('customer.created</a>');
    const page = await pageOf(server, `/events/${created?.id}`);
    expect(page).toContain('&lt;script&gt;');
    expect(page).toContain('answer 200');
    expect(page).toContain(endpoint.url);
  });

  test('leads a form back to its page, and nowhere else', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const { id } = await stripe.customers.create({});
    const [event] = await eventsOf(stripe);
    const locationFor = async (back: string): Promise<string | null> => {
      const response = await pressInBrowser(server, `/customers/${id}/fail-next`, { back });
      return response.headers.get('location');
    };
    const since = `?since=${event?.id}`;
    expect(await locationFor(`/_sandbox/customers/${id}`)).toBe(`/_sandbox/customers/${id}${since}`);
    expect(await locationFor('/_sandbox/\r\nX-Evil: 1')).toBe(`/_sandbox/X-Evil:%201${since}`);
    for (const back of [
      'https://evil.example',
      '//evil.example',
      '/_sandboxx',
      '/_sandbox/../evil',
      '/_sandbox/%2e%2e/evil',
      'javascript:alert(1)',
      '',
    ]) {
      expect(await locationFor(back), back).toBe(`/_sandbox${since}`);
    }
  });

  test('tells which events came of a button', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const { customer } = await subscriber(stripe);
    const tell = async (path: string, fields: Record<string, string>): Promise<string> => {
      const { headers } = await pressInBrowser(server, path, fields);
      return pageOf(server, (headers.get('location') ?? '').replace('/_sandbox', ''));
    };
    const told = await tell('/time/advance', { by: 'month' });
    const [, news = ''] = /role="status">(.*?)<\/div>/s.exec(told) ?? [];
    expect(news.match(/invoice\.\w+(?=<\/a>)/g)).toEqual([
      'invoice.upcoming',
      'invoice.created',
      'invoice.finalized',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
    expect(told).toMatch(/3[012] days ahead of the wall clock/);
    expect(await tell(`/customers/${customer.id}/fail-next`, {})).toContain('No event tells of it');
    expect(await pageOf(server, '?since=evt_none')).not.toContain('role="status"');
  });

  test('lets nobody frame it, guess types or hear where a visitor comes from', async () => {
    const { sandbox: server } = await sandbox();
    for (const path of ['/_sandbox', '/_sandbox/state', '/none']) {
      const { headers } = await fetch(`${server.url}${path}`, { method: 'HEAD' });
      expect(headers.get('content-security-policy'), path).toMatch(
        /default-src 'none'.*frame-ancestors 'none'/,
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test.each([
    ['GET', '/_sandbox/', 200],
    ['HEAD', '/_sandbox', 200],
    ['GET', '/', 303],
    ['GET', '/none', 404],
    ['PUT', '/_sandbox/settings', 404],
    ['GET', '/_sandbox/settings/', 404],
    ['GET', '/_sandbox/..%2f', 404],
    ['GET', '/_sandbox/customers/%', 404],
    ['GET', '/_sandbox/customers/__proto__', 404],
    ['GET', '/c/pay/constructor', 404],
    ['GET', `/i/${'x'.repeat(10_000)}`, 404],
    ['POST', '/p/session/none', 404],
    ['GET', '//', 404],
    ['GET', '//[', 404],
    ['GET', 'none:[', 400],
  ])('answers %s %s with %i, and to a browser with a page', async (method, path, status) => {
    const { sandbox: server } = await sandbox();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { port: server.port, method, path, headers: { accept: 'text/html' } };
      request(options, resolve).once('error', reject).end();
    });
    answer.resume();
    expect(answer.statusCode).toBe(status);
    if (status === 200 || status === 404) expect(answer.headers['content-type']).toContain('text/html');
  });

  test.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{}, 200],
  ])('a form with %o gets %i', async (headers, status) => {
    const { sandbox: server } = await sandbox();
    const url = `${server.url}/_sandbox/chaos`;
    const body = new URLSearchParams({ seed: '1' });
    expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(status);
  });
});

describe('the time', () => {
  test('moves by steps, and to what happens next, which the page names', async () => {
    const { sandbox: server, stripe } = await sandbox({ now: () => new Date('2027-03-01T00:00:00Z') });
    const { customer, subscription } = await subscriber(stripe);
    const renewal = subscription.items.data[0]?.current_period_end ?? 0;
    expect(await pageOf(server)).toContain('invoice.created');
    const before = (await press(server, '/time/advance', { by: 'hour' })).json.now;
    expect((await press(server, '/time/advance', { by: 'day' })).json.now).toBe(before + DAY);
    expect((await press(server, '/time/advance', { to: String(renewal - 10) })).status).toBe(200);
    expect((await press(server, '/time/advance', { by: 'week' })).status).toBe(200);
    const invoices = await stripe.invoices.list({ customer: customer.id });
    expect(invoices.data.map(({ billing_reason }) => billing_reason)).toEqual([
      'subscription_cycle',
      'subscription_create',
    ]);
    expect((await press(server, '/time/advance', { by: 'year' })).status).toBe(400);
    expect((await press(server, '/time/advance', { to: '1' })).status).toBe(400);
    expect((await press(server, '/time/advance', { to: '99999999999999' })).status).toBe(400);
  });

  test('looking at what happens next changes nothing', async () => {
    const { sandbox: server, stripe } = await sandbox();
    await subscriber(stripe);
    const before = await stateOf(server);
    await pageOf(server);
    const after = await stateOf(server);
    expect(after['invoices']).toEqual(before['invoices']);
    expect(after['events']).toEqual(before['events']);
  });

  test('shows a customer what happens next to them alone', async () => {
    const { sandbox: server, stripe } = await sandbox();
    await subscriber(stripe);
    const { id } = await stripe.customers.create({});
    expect(await pageOf(server)).toContain('invoice.created');
    expect(await pageOf(server, `/customers/${id}`)).toContain('Nothing waits for its time.');
  });

  test('of a test clock moves by itself', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1_800_000_000, name: 'Far' });
    const customer = await stripe.customers.create({ test_clock: clock.id });
    expect(await pageOf(server, `/customers/${customer.id}`)).toContain('Test clock Far');
    const moved = await press(server, `/test-clocks/${clock.id}/advance`, { by: 'day' });
    expect(moved.json).toMatchObject({ frozen_time: 1_800_086_400, status: 'ready' });
    expect((await press(server, `/test-clocks/${clock.id}/advance`, { by: 'next' })).status).toBe(400);
  });
});

describe('the buttons of a customer', () => {
  test('fail the next payment, and pay the invoice that it left open', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const { customer, subscription } = await subscriber(stripe);
    const failing = { decline_code: 'insufficient_funds' };
    expect((await press(server, `/customers/${customer.id}/fail-next`, failing)).status).toBe(200);
    expect(await pageOf(server, `/customers/${customer.id}`)).toContain('The next payment will fail.');
    await press(server, '/time/advance', { by: 'month' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
    const [invoice] = (await stripe.invoices.list({ customer: customer.id, status: 'open' })).data;
    expect(invoice?.attempt_count).toBe(1);
    const path = `/invoices/${invoice?.id}/pay`;
    expect(await pageOf(server, `/customers/${customer.id}`)).toContain(`/_sandbox${path}`);
    expect((await press(server, path)).json).toMatchObject({ status: 'paid' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect((await press(server, `/customers/${customer.id}/fail-next`, { decline_code: 'x' })).status).toBe(
      400,
    );
    expect((await press(server, `/customers/${customer.id}/fail-next`, { times: '-1' })).status).toBe(400);
  });

  test('cancel a subscription with its period, take that back, and cancel it now', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const { customer, subscription } = await subscriber(stripe);
    const path = `/subscriptions/${subscription.id}/cancel`;
    expect((await press(server, path, { when: 'period_end' })).json).toMatchObject({
      cancel_at_period_end: true,
    });
    expect(await pageOf(server, `/customers/${customer.id}`)).toContain('Do not cancel');
    expect((await press(server, path, { when: 'never' })).json).toMatchObject({ cancel_at: null });
    expect((await press(server, path, { when: 'now' })).json).toMatchObject({ status: 'canceled' });
    expect(await pageOf(server, `/customers/${customer.id}`)).not.toContain(`/_sandbox${path}`);
    expect((await press(server, path, { when: 'sometime' })).status).toBe(400);
  });

  test('open the portal', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const { customer } = await subscriber(stripe);
    const response = await fetch(`${server.url}/_sandbox/customers/${customer.id}/portal`, {
      method: 'POST',
      headers: { accept: 'text/html' },
    });
    expect(response.url).toContain('/p/session/');
    expect(await response.text()).toContain('Billing of Jenny');
  });

  test('settle a debit, and let an open session expire', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny' });
    const price = await priceOf(stripe, 400);
    const debit = await sessionFor(stripe, price, { customer: customer.id });
    await submit(debit.url, { payment_method: 'bacs_debit' });
    const [intent] = (await stripe.paymentIntents.list()).data;
    const path = `/payments/${intent?.id}/settle`;
    expect(await pageOf(server, `/customers/${customer.id}`)).toContain(`/_sandbox${path}`);
    expect((await press(server, path, { outcome: 'maybe' })).status).toBe(400);
    expect((await press(server, path, { outcome: 'succeed' })).json).toMatchObject({ status: 'succeeded' });
    expect((await press(server, path, { outcome: 'succeed' })).status).toBe(400);
    expect((await stripe.checkout.sessions.retrieve(debit.id)).payment_status).toBe('paid');
    const open = await sessionFor(stripe, price);
    expect((await press(server, `/sessions/${open.id}/expire`)).json).toMatchObject({ status: 'expired' });
    expect((await press(server, `/sessions/${open.id}/settle`, { outcome: 'fail' })).status).toBe(400);
  });
});

describe('the buttons of a payment', () => {
  /** The charge of a card payment of £10 by nobody we know. */
  async function paid(stripe: Stripe): Promise<string> {
    const session = await sessionFor(stripe, await priceOf(stripe, 1000));
    await payByCard(session.url);
    return (await stripe.charges.list()).data[0]?.id ?? '';
  }

  test('refund a part, then the rest; let a refund fail', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const charge = await paid(stripe);
    expect(await pageOf(server, '/payments')).toContain(`/_sandbox/charges/${charge}/refund`);
    const part = await press(server, `/charges/${charge}/refund`, { amount: '300' });
    expect(part.json).toMatchObject({ object: 'refund', amount: 300, status: 'succeeded' });
    expect((await press(server, `/charges/${charge}/refund`, { amount: '701' })).status).toBe(400);
    const typed = await press(server, `/charges/${charge}/refund`, { money: ' 1.5' });
    expect(typed.json).toMatchObject({ amount: 150 });
    for (const money of ['-1', '1e2', '1.234', '£1', '5.51']) {
      expect((await press(server, `/charges/${charge}/refund`, { money })).status, money).toBe(400);
    }
    expect(await pageOf(server, '/payments')).toContain('value="5.50"');
    expect((await press(server, `/charges/${charge}/refund`)).json).toMatchObject({ amount: 550 });
    expect((await stripe.charges.retrieve(charge)).refunded).toBe(true);
    const page = await pageOf(server, '/payments');
    expect(page).not.toContain(`/_sandbox/charges/${charge}/refund`);
    expect(page).toContain(`/_sandbox/refunds/${part.json.id}/fail`);
    expect((await press(server, `/refunds/${part.json.id}/fail`)).json).toMatchObject({ status: 'failed' });
    expect((await stripe.charges.retrieve(charge)).amount_refunded).toBe(700);
    expect(await typesOf(stripe)).toContain('refund.failed');
  });

  test('dispute it, and win or lose', async () => {
    const { sandbox: server, stripe } = await sandbox();
    for (const outcome of ['won', 'lost']) {
      const charge = await paid(stripe);
      const { json } = await press(server, `/charges/${charge}/dispute`, { kind: 'fraudulent' });
      expect(json).toMatchObject({ object: 'dispute', reason: 'fraudulent', status: 'needs_response' });
      expect(await pageOf(server, '/payments')).toContain(`/_sandbox/disputes/${json.id}/close`);
      const closed = await press(server, `/disputes/${json.id}/close`, { outcome });
      expect(closed.json).toMatchObject({ status: outcome });
      expect((await press(server, `/disputes/${json.id}/close`, { outcome })).status).toBe(400);
    }
    expect(await pageOf(server, '/payments')).not.toContain('/close');
  });

  test('inquire, and make it a dispute', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const { json } = await press(server, `/charges/${await paid(stripe)}/dispute`, { kind: 'inquiry' });
    expect(json.status).toBe('warning_needs_response');
    expect(await pageOf(server, '/payments')).toContain(`/_sandbox/disputes/${json.id}/escalate`);
    const escalated = await press(server, `/disputes/${json.id}/escalate`);
    expect(escalated.json).toMatchObject({ status: 'needs_response' });
    expect((await press(server, `/charges/ch_none/dispute`, { kind: 'inquiry' })).status).toBe(404);
  });
});

test('settings are saved', async () => {
  const { sandbox: server } = await sandbox();
  const saved = await press(server, '/settings', { after_last_retry: 'past_due' });
  expect(saved.json).toMatchObject({ afterLastRetry: 'past_due' });
  expect(await pageOf(server, '/settings')).toMatch(/value="past_due"\s+checked/);
  expect((await press(server, '/settings', { after_last_retry: 'sleep' })).status).toBe(400);
});

test('an endpoint shows the end of its secrets only, and can be disabled', async () => {
  const { sandbox: server, stripe } = await sandbox();
  const { id, secret = '' } = await stripe.webhookEndpoints.create({
    url: 'http://127.0.0.1:1/',
    enabled_events: ['*'],
  });
  await press(server, `/endpoints/${id}/roll`, { overlap_seconds: '60' });
  const page = await pageOf(server, '/endpoints');
  expect(page).toContain(`whsec_…${secret.slice(-4)}`);
  expect(page).not.toContain(secret);
  expect((await press(server, `/endpoints/${id}`, { disabled: 'true' })).json).toMatchObject({
    status: 'disabled',
  });
  expect((await stripe.webhookEndpoints.retrieve(id)).status).toBe('disabled');
});

test('a story of chaos is told on its page', async () => {
  const { sandbox: server, stripe } = await sandbox();
  server.setChaos({ seed: 'spring', duplicate: 1, paths: ['/v1/prices'] });
  await stripe.products.create({ name: 'A' });
  const page = await pageOf(server, '/chaos');
  expect(page).toContain('value="spring"');
  expect(page).toContain('It is on.');
  expect(await typesOf(stripe)).toEqual(['product.created']);
});
