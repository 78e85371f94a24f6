import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startStripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import { openInvoiceOf } from './billing-support.ts';
import { payByCard, priceOf, receiver, sdk, sessionFor } from './support.ts';

test('a sandbox with a state file goes on where the one before it ended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ratecard-sandbox-'));
  const stateFile = join(folder, 'state.json');
  try {
    const first = await startStripeSandbox({ stateFile });
    const product = await sdk(first).products.create({ name: 'Kept' });
    const customer = await sdk(first).customers.create({});
    const { id: session } = await sessionFor(sdk(first), await priceOf(sdk(first), 400));
    const portal = await sdk(first).billingPortal.sessions.create({ customer: customer.id });
    const invoice = await openInvoiceOf(sdk(first), customer.id);
    const gone = await sdk(first).customers.create({});
    await sdk(first).customers.del(gone.id);
    await first.stop();

    const second = await startStripeSandbox({ stateFile });
    expect((await sdk(second).products.retrieve(product.id)).name).toBe('Kept');
    expect((await sdk(second).customers.retrieve(customer.id)).id).toBe(customer.id);
    expect(await sdk(second).customers.retrieve(gone.id)).toMatchObject({ deleted: true });
    expect((await sdk(second).events.list()).data.map(({ type }) => type)).toContain('product.created');
    await payByCard((await sdk(second).checkout.sessions.retrieve(session)).url);
    expect((await sdk(second).checkout.sessions.retrieve(session)).payment_status).toBe('paid');
    const moved = portal.url.replace(first.url, second.url);
    expect((await fetch(moved)).status).toBe(200);
    await payByCard((await sdk(second).invoices.retrieve(invoice.id)).hosted_invoice_url ?? null);
    expect((await sdk(second).invoices.retrieve(invoice.id)).status).toBe('paid');
    await second.stop();

    const other = await startStripeSandbox();
    await expect(sdk(other).products.retrieve(product.id)).rejects.toThrow('No such product');
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
    const { secret = '' } = await sdk(first).webhookEndpoints.create({
      url: endpoint.url,
      enabled_events: ['*'],
    });
    const key = { idempotencyKey: 'key-1' };
    const product = await sdk(first).products.create({ name: 'A' }, key);
    await first.settled();
    await first.stop();

    const second = await startStripeSandbox(options);
    await second.settled();
    expect(endpoint.received).toHaveLength(2);
    const { body = '', signature = '' } = endpoint.received[1] ?? {};
    const event = await sdk(second).webhooks.constructEventAsync(body, signature, secret);
    expect(event.type).toBe('product.created');
    expect(await sdk(second).events.retrieve(event.id)).toMatchObject({ pending_webhooks: 1 });
    second.setWebhookEndpoint(own);
    second.setWebhookEndpoint(own);
    await second.settled();
    expect(own.received).toHaveLength(1);
    expect(await sdk(second).events.retrieve(event.id)).toMatchObject({ pending_webhooks: 0 });

    const again = await sdk(second).products.create({ name: 'A' }, key);
    expect(again.id).toBe(product.id);
    await expect(sdk(second).products.create({ name: 'B' }, key)).rejects.toThrow('same parameters');
    await second.stop();
  } finally {
    await rm(folder, { recursive: true });
  }
});
