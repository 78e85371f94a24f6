import { describe, expect, test } from 'vitest';
import { eventsOf, payByCard, priceOf, sandbox, sessionFor, submit } from './support.ts';

describe('the pay page', () => {
  test('shows what is bought and a plain form', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'));
    const response = await fetch(session.url ?? '');
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page).toContain('Professional');
    expect(page).toContain('£24.90 / month');
    expect(page).toContain('value="jenny@example.com"');
    expect(page).toMatch(/<form method="post"/);
    expect(page).not.toContain('<script');
  });

  test('escapes what others wrote', async () => {
    const { stripe } = await sandbox();
    const product = await stripe.products.create({ name: '<script>alert(1)</script>' });
    const price = await stripe.prices.create({ product: product.id, currency: 'gbp', unit_amount: 400 });
    const session = await sessionFor(stripe, price);
    const page = await (
      await submit(session.url, {
        card_number: '4000000000000002',
        exp: '12/40',
        cvc: '123',
        name: '"><script>x',
      })
    ).text();
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)');
  });

  test('a paid card leads to success_url with the session id', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    const response = await payByCard(session.url, '4242 4242 4242 4242');
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`https://shop.example/done?session=${session.id}`);
  });

  test('cancel leads to cancel_url and leaves the session open', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    const response = await submit(session.url, { action: 'cancel' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('https://shop.example/pricing');
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  });

  test.each([
    ['4000000000000002', 'Your card was declined.', 'generic_decline'],
    ['4000000000009995', 'Your card has insufficient funds.', 'insufficient_funds'],
    ['4111111111111111', 'test mode, but used a non test card', 'test_mode_live_card'],
  ])(
    'card %s is declined with 402, and the same session can still be paid',
    async (number, message, code) => {
      const { stripe } = await sandbox();
      const session = await sessionFor(stripe, await priceOf(stripe, 400));
      const declined = await payByCard(session.url, number);
      expect(declined.status).toBe(402);
      expect(await declined.text()).toContain(message);
      const open = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
      expect(open).toMatchObject({
        status: 'open',
        payment_status: 'unpaid',
        payment_intent: {
          status: 'requires_payment_method',
          last_payment_error: { type: 'card_error', decline_code: code },
        },
      });
      expect((await payByCard(session.url)).status).toBe(303);
      expect((await stripe.paymentIntents.list()).data).toMatchObject([
        { status: 'succeeded', last_payment_error: null },
      ]);
      expect((await eventsOf(stripe)).slice(2).map(({ type }) => type)).toEqual([
        'payment_intent.created',
        'charge.failed',
        'payment_intent.payment_failed',
        'charge.succeeded',
        'payment_intent.succeeded',
        'checkout.session.completed',
      ]);
    },
  );

  test('what costs nothing completes without a payment', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 0, 'month'));
    expect((await payByCard(session.url)).status).toBe(303);
    const complete = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['invoice', 'subscription'],
    });
    expect(complete).toMatchObject({
      payment_status: 'no_payment_required',
      invoice: { status: 'paid', amount_paid: 0 },
      subscription: { status: 'active' },
    });
    expect((await stripe.paymentIntents.list()).data).toEqual([]);
  });

  test('a declined subscription makes no subscription', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'));
    expect((await payByCard(session.url, '4000000000000002')).status).toBe(402);
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
    expect((await stripe.invoices.list()).data).toEqual([]);
  });

  test.each([
    ['a mistyped number', { card_number: '4242424242424241' }, 'card number is invalid'],
    ['a past expiry', { exp: '12/20' }, 'in the past'],
    ['a missing expiry', { exp: '' }, 'date is incomplete'],
    ['a missing code', { cvc: '' }, 'security code is incomplete'],
  ])('%s is told and nothing happens', async (_what, fields, message) => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    const response = await submit(session.url, {
      card_number: '4242424242424242',
      exp: '12/40',
      cvc: '123',
      ...fields,
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(message);
    expect((await stripe.paymentIntents.list()).data).toEqual([]);
  });

  test('asks for an e-mail address when nobody gave one', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create({ name: 'Jenny' });
    const session = await sessionFor(stripe, await priceOf(stripe, 400), { customer: customer.id });
    const card = { card_number: '4242424242424242', exp: '12/40', cvc: '123' };
    expect((await submit(session.url, card)).status).toBe(400);
    expect((await submit(session.url, { ...card, email: 'jenny@example.com' })).status).toBe(303);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      customer: customer.id,
      customer_details: { email: 'jenny@example.com' },
    });
  });

  test('a card that needs authentication waits for the buyer: confirmed, it is paid', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    const asked = await payByCard(session.url, '4000002500003155');
    expect(asked.status).toBe(200);
    expect(await asked.text()).toContain('value="confirm"');
    expect((await stripe.paymentIntents.list()).data).toMatchObject([{ status: 'requires_action' }]);
    expect((await submit(session.url, { action: 'confirm' })).status).toBe(303);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_status: 'paid' });
  });

  test('refused at the bank, the session stays open; a confirmation out of the blue pays nothing', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    expect((await submit(session.url, { action: 'confirm' })).status).toBe(402);
    await payByCard(session.url, '4000002500003155');
    expect((await submit(session.url, { action: 'refuse' })).status).toBe(402);
    expect((await submit(session.url, { action: 'confirm' })).status).toBe(402);
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  });

  test('paying twice, at once or later, makes one payment', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'));
    const tabs = await Promise.all([1, 2, 3, 4].map(() => payByCard(session.url)));
    expect(tabs.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
    await payByCard(session.url);
    expect((await stripe.paymentIntents.list()).data).toHaveLength(1);
    expect((await stripe.subscriptions.list()).data).toHaveLength(1);
    expect((await stripe.events.list({ type: 'checkout.session.completed' })).data).toHaveLength(1);
    const page = await (await fetch(session.url ?? '')).text();
    expect(page).toContain('all done here');
  });

  test('an expired session cannot be paid: by its time, or at once', async () => {
    let now = new Date('2027-03-01T00:00:00Z');
    const { stripe } = await sandbox({ now: () => now });
    const price = await priceOf(stripe, 400);
    const late = await sessionFor(stripe, price);
    const ended = await sessionFor(stripe, price);
    expect(await stripe.checkout.sessions.expire(ended.id)).toMatchObject({ status: 'expired', url: null });
    await expect(stripe.checkout.sessions.expire(ended.id)).rejects.toMatchObject({ statusCode: 400 });
    now = new Date('2027-03-02T00:00:01Z');
    for (const session of [late, ended]) {
      expect((await payByCard(session.url)).status).toBe(410);
      expect((await fetch(session.url ?? '')).status).toBe(410);
    }
    expect((await stripe.events.list({ type: 'checkout.session.expired' })).data).toHaveLength(2);
  });

  test('time alone expires a session', async () => {
    let now = new Date('2027-03-01T00:00:00Z');
    const { sandbox: server, stripe } = await sandbox({ now: () => now });
    await sessionFor(stripe, await priceOf(stripe, 400));
    now = new Date('2027-03-03T00:00:00Z');
    await expect.poll(async () => (await eventsOf(stripe)).at(-1)?.type).toBe('checkout.session.expired');
    expect(server.requests.length).toBeGreaterThan(0);
  });
});

describe('a bank debit', () => {
  test.each([
    ['succeed', 'paid', 'checkout.session.async_payment_succeeded', 'succeeded'],
    ['fail', 'unpaid', 'checkout.session.async_payment_failed', 'requires_payment_method'],
  ])('completes unpaid, and when it does %s the session is %s', async (outcome, payment, event, intent) => {
    const { sandbox: server, stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    expect((await submit(session.url, { payment_method: 'bacs_debit' })).status).toBe(303);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
    });
    const settle = (): Promise<Response> =>
      submit(`${server.url}/_sandbox/sessions/${session.id}/settle`, { outcome });
    expect((await settle()).status).toBe(200);
    expect((await settle()).status).toBe(400);
    expect(await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] })).toMatchObject(
      {
        status: 'complete',
        payment_status: payment,
        payment_intent: { status: intent },
      },
    );
    expect((await eventsOf(stripe)).at(-1)?.type).toBe(event);
  });

  test('is not for subscriptions', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'));
    expect((await submit(session.url, { payment_method: 'bacs_debit' })).status).toBe(400);
  });
});
