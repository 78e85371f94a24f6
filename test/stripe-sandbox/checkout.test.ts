import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  eventsOf,
  payByCard,
  priceOf,
  raw,
  receiver,
  refusal,
  sandbox,
  sessionFor,
  submit,
  typesOf,
} from './support.ts';

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

  test('leads to any address, and lets none begin another header', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400), {
      cancel_url: 'https://shop.example/\r\nX-Evil: 1',
      success_url: 'https://shop.example/schön',
    });
    const canceled = await submit(session.url, { action: 'cancel' });
    expect(canceled.headers.get('x-evil')).toBeNull();
    expect(canceled.headers.get('location')).toBe('https://shop.example/%0D%0AX-Evil:%201');
    expect((await payByCard(session.url)).headers.get('location')).toBe('https://shop.example/sch%C3%B6n');
  });

  test.each(['__proto__', 'constructor', 'toString', 'refund'])('refuses the action %s', async (action) => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    const answer = await submit(session.url, { action });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('Unknown action.');
  });

  test('shows after a mistake what was typed, escaped', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    const page = await (
      await submit(session.url, { card_number: '1234"><b>', exp: '12/40', name: 'J' })
    ).text();
    expect(page).toContain('value="1234&quot;&gt;&lt;b&gt;"');
    expect(page).toContain('value="12/40"');
    expect(page).toContain('value="J"');
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
      expect((await typesOf(stripe)).slice(2)).toEqual([
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
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ now: () => now, webhookEndpoint: endpoint });
    await sessionFor(stripe, await priceOf(stripe, 400));
    const asked = server.requests.length;
    now = new Date('2027-03-03T00:00:00Z');
    // Whoever asked the sandbox would make it catch up.
    await expect.poll(() => endpoint.received.at(-1)?.body).toContain('"checkout.session.expired"');
    expect(server.requests.length).toBe(asked);
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

  test('settles by itself some days later: the money comes, or the account has none', async () => {
    let now = new Date('2027-03-01T00:00:00Z');
    const { stripe } = await sandbox({ now: () => now });
    const price = await priceOf(stripe, 400);
    const [paid, failed] = [await sessionFor(stripe, price), await sessionFor(stripe, price)];
    await submit(paid.url, { payment_method: 'bacs_debit' });
    await submit(failed.url, { payment_method: 'bacs_debit', account: '22222227' });
    now = new Date('2027-03-08T00:00:00Z');
    expect(await stripe.checkout.sessions.retrieve(paid.id)).toMatchObject({ payment_status: 'paid' });
    expect(await stripe.checkout.sessions.retrieve(failed.id)).toMatchObject({ payment_status: 'unpaid' });
    const types = await typesOf(stripe);
    expect(types.filter((type) => type.includes('async')).toSorted()).toEqual([
      'checkout.session.async_payment_failed',
      'checkout.session.async_payment_succeeded',
    ]);
  });

  test('of a subscription pays its first invoice when the money comes', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'));
    expect((await submit(session.url, { payment_method: 'bacs_debit' })).status).toBe(303);
    const expanded = (): Promise<Stripe.Checkout.Session> =>
      stripe.checkout.sessions.retrieve(session.id, { expand: ['invoice', 'subscription'] });
    expect(await expanded()).toMatchObject({
      payment_status: 'unpaid',
      invoice: { status: 'open', amount_due: 2490 },
      subscription: { status: 'active' },
    });
    await submit(`${server.url}/_sandbox/sessions/${session.id}/settle`, { outcome: 'succeed' });
    expect(await expanded()).toMatchObject({ payment_status: 'paid', invoice: { status: 'paid' } });
    expect((await eventsOf(stripe)).at(-1)?.type).toBe('checkout.session.async_payment_succeeded');
  });

  test('is in the currency of its bank', async () => {
    const { stripe } = await sandbox();
    const product = await stripe.products.create({ name: 'Professional' });
    const sessionIn = async (currency: string): Promise<Stripe.Checkout.Session> => {
      const price = await stripe.prices.create({ product: product.id, currency, unit_amount: 400 });
      return sessionFor(stripe, price);
    };
    expect((await sessionIn('usd')).payment_method_types).toEqual(['card']);
    const euro = await sessionIn('eur');
    expect(euro.payment_method_types).toEqual(['card', 'sepa_debit']);
    expect((await submit(euro.url, { payment_method: 'bacs_debit' })).status).toBe(400);
    expect((await submit(euro.url, { payment_method: 'sepa_debit' })).status).toBe(303);
  });
});

