import { describe, expect, test } from 'vitest';
import { priceOf, receiver, sandbox, sessionFor, stateOf, submit } from './support.ts';

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
    const everything = await stateOf(server);
    for (const kind of [
      'products',
      'prices',
      'sessions',
      'payment_intents',
      'charges',
      'events',
      'deliveries',
    ]) {
      expect(everything[kind], kind).not.toEqual([]);
    }
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
