import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { startStripeSandbox, type StripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import { openInvoiceOf } from './billing-support.ts';
import { payByCard, priceOf, receiver, sessionFor } from './support.ts';

const sdkOf = (sandbox: StripeSandbox) =>
  new Stripe(sandbox.apiKey, { host: '127.0.0.1', port: sandbox.port, protocol: 'http' });

test('a sandbox with a state file goes on where the one before it ended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ratecard-sandbox-'));
  const stateFile = join(folder, 'state.json');
  try {
    const first = await startStripeSandbox({ stateFile });
    const product = await sdkOf(first).products.create({ name: 'Kept' });
    const customer = await sdkOf(first).customers.create({});
    const { id: session } = await sessionFor(sdkOf(first), await priceOf(sdkOf(first), 400));
    const portal = await sdkOf(first).billingPortal.sessions.create({ customer: customer.id });
    const invoice = await openInvoiceOf(sdkOf(first), customer.id);
    const gone = await sdkOf(first).customers.create({});
    await sdkOf(first).customers.del(gone.id);
    await first.stop();

    const second = await startStripeSandbox({ stateFile });
    expect((await sdkOf(second).products.retrieve(product.id)).name).toBe('Kept');
    expect((await sdkOf(second).customers.retrieve(customer.id)).id).toBe(customer.id);
    expect(await sdkOf(second).customers.retrieve(gone.id)).toMatchObject({ deleted: true });
    expect((await sdkOf(second).events.list()).data.map(({ type }) => type)).toContain('product.created');
    await payByCard((await sdkOf(second).checkout.sessions.retrieve(session)).url);
    expect((await sdkOf(second).checkout.sessions.retrieve(session)).payment_status).toBe('paid');
    const moved = portal.url.replace(first.url, second.url);
    expect((await fetch(moved)).status).toBe(200);
    await payByCard((await sdkOf(second).invoices.retrieve(invoice.id)).hosted_invoice_url ?? null);
    expect((await sdkOf(second).invoices.retrieve(invoice.id)).status).toBe('paid');
    await second.stop();

    const other = await startStripeSandbox();
    await expect(sdkOf(other).products.retrieve(product.id)).rejects.toThrow('No such product');
    await other.stop();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('endpoints, their secrets, what they have not taken and saved answers outlive a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ratecard-sandbox-'));
  const options = { stateFile: join(folder, 'state.json') };
  const endpoint = await receiver((count) => (count === 1 ? 500 : 200));
  const own = await receiver();
  try {
    const first = await startStripeSandbox({ ...options, webhookEndpoint: { url: 'http://127.0.0.1:1/' } });
    const { secret = '' } = await sdkOf(first).webhookEndpoints.create({
      url: endpoint.url,
      enabled_events: ['*'],
    });
    const key = { idempotencyKey: 'key-1' };
    const product = await sdkOf(first).products.create({ name: 'A' }, key);
    await first.settled();
    await first.stop();

    const second = await startStripeSandbox(options);
    await second.settled();
    expect(endpoint.received).toHaveLength(2);
    const { body = '', signature = '' } = endpoint.received[1] ?? {};
    const event = await sdkOf(second).webhooks.constructEventAsync(body, signature, secret);
    expect(event.type).toBe('product.created');
    expect(await sdkOf(second).events.retrieve(event.id)).toMatchObject({ pending_webhooks: 1 });
    second.setWebhookEndpoint(own);
    second.setWebhookEndpoint(own);
    await second.settled();
    expect(own.received).toHaveLength(1);
    expect(await sdkOf(second).events.retrieve(event.id)).toMatchObject({ pending_webhooks: 0 });

    const again = await sdkOf(second).products.create({ name: 'A' }, key);
    expect(again.id).toBe(product.id);
    await expect(sdkOf(second).products.create({ name: 'B' }, key)).rejects.toThrow('same parameters');
    await second.stop();
  } finally {
    await rm(folder, { recursive: true });
  }
});