describe('a trial', () => {
  const TRIAL = { subscription_data: { trial_period_days: 14 } };

  test('costs nothing today, and is paid by the card that is collected', async () => {
    const now = new Date('2027-03-01T00:00:00Z');
    const { stripe } = await sandbox({ now: () => now });
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'), TRIAL);
    expect(session).toMatchObject({ amount_subtotal: 0, amount_total: 0 });
    expect(await (await fetch(session.url ?? '')).text()).toContain('14 days free, then £24.90 / month');
    expect((await submit(session.url, {})).status).toBe(400);
    expect((await payByCard(session.url)).status).toBe(303);
    const complete = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['invoice', 'subscription.default_payment_method'],
    });
    expect(complete).toMatchObject({
      status: 'complete',
      payment_status: 'no_payment_required',
      invoice: { status: 'paid', amount_paid: 0, billing_reason: 'subscription_create' },
      subscription: {
        status: 'trialing',
        trial_end: Date.parse('2027-03-15T00:00:00Z') / 1000,
        default_payment_method: { card: { last4: '4242' } },
      },
    });
    expect((await stripe.paymentIntents.list()).data).toEqual([]);
  });

  test('of a card that its bank refuses to save does not begin', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'), TRIAL);
    expect((await payByCard(session.url, '4000000000000002')).status).toBe(402);
    expect((await payByCard(session.url, '4000002500003155')).status).toBe(200);
    expect((await stripe.subscriptions.list()).data).toEqual([]);
    expect((await submit(session.url, { action: 'confirm' })).status).toBe(303);
    expect((await stripe.subscriptions.list()).data).toMatchObject([{ status: 'trialing' }]);
    expect((await typesOf(stripe)).slice(3)).toEqual([
      'setup_intent.created',
      'setup_intent.setup_failed',
      'setup_intent.requires_action',
      'customer.created',
      'payment_method.attached',
      'setup_intent.succeeded',
      'customer.subscription.created',
      'invoice.created',
      'customer.updated',
      'invoice.finalized',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
      'checkout.session.completed',
    ]);
  });

  test('asks for no card where one is only collected if required', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'), {
      payment_method_collection: 'if_required',
      subscription_data: {
        trial_period_days: 14,
        trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
      },
    });
    expect(await (await fetch(session.url ?? '')).text()).not.toContain('card_number');
    expect((await submit(session.url, {})).status).toBe(303);
    expect((await stripe.subscriptions.list()).data).toMatchObject([
      {
        status: 'trialing',
        default_payment_method: null,
        trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
      },
    ]);
  });

  test('leaves what does not recur due today', async () => {
    const { stripe } = await sandbox();
    const monthly = await priceOf(stripe, 2490, 'month');
    const setup = await priceOf(stripe, 1500);
    const session = await sessionFor(stripe, monthly, {
      ...TRIAL,
      line_items: [
        { price: monthly.id, quantity: 1 },
        { price: setup.id, quantity: 2 },
      ],
    });
    expect(session.amount_total).toBe(3000);
    await payByCard(session.url);
    expect(
      await stripe.checkout.sessions.retrieve(session.id, { expand: ['invoice', 'subscription'] }),
    ).toMatchObject({
      payment_status: 'paid',
      invoice: { amount_paid: 3000 },
      subscription: { status: 'trialing' },
    });
  });

  test.each([
    [{ trial_period_days: 0 }, 'subscription_data[trial_period_days]'],
    [{ trial_end: 1 }, 'subscription_data[trial_end]'],
    [{ trial_end: 4_000_000_000, trial_period_days: 14 }, 'subscription_data[trial_end]'],
  ])('%j is refused', async (subscription_data, param) => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 2490, 'month');
    expect(await refusal(sessionFor(stripe, price, { subscription_data }))).toMatchObject({
      statusCode: 400,
      param,
    });
  });
});

describe('a checkout', () => {
  test('of a customer on a test clock lives in the time of the clock', async () => {
    const { stripe } = await sandbox();
    const frozen_time = Date.UTC(2026, 0, 1) / 1000;
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time });
    const customer = await stripe.customers.create({ email: 'jenny@example.com', test_clock: clock.id });
    const price = await priceOf(stripe, 2490, 'month');
    const [paid, left] = [
      await sessionFor(stripe, price, { customer: customer.id }),
      await sessionFor(stripe, price, { customer: customer.id }),
    ];
    expect(paid).toMatchObject({ created: frozen_time, expires_at: frozen_time + 86_400 });
    await payByCard(paid.url);
    const { data } = await stripe.subscriptions.list({ customer: customer.id });
    expect(data).toMatchObject([{ start_date: frozen_time }]);
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: frozen_time + 2 * 86_400 });
    expect((await stripe.checkout.sessions.retrieve(left.id)).status).toBe('expired');
  });

  test('makes a paid invoice of a single payment when it is asked to', async () => {
    const { stripe } = await sandbox();
    const coupon = await stripe.coupons.create({ percent_off: 25 });
    const session = await sessionFor(stripe, await priceOf(stripe, 400), {
      discounts: [{ coupon: coupon.id }],
      invoice_creation: { enabled: true, invoice_data: { metadata: { order: '7' } } },
    });
    await payByCard(session.url);
    const complete = await stripe.checkout.sessions.retrieve(session.id, { expand: ['invoice'] });
    expect(complete).toMatchObject({
      customer: expect.stringMatching(/^cus_/),
      invoice: {
        status: 'paid',
        subtotal: 400,
        amount_paid: 300,
        metadata: { order: '7' },
        total_discount_amounts: [{ amount: 100 }],
      },
    });
  });

  test('changes the customer only as it may', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny' });
    const price = await priceOf(stripe, 400);
    const card = { card_number: '4242424242424242', exp: '12/40', cvc: '123', name: 'Jenny Rosen' };
    await submit((await sessionFor(stripe, price, { customer: customer.id })).url, card);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ name: 'Jenny' });
    const session = await sessionFor(stripe, price, {
      customer: customer.id,
      customer_update: { name: 'auto', address: 'auto' },
    });
    await submit(session.url, card);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({
      name: 'Jenny Rosen',
      address: { country: 'GB' },
    });
    expect(await refusal(sessionFor(stripe, price, { customer_update: { name: 'auto' } }))).toMatchObject({
      param: 'customer_update',
    });
  });

  test('hands on what its payment is asked to be', async () => {
    const { stripe } = await sandbox();
    const shipping = { name: 'Jenny', address: { line1: '71 Crown Street', country: 'GB' } };
    const session = await sessionFor(stripe, await priceOf(stripe, 400), {
      payment_intent_data: { capture_method: 'manual', description: 'Order 7', shipping },
    });
    await payByCard(session.url);
    expect(await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] })).toMatchObject(
      {
        payment_status: 'unpaid',
        payment_intent: { status: 'requires_capture', description: 'Order 7', shipping },
      },
    );
  });

  test('takes new metadata, and shows back what it was asked for', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400), {
      metadata: { order: '7' },
      billing_address_collection: 'required',
      custom_text: { submit: { message: 'Thank you' } },
      saved_payment_method_options: { payment_method_save: 'enabled' },
    });
    expect(session).toMatchObject({
      billing_address_collection: 'required',
      custom_text: { submit: { message: 'Thank you' }, after_submit: null },
      saved_payment_method_options: { payment_method_save: 'enabled' },
    });
    const changed = await stripe.checkout.sessions.update(session.id, { metadata: { order: '', note: 'x' } });
    expect(changed.metadata).toEqual({ note: 'x' });
  });

  test.each([
    [{ mode: 'setup' as const }, 'mode'],
    [{ payment_method_collection: 'if_required' as const }, 'payment_method_collection'],
    [{ currency: 'usd' }, 'currency'],
    [
      { line_items: [{ price: 'PRICE', quantity: 1, adjustable_quantity: { enabled: true } }] },
      'adjustable_quantity',
    ],
    [{ allowed_payment_method_types: ['klarna' as const] }, 'allowed_payment_method_types'],
    [
      { payment_method_options: { card: { setup_future_usage: 'on_session' as const } } },
      'payment_method_options',
    ],
    [{ automatic_tax: { enabled: true } }, 'automatic_tax[enabled]'],
  ])('with %j is refused', async (params: Stripe.Checkout.SessionCreateParams, param) => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 400);
    expect(await refusal(sessionFor(stripe, price, params))).toMatchObject({ statusCode: 400, param });
  });
});

describe("the command line's way to complete a checkout", () => {
  test('confirms the amount that it expects with a payment method', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    const method = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });
    const path = `/v1/payment_pages/${session.id}`;
    expect(await (await raw(server, 'GET', path)).json()).toMatchObject({
      session_id: session.id,
      status: 'open',
      total_summary: { due: 400 },
    });
    const confirm = (form: string): Promise<Response> => raw(server, 'POST', `${path}/confirm`, { form });
    const form = `payment_method=${method.id}`;
    expect((await confirm(`${form}&expected_amount=500`)).status).toBe(400);
    expect((await confirm(`${form}&tip=1`)).status).toBe(400);
    expect(await (await confirm(`${form}&expected_amount=400`)).json()).toMatchObject({ status: 'complete' });
    expect((await confirm(form)).status).toBe(400);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_status: 'paid' });
  });

  test('is told of a decline by 402', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    const { id } = await stripe.paymentMethods.create({
      type: 'card',
      card: { token: 'tok_chargeCustomerFail' },
    });
    const form = `payment_method=${id}`;
    const answer = await raw(server, 'POST', `/v1/payment_pages/${session.id}/confirm`, { form });
    expect(answer.status).toBe(402);
    expect(await answer.json()).toMatchObject({ error: { type: 'card_error' } });
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  });
});
