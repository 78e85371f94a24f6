import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { customerWith } from './billing-support.ts';
import { eventsOf, raw, refusal, sandbox, submit, typesOf } from './support.ts';

const CARD = { number: '4242424242424242', exp_month: 12, exp_year: 2040, cvc: '123' };

/** Confirms a payment of 10.00 GBP at once. */
function pay(
  stripe: Stripe,
  params: Partial<Stripe.PaymentIntentCreateParams>,
): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.create({ amount: 1000, currency: 'gbp', confirm: true, ...params });
}

/** The id of the method that a customer's invoices are paid by. */
function defaultMethod(customer: Stripe.Customer): string {
  return String(customer.invoice_settings.default_payment_method);
}

describe('payment methods', () => {
  test('are made by number, by token and of bank accounts', async () => {
    const { stripe } = await sandbox();
    const byNumber = await stripe.paymentMethods.create({
      type: 'card',
      card: { ...CARD, number: '5555 5555 5555 4444' },
      billing_details: { name: 'Jenny', address: { city: 'Leeds' } },
      metadata: { from: 'form' },
    });
    expect(byNumber).toMatchObject({
      type: 'card',
      customer: null,
      card: { brand: 'mastercard', last4: '4444', exp_month: 12, exp_year: 2040 },
      billing_details: { name: 'Jenny', address: { city: 'Leeds', country: null } },
      metadata: { from: 'form' },
    });
    const byToken = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_amex' } });
    expect(byToken.card).toMatchObject({ brand: 'amex', last4: '0005' });
    const bacs = await stripe.paymentMethods.create({
      type: 'bacs_debit',
      bacs_debit: { sort_code: '10-88-00', account_number: '00012345' },
    });
    expect(bacs.bacs_debit).toMatchObject({ sort_code: '108800', last4: '2345' });
    const sepa = await stripe.paymentMethods.create({
      type: 'sepa_debit',
      sepa_debit: { iban: 'DE89 3704 0044 0532 0130 00' },
    });
    expect(sepa.sepa_debit).toMatchObject({ country: 'DE', last4: '3000' });
    expect((await stripe.paymentMethods.retrieve(sepa.id)).id).toBe(sepa.id);
  });

  test.each([
    [{ ...CARD, number: '4242424242424241' }, 402, 'incorrect_number', 'card[number]'],
    [{ ...CARD, exp_month: 13 }, 402, 'invalid_expiry_month', 'card[exp_month]'],
    [{ ...CARD, exp_year: 2020 }, 402, 'invalid_expiry_year', 'card[exp_year]'],
    [{ exp_month: 1, exp_year: 2040 }, 400, 'parameter_missing', 'card[number]'],
    [{ token: 'tok_unknown' }, 400, 'resource_missing', 'card[token]'],
  ])('of a wrong card are refused: %o', async (card, statusCode, code, param) => {
    const { stripe } = await sandbox();
    const error = await refusal(stripe.paymentMethods.create({ type: 'card', card }));
    expect(error).toMatchObject({ statusCode, code, param });
  });

  test('are attached, listed, updated and detached, for good', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await stripe.customers.create();
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
    expect(method).toMatchObject({ id: expect.stringMatching(/^pm_1/), customer });
    const again = await stripe.paymentMethods.attach('pm_card_visa', { customer });
    expect(again.id).not.toBe(method.id);
    await stripe.paymentMethods.update(method.id, { card: { exp_year: 2044 }, metadata: { a: 'b' } });
    const listed = await stripe.customers.listPaymentMethods(customer, { type: 'card' });
    expect(listed.data.map(({ id }) => id)).toEqual([again.id, method.id]);
    expect((await stripe.paymentMethods.list({ customer, type: 'sepa_debit' })).data).toEqual([]);
    expect(await stripe.customers.retrievePaymentMethod(customer, method.id)).toMatchObject({
      card: { exp_year: 2044 },
      metadata: { a: 'b' },
    });
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: method.id } });
    expect(await stripe.paymentMethods.detach(method.id)).toMatchObject({ customer: null });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({
      invoice_settings: { default_payment_method: null },
    });
    expect((await refusal(stripe.paymentMethods.detach(method.id))).statusCode).toBe(400);
    expect((await refusal(stripe.paymentMethods.attach(method.id, { customer }))).message).toContain(
      'may not be used again',
    );
    expect((await typesOf(stripe)).slice(1)).toEqual([
      'payment_method.attached',
      'payment_method.attached',
      'payment_method.updated',
      'customer.updated',
      'payment_method.detached',
      'customer.updated',
    ]);
    const [detached] = (await stripe.events.list({ type: 'payment_method.detached' })).data;
    expect(detached?.data.previous_attributes).toEqual({ customer });
  });

  test('belong to one customer, and only theirs can be the default', async () => {
    const { stripe } = await sandbox();
    const jenny = await customerWith(stripe, 'pm_card_visa');
    const method = defaultMethod(jenny);
    expect(await stripe.paymentMethods.retrieve(method)).toMatchObject({ customer: jenny.id });
    const other = await stripe.customers.create();
    expect((await refusal(stripe.paymentMethods.attach(method, { customer: other.id }))).message).toContain(
      'already been attached',
    );
    for (const wrong of [method, 'pm_card_visa', 'pm_unknown']) {
      const invoice_settings = { default_payment_method: wrong };
      expect(await refusal(stripe.customers.update(other.id, { invoice_settings }))).toMatchObject({
        statusCode: 400,
        code: 'resource_missing',
        param: 'invoice_settings[default_payment_method]',
      });
    }
    for (const customer of [undefined, other.id]) {
      const error = await refusal(pay(stripe, { payment_method: method, ...(customer && { customer }) }));
      expect(error).toMatchObject({ statusCode: 400, param: 'payment_method' });
    }
    await stripe.customers.update(jenny.id, { invoice_settings: { footer: 'Thank you' } });
    expect(await stripe.customers.retrieve(jenny.id)).toMatchObject({
      invoice_settings: { default_payment_method: method, footer: 'Thank you' },
    });
    await stripe.customers.del(jenny.id);
    expect(await stripe.paymentMethods.retrieve(method)).toMatchObject({ customer: null });
  });

  test('that decline are not attached; one that only fails to pay is', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await stripe.customers.create();
    const error = await refusal(stripe.paymentMethods.attach('pm_card_chargeDeclined', { customer }));
    expect(error).toMatchObject({ statusCode: 402, code: 'card_declined', decline_code: 'generic_decline' });
    expect(error.type).toBe('StripeCardError');
    const insufficient = 'pm_card_visa_chargeDeclinedInsufficientFunds';
    expect(await refusal(stripe.customers.create({ payment_method: insufficient }))).toMatchObject({
      decline_code: 'insufficient_funds',
    });
    expect((await stripe.customers.list()).data).toHaveLength(1);
    const method = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer });
    const declined = await refusal(pay(stripe, { customer, payment_method: method.id }));
    expect(declined).toMatchObject({ statusCode: 402, decline_code: 'generic_decline' });
  });

  test('come as sources of the legacy kind, too', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create({ source: 'tok_visa' });
    const first = String(customer.default_source);
    expect(first).toMatch(/^card_1/);
    const second = await stripe.customers.createSource(customer.id, { source: 'tok_mastercard' });
    expect(second).toMatchObject({ object: 'card', brand: 'MasterCard', customer: customer.id });
    await stripe.customers.updateSource(customer.id, second.id, { name: 'Jenny', exp_year: '2045' });
    expect(await stripe.customers.retrieveSource(customer.id, second.id)).toMatchObject({
      name: 'Jenny',
      exp_year: 2045,
    });
    const listed = await stripe.customers.listSources(customer.id, { object: 'card' });
    expect(listed.data.map(({ id }) => id)).toEqual([second.id, first]);
    const shown = await stripe.customers.retrieve(customer.id, { expand: ['default_source'] });
    expect(shown).toMatchObject({ default_source: { id: first, object: 'card', brand: 'Visa' } });
    expect(await pay(stripe, { customer: customer.id })).toMatchObject({
      status: 'succeeded',
      payment_method: first,
    });
    expect(await stripe.customers.deleteSource(customer.id, first)).toMatchObject({ deleted: true });
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ default_source: null });
    expect((await refusal(stripe.customers.retrieveSource(customer.id, first))).statusCode).toBe(404);
    expect((await typesOf(stripe)).filter((type) => type.startsWith('customer.source'))).toEqual([
      'customer.source.created',
      'customer.source.created',
      'customer.source.updated',
      'customer.source.deleted',
    ]);
    expect(
      await refusal(stripe.customers.createSource(customer.id, { source: 'tok_chargeDeclined' })),
    ).toMatchObject({
      statusCode: 402,
    });
  });
});

describe('payment intents', () => {
  test('are created, changed, confirmed and found', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create();
    const intent = await stripe.paymentIntents.create({
      amount: 1000,
      currency: 'GBP',
      customer: customer.id,
      metadata: { order: '1' },
      shipping: { name: 'Jenny', address: { line1: '1 High Street', city: 'Leeds' } },
    });
    expect(intent).toMatchObject({
      status: 'requires_payment_method',
      amount: 1000,
      currency: 'gbp',
      capture_method: 'automatic_async',
      payment_method_types: ['card', 'bacs_debit'],
      automatic_payment_methods: { enabled: true },
      shipping: { name: 'Jenny', address: { city: 'Leeds', country: null } },
    });
    const updated = await stripe.paymentIntents.update(intent.id, {
      amount: 1200,
      payment_method: 'pm_card_visa',
      metadata: { order: '2' },
    });
    expect(updated).toMatchObject({
      status: 'requires_confirmation',
      amount: 1200,
      metadata: { order: '2' },
    });
    const paid = await stripe.paymentIntents.confirm(intent.id, { expand: ['latest_charge'] });
    expect(paid).toMatchObject({
      status: 'succeeded',
      amount_received: 1200,
      latest_charge: {
        amount: 1200,
        customer: customer.id,
        paid: true,
        captured: true,
        metadata: { order: '2' },
        payment_method_details: { type: 'card', card: { brand: 'visa', last4: '4242' } },
        shipping: { name: 'Jenny' },
      },
    });
    expect((await stripe.paymentIntents.list({ customer: customer.id })).data).toHaveLength(1);
    expect((await typesOf(stripe)).slice(1)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
    ]);
    for (const late of [
      stripe.paymentIntents.confirm(intent.id),
      stripe.paymentIntents.cancel(intent.id),
      stripe.paymentIntents.capture(intent.id),
      stripe.paymentIntents.update(intent.id, { amount: 1 }),
    ]) {
      expect(await refusal(late)).toMatchObject({
        statusCode: 400,
        code: 'payment_intent_unexpected_state',
        payment_intent: { id: intent.id },
      });
    }
  });

  test.each([
    [{ amount: 29 }, 'amount_too_small'],
    [{ amount: 100_000_000 }, 'amount_too_large'],
    [{ amount: 0 }, 'parameter_invalid_integer'],
    [{ payment_method: 'pm_unknown' }, 'resource_missing'],
    [{ customer: 'cus_unknown' }, 'resource_missing'],
    [{ confirm: true }, 'payment_intent_unexpected_state'],
    [{ off_session: true }, undefined],
    [{ transfer_data: { destination: 'acct_1' } }, undefined],
  ])('with %o are refused', async (params, code) => {
    const { stripe } = await sandbox();
    const error = await refusal(stripe.paymentIntents.create({ amount: 1000, currency: 'gbp', ...params }));
    expect(error.statusCode).toBe(400);
    expect(error.code).toBe(code);
    expect((await stripe.paymentIntents.list()).data).toEqual([]);
  });

  test.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
  ])('paid by %s are declined with 402, and can be paid by another card', async (card, code, declineCode) => {
    const { stripe } = await sandbox();
    const error = await refusal(pay(stripe, { payment_method: card }));
    expect(error).toMatchObject({
      type: 'StripeCardError',
      statusCode: 402,
      code,
      decline_code: declineCode,
      charge: expect.stringMatching(/^ch_/),
      payment_intent: {
        status: 'requires_payment_method',
        payment_method: null,
        last_payment_error: { code, decline_code: declineCode },
      },
      payment_method: { type: 'card' },
    });
    expect(await stripe.charges.retrieve(String(error.charge))).toMatchObject({
      status: 'failed',
      paid: false,
      failure_code: code,
      outcome: { reason: declineCode, type: 'issuer_declined' },
    });
    const intent = String(error.payment_intent?.id);
    expect(await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' })).toMatchObject({
      status: 'succeeded',
      last_payment_error: null,
    });
    expect(await typesOf(stripe)).toEqual([
      'payment_intent.created',
      'charge.failed',
      'payment_intent.payment_failed',
      'charge.succeeded',
      'payment_intent.succeeded',
    ]);
  });

  test('a declined request is not worked on twice under its Idempotency-Key', async () => {
    const { stripe } = await sandbox();
    const params = { amount: 1000, currency: 'gbp', confirm: true, payment_method: 'pm_card_chargeDeclined' };
    const once = await refusal(stripe.paymentIntents.create(params, { idempotencyKey: 'order-1' }));
    const twice = await refusal(stripe.paymentIntents.create(params, { idempotencyKey: 'order-1' }));
    expect(twice.payment_intent?.id).toBe(once.payment_intent?.id);
    expect((await stripe.charges.list()).data).toHaveLength(1);
  });

  test('money that is set aside goes back after a week', async () => {
    const { stripe } = await sandbox();
    const start = 1_800_000_000;
    const { id: test_clock } = await stripe.testHelpers.testClocks.create({ frozen_time: start });
    const { id: customer } = await stripe.customers.create({ test_clock });
    const held = await pay(stripe, { customer, payment_method: 'pm_card_visa', capture_method: 'manual' });
    await stripe.testHelpers.testClocks.advance(test_clock, { frozen_time: start + 8 * 86_400 });
    const intent = await stripe.paymentIntents.retrieve(held.id, { expand: ['latest_charge'] });
    expect(intent).toMatchObject({
      status: 'canceled',
      canceled_at: start + 7 * 86_400,
      cancellation_reason: 'automatic',
      latest_charge: { captured: false, refunded: true },
    });
    expect(await typesOf(stripe)).toEqual(
      expect.arrayContaining(['charge.expired', 'payment_intent.canceled']),
    );
    expect((await refusal(stripe.paymentIntents.capture(held.id))).statusCode).toBe(400);
  });

  test('money is set aside first and captured later, or in part, or not', async () => {
    const { stripe } = await sandbox();
    const wanted = { payment_method: 'pm_card_visa', capture_method: 'manual' as const };
    const whole = await pay(stripe, wanted);
    expect(whole).toMatchObject({ status: 'requires_capture', amount_capturable: 1000, amount_received: 0 });
    expect(await stripe.charges.retrieve(String(whole.latest_charge))).toMatchObject({
      captured: false,
      amount_captured: 0,
      paid: true,
    });
    expect(await stripe.paymentIntents.capture(whole.id)).toMatchObject({
      status: 'succeeded',
      amount_capturable: 0,
      amount_received: 1000,
    });
    const part = await pay(stripe, wanted);
    const tooMuch = stripe.paymentIntents.capture(part.id, { amount_to_capture: 1001 });
    expect(await refusal(tooMuch)).toMatchObject({ statusCode: 400, param: 'amount_to_capture' });
    const captured = await stripe.paymentIntents.capture(part.id, {
      amount_to_capture: 700,
      expand: ['latest_charge'],
    });
    expect(captured).toMatchObject({
      status: 'succeeded',
      amount_received: 700,
      latest_charge: { captured: true, amount_captured: 700, amount_refunded: 300, refunded: false },
    });
    const dropped = await pay(stripe, wanted);
    const canceled = await stripe.paymentIntents.cancel(dropped.id, {
      cancellation_reason: 'requested_by_customer',
      expand: ['latest_charge'],
    });
    expect(canceled).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'requested_by_customer',
      canceled_at: expect.any(Number),
      latest_charge: { captured: false, refunded: true },
    });
    expect((await typesOf(stripe)).slice(-5)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.amount_capturable_updated',
      'charge.refunded',
      'payment_intent.canceled',
    ]);
    expect(await typesOf(stripe)).toContain('charge.captured');
  });

  test('a payment that sets up later ones leaves its card with the customer', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create();
    const once = await pay(stripe, { customer: customer.id, payment_method: 'pm_card_visa' });
    expect(await refusal(pay(stripe, { payment_method: String(once.payment_method) }))).toMatchObject({
      statusCode: 400,
    });
    const kept = await pay(stripe, {
      customer: customer.id,
      payment_method: 'pm_card_visa',
      setup_future_usage: 'off_session',
    });
    const cards = await stripe.customers.listPaymentMethods(customer.id);
    expect(cards.data.map(({ id }) => id)).toEqual([kept.payment_method]);
    expect((await typesOf(stripe)).slice(-4)).toEqual([
      'payment_intent.created',
      'payment_method.attached',
      'charge.succeeded',
      'payment_intent.succeeded',
    ]);
  });
});

describe('charges', () => {
  test('are listed by customer and payment, and changed', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create();
    const intent = await pay(stripe, { customer: customer.id, payment_method: 'pm_card_visa' });
    await pay(stripe, { payment_method: 'pm_card_visa' });
    for (const filter of [{ customer: customer.id }, { payment_intent: intent.id }]) {
      const { data } = await stripe.charges.list(filter);
      expect(data.map(({ id }) => id)).toEqual([intent.latest_charge]);
    }
    const changed = await stripe.charges.update(String(intent.latest_charge), {
      description: 'Credits',
      fraud_details: { user_report: 'safe' },
      metadata: { order: '1' },
    });
    expect(changed).toMatchObject({ description: 'Credits', metadata: { order: '1' } });
    expect((await eventsOf(stripe)).at(-1)).toMatchObject({
      type: 'charge.updated',
      data: { previous_attributes: { description: null } },
    });
  });
});

/** What the buyer answers on the page that the bank's question leads to. */
function answerBank(intent: Stripe.PaymentIntent | Stripe.SetupIntent, action: string): Promise<Response> {
  return submit(intent.next_action?.redirect_to_url?.url ?? null, { action });
}

describe('authentication', () => {
  test.each(['pm_card_authenticationRequired', 'pm_card_threeDSecure2Required'])(
    '%s asks the buyer on a page, and is paid when they confirm',
    async (payment_method) => {
      const { stripe } = await sandbox();
      const asked = await pay(stripe, { payment_method, return_url: 'https://shop.example/back?a=b' });
      expect(asked).toMatchObject({
        status: 'requires_action',
        next_action: {
          type: 'redirect_to_url',
          redirect_to_url: { return_url: 'https://shop.example/back?a=b' },
        },
      });
      const page = await fetch(asked.next_action?.redirect_to_url?.url ?? '');
      expect(await page.text()).toContain('£10.00');
      const answer = await answerBank(asked, 'confirm');
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toBe(
        `https://shop.example/back?a=b&payment_intent=${asked.id}&payment_intent_client_secret=${asked.client_secret}&redirect_status=succeeded`,
      );
      expect(await stripe.paymentIntents.retrieve(asked.id, { expand: ['latest_charge'] })).toMatchObject({
        status: 'succeeded',
        next_action: null,
        latest_charge: { payment_method_details: { card: { three_d_secure: { result: 'authenticated' } } } },
      });
      expect((await answerBank(asked, 'confirm')).status).toBe(410);
      expect(await typesOf(stripe)).toEqual([
        'payment_intent.created',
        'payment_intent.requires_action',
        'charge.succeeded',
        'payment_intent.succeeded',
      ]);
    },
  );

  test('leads back beside a fragment, and to no script', async () => {
    const { stripe } = await sandbox();
    const payment_method = 'pm_card_authenticationRequired';
    const asked = await pay(stripe, { payment_method, return_url: 'https://shop.example/back#end' });
    const location = new URL((await answerBank(asked, 'confirm')).headers.get('location') ?? '');
    expect(location.searchParams.get('redirect_status')).toBe('succeeded');
    expect(location.hash).toBe('#end');
    for (const return_url of ['javascript:alert(1)', 'back']) {
      const refused = await refusal(pay(stripe, { payment_method, return_url }));
      expect(refused).toMatchObject({ code: 'url_invalid', param: 'return_url' });
    }
  });

  test('refused by the buyer, the intent waits for another card', async () => {
    const { stripe } = await sandbox();
    const asked = await pay(stripe, { payment_method: 'pm_card_authenticationRequired' });
    const answer = await answerBank(asked, 'fail');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('failed');
    expect(await stripe.paymentIntents.retrieve(asked.id)).toMatchObject({
      status: 'requires_payment_method',
      latest_charge: null,
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    });
    expect((await typesOf(stripe)).at(-1)).toBe('payment_intent.payment_failed');
  });

  test('is declined when the buyer is not there', async () => {
    const { stripe } = await sandbox();
    const customer = await customerWith(stripe, 'pm_card_authenticationRequired');
    for (const how of [{ off_session: true }, { error_on_requires_action: true }]) {
      const error = await refusal(
        pay(stripe, { customer: customer.id, payment_method: defaultMethod(customer), ...how }),
      );
      expect(error).toMatchObject({
        statusCode: 402,
        code: 'authentication_required',
        decline_code: 'authentication_required',
        payment_intent: { status: 'requires_payment_method' },
        payment_method: { id: defaultMethod(customer) },
      });
    }
  });

  test('a card that was set up once is charged without the buyer; before that it is not', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create();
    const { id: payment_method } = await stripe.paymentMethods.attach(
      'pm_card_authenticationRequiredOnSetup',
      { customer: customer.id },
    );
    const later = { customer: customer.id, payment_method, off_session: true };
    expect(await refusal(pay(stripe, later))).toMatchObject({ code: 'authentication_required' });
    const setup = await stripe.setupIntents.create({ customer: customer.id, payment_method, confirm: true });
    expect(setup.status).toBe('requires_action');
    await answerBank(setup, 'confirm');
    expect((await pay(stripe, later)).status).toBe('succeeded');
    expect((await pay(stripe, { customer: customer.id, payment_method })).status).toBe('requires_action');
  });
});

describe('a card that was set up elsewhere', () => {
  test('asks the buyer only when they are there', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await stripe.customers.create();
    const { id: payment_method } = await stripe.paymentMethods.attach(
      'pm_card_authenticationRequiredSetupForOffSession',
      { customer },
    );
    expect((await pay(stripe, { customer, payment_method, off_session: true })).status).toBe('succeeded');
    expect((await pay(stripe, { customer, payment_method })).status).toBe('requires_action');
  });
});

describe('setup intents', () => {
  test('save a card, and can be changed and listed', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create();
    const intent = await stripe.setupIntents.create({ customer: customer.id, metadata: { a: 'b' } });
    expect(intent).toMatchObject({ status: 'requires_payment_method', usage: 'off_session' });
    expect(
      await stripe.setupIntents.update(intent.id, {
        payment_method: 'pm_card_visa',
        description: 'For later',
      }),
    ).toMatchObject({ status: 'requires_confirmation', description: 'For later', metadata: { a: 'b' } });
    const done = await stripe.setupIntents.confirm(intent.id, { expand: ['payment_method'] });
    expect(done).toMatchObject({ status: 'succeeded', payment_method: { customer: customer.id } });
    expect((await stripe.setupIntents.list({ customer: customer.id })).data).toHaveLength(1);
    expect((await typesOf(stripe)).slice(1)).toEqual([
      'setup_intent.created',
      'payment_method.attached',
      'setup_intent.succeeded',
    ]);
    expect(await refusal(stripe.setupIntents.cancel(intent.id))).toMatchObject({
      code: 'setup_intent_unexpected_state',
    });
  });

  test('fail with a card that its bank refuses, or that the buyer does not confirm', async () => {
    const { stripe } = await sandbox();
    const declined = await refusal(
      stripe.setupIntents.create({ payment_method: 'pm_card_chargeDeclined', confirm: true }),
    );
    expect(declined).toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      setup_intent: {
        status: 'requires_payment_method',
        last_setup_error: { decline_code: 'generic_decline' },
      },
    });
    const asked = await stripe.setupIntents.create({
      payment_method: 'pm_card_authenticationRequired',
      confirm: true,
      return_url: 'https://shop.example/saved',
    });
    expect((await answerBank(asked, 'fail')).headers.get('location')).toContain('redirect_status=failed');
    expect(await stripe.setupIntents.retrieve(asked.id)).toMatchObject({
      status: 'requires_payment_method',
      last_setup_error: { code: 'setup_intent_authentication_failure' },
    });
    expect(await stripe.setupIntents.cancel(asked.id, { cancellation_reason: 'abandoned' })).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'abandoned',
    });
    expect(await typesOf(stripe)).toEqual([
      'setup_intent.created',
      'setup_intent.setup_failed',
      'setup_intent.created',
      'setup_intent.requires_action',
      'setup_intent.setup_failed',
      'setup_intent.canceled',
    ]);
  });
});

describe('bank debits', () => {
  const FOUR_DAYS = 4 * 86_400_000;

  test.each([
    ['00012345', 'succeeded', 'payment_intent.succeeded'],
    ['22222227', 'requires_payment_method', 'payment_intent.payment_failed'],
  ])('of account %s take four days and are then %s', async (account_number, status, event) => {
    let now = new Date('2027-03-01T00:00:00Z');
    const { stripe } = await sandbox({ now: () => now });
    const intent = await pay(stripe, {
      payment_method_data: { type: 'bacs_debit', bacs_debit: { sort_code: '108800', account_number } },
    });
    expect(intent.status).toBe('processing');
    expect(await stripe.charges.retrieve(String(intent.latest_charge))).toMatchObject({
      status: 'pending',
      paid: false,
    });
    now = new Date(now.getTime() + FOUR_DAYS - 1000);
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('processing');
    now = new Date(now.getTime() + 1000);
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe(status);
    expect((await typesOf(stripe)).slice(0, 3)).toEqual([
      'payment_intent.created',
      'charge.pending',
      'payment_intent.processing',
    ]);
    expect((await eventsOf(stripe)).at(-1)).toMatchObject({ type: event, created: now.getTime() / 1000 });
  });

  test('settle on the clock of their customer', async () => {
    const { stripe } = await sandbox();
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1_800_000_000 });
    const customer = await stripe.customers.create({ test_clock: clock.id });
    const intent = await pay(stripe, {
      currency: 'eur',
      customer: customer.id,
      payment_method_data: { type: 'sepa_debit', sepa_debit: { iban: 'DE62370400440532013001' } },
    });
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: 1_800_000_000 + 4 * 86_400 });
    await expect
      .poll(
        async () =>
          (await stripe.paymentIntents.retrieve(intent.id)).last_payment_error?.payment_method?.type,
      )
      .toBe('sepa_debit');
  });

  test('of a currency that has none are refused', async () => {
    const { stripe } = await sandbox();
    const iban = 'DE89370400440532013000';
    const error = await refusal(
      pay(stripe, { payment_method_data: { type: 'sepa_debit', sepa_debit: { iban } } }),
    );
    expect(error).toMatchObject({ statusCode: 400, param: 'payment_method' });
  });
});

describe('a route with two ids', () => {
  test('leads to the child of the object, and nowhere without one', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const customer = await customerWith(stripe, 'pm_card_visa');
    const path = `/v1/customers/${customer.id}/payment_methods`;
    expect((await raw(server, 'GET', `${path}/${defaultMethod(customer)}`)).status).toBe(200);
    expect((await raw(server, 'GET', `${path}/pm_unknown`)).status).toBe(404);
    expect((await raw(server, 'GET', `${path}/`)).status).toBe(404);
  });
});

describe('refunds', () => {
  test('give back a part, several times, until nothing is left', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create();
    const intent = await pay(stripe, { customer: customer.id, payment_method: 'pm_card_visa' });
    const charge = String(intent.latest_charge);
    const first = await stripe.refunds.create({
      charge,
      amount: 300,
      reason: 'requested_by_customer',
      metadata: { ticket: '7' },
    });
    expect(first).toMatchObject({
      status: 'succeeded',
      amount: 300,
      charge,
      payment_intent: intent.id,
      reason: 'requested_by_customer',
      metadata: { ticket: '7' },
    });
    expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 300, refunded: false });
    const tooMuch = await refusal(stripe.refunds.create({ charge, amount: 701 }));
    expect(tooMuch).toMatchObject({ statusCode: 400, param: 'amount' });
    expect(tooMuch.message).toBe('Refund amount (£7.01) is greater than unrefunded amount on charge (£7.00)');
    const rest = await stripe.refunds.create({ payment_intent: intent.id });
    expect(rest).toMatchObject({ amount: 700, reason: null });
    expect(await refusal(stripe.refunds.create({ charge }))).toMatchObject({
      statusCode: 400,
      code: 'charge_already_refunded',
    });
    const whole = await stripe.charges.retrieve(charge, { expand: ['refunds'] });
    expect(whole).toMatchObject({ amount_refunded: 1000, refunded: true });
    expect(whole.refunds?.data.map(({ id }) => id)).toEqual([rest.id, first.id]);
    for (const filter of [{ charge }, { payment_intent: intent.id }]) {
      expect((await stripe.refunds.list(filter)).data).toHaveLength(2);
    }
    expect(await stripe.refunds.update(first.id, { metadata: { ticket: '' } })).toMatchObject({
      metadata: {},
    });
    expect((await refusal(stripe.refunds.cancel(first.id))).statusCode).toBe(400);
    const events = (await eventsOf(stripe)).slice(4);
    expect(events.map(({ type, data }) => [type, data.previous_attributes])).toEqual([
      ['refund.created', undefined],
      ['charge.refunded', { amount_refunded: 0 }],
      ['refund.created', undefined],
      ['charge.refunded', { amount_refunded: 300, refunded: false }],
      ['refund.updated', { metadata: { ticket: '7' } }],
      ['charge.refund.updated', { metadata: { ticket: '7' } }],
    ]);
  });

  test('are refused where there is no money', async () => {
    const { stripe } = await sandbox();
    const open = await stripe.paymentIntents.create({ amount: 1000, currency: 'gbp' });
    const later = await pay(stripe, { payment_method: 'pm_card_visa', capture_method: 'manual' });
    const paid = await pay(stripe, { payment_method: 'pm_card_visa' });
    const charge = String(paid.latest_charge);
    for (const wrong of [
      {},
      { payment_intent: open.id },
      { payment_intent: later.id },
      { charge: 'ch_unknown' },
      { charge, amount: 0 },
      { charge, payment_intent: open.id },
      { charge, instructions_email: 'jenny@example.com' },
    ]) {
      expect((await refusal(stripe.refunds.create(wrong))).statusCode).toBe(400);
    }
    expect((await stripe.refunds.list()).data).toEqual([]);
  });

  test.each([
    [
      'pm_card_refundFail',
      'succeeded',
      'failed',
      0,
      ['refund.failed', 'refund.updated', 'charge.refund.updated'],
    ],
    ['pm_card_pendingRefund', 'pending', 'succeeded', 1000, ['refund.updated', 'charge.refund.updated']],
  ])('to %s are %s at first and %s later', async (payment_method, first, later, refunded, events) => {
    let now = new Date('2027-03-01T00:00:00Z');
    const { stripe } = await sandbox({ now: () => now });
    const intent = await pay(stripe, { payment_method });
    const refund = await stripe.refunds.create({ payment_intent: intent.id });
    expect(refund.status).toBe(first);
    const charge = String(intent.latest_charge);
    expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 1000, refunded: true });
    now = new Date('2027-03-01T00:00:03Z');
    const settled = await stripe.refunds.retrieve(refund.id);
    expect(settled.status).toBe(later);
    expect(settled.pending_reason).toBeUndefined();
    expect(settled.failure_reason).toBe(later === 'failed' ? 'expired_or_canceled_card' : undefined);
    expect(await stripe.charges.retrieve(charge)).toMatchObject({
      amount_refunded: refunded,
      refunded: refunded === 1000,
    });
    expect((await typesOf(stripe)).slice(5)).toEqual(events);
    expect((await eventsOf(stripe)).at(-1)?.data.previous_attributes).toMatchObject({ status: first });
  });
});

/** A paid charge that its buyer disputes at once, and the dispute. */
async function disputed(
  stripe: Stripe,
  payment_method: string,
): Promise<{ charge: string; dispute: Stripe.Dispute }> {
  const intent = await pay(stripe, { payment_method });
  const { data } = await stripe.disputes.list({ payment_intent: intent.id });
  const [dispute] = data;
  if (!dispute) throw new Error('There is no dispute.');
  return { charge: String(intent.latest_charge), dispute };
}

describe('disputes', () => {
  test.each([
    ['pm_card_createDispute', 'fraudulent', '10.4'],
    ['pm_card_createDisputeProductNotReceived', 'product_not_received', '13.1'],
  ])('by %s take the money until they are decided', async (card, reason, network_reason_code) => {
    const { stripe } = await sandbox();
    const { charge, dispute } = await disputed(stripe, card);
    expect(dispute).toMatchObject({
      status: 'needs_response',
      amount: 1000,
      charge,
      reason,
      is_charge_refundable: false,
      payment_method_details: { card: { case_type: 'chargeback', network_reason_code } },
      evidence_details: { has_evidence: false, submission_count: 0 },
    });
    expect(await stripe.charges.retrieve(charge)).toMatchObject({ disputed: true });
    expect(await refusal(stripe.refunds.create({ charge }))).toMatchObject({
      statusCode: 400,
      code: 'charge_disputed',
    });
    expect((await typesOf(stripe)).slice(3)).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
    ]);
    expect((await stripe.disputes.list({ charge: 'ch_other' })).data).toEqual([]);
  });

  test('evidence can be staged; submitted, it wins or loses', async () => {
    const { stripe } = await sandbox();
    const { charge, dispute } = await disputed(stripe, 'pm_card_createDispute');
    const staged = await stripe.disputes.update(dispute.id, {
      evidence: { uncategorized_text: 'winning_evidence', customer_name: 'Jenny' },
      submit: false,
      metadata: { case: '1' },
    });
    expect(staged).toMatchObject({
      status: 'needs_response',
      evidence: { customer_name: 'Jenny' },
      evidence_details: { has_evidence: true, submission_count: 0 },
      metadata: { case: '1' },
    });
    expect(await stripe.disputes.update(dispute.id, { submit: true })).toMatchObject({
      status: 'won',
      is_charge_refundable: true,
      evidence_details: { submission_count: 1 },
    });
    expect((await stripe.refunds.create({ charge })).amount).toBe(1000);
    const events = (await eventsOf(stripe)).slice(5, 9);
    expect(events.map(({ type }) => type)).toEqual([
      'charge.dispute.updated',
      'charge.dispute.updated',
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
    ]);
    expect(events[2]?.data.previous_attributes).toMatchObject({ status: 'under_review' });
    const other = await disputed(stripe, 'pm_card_createDispute');
    const evidence = { uncategorized_text: 'losing_evidence' };
    expect(await stripe.disputes.update(other.dispute.id, { evidence })).toMatchObject({ status: 'lost' });
    expect((await typesOf(stripe)).at(-1)).toBe('charge.dispute.closed');
    expect((await refusal(stripe.disputes.update(other.dispute.id, { evidence }))).statusCode).toBe(400);
    expect((await refusal(stripe.refunds.create({ charge: other.charge }))).code).toBe('charge_disputed');
  });

  test('other evidence is under review, and is taken once; files are unknown', async () => {
    const { stripe } = await sandbox();
    const { dispute } = await disputed(stripe, 'pm_card_createDispute');
    const receipt = stripe.disputes.update(dispute.id, { evidence: { receipt: 'file_1' } });
    expect(await refusal(receipt)).toMatchObject({ code: 'resource_missing', param: 'evidence[receipt]' });
    const evidence = { product_description: 'Credits' };
    expect(await stripe.disputes.update(dispute.id, { evidence })).toMatchObject({ status: 'under_review' });
    expect((await refusal(stripe.disputes.update(dispute.id, { evidence }))).statusCode).toBe(400);
    expect(await stripe.disputes.update(dispute.id, { metadata: { a: 'b' } })).toMatchObject({
      status: 'under_review',
    });
  });

  test('who closes one has lost it', async () => {
    const { stripe } = await sandbox();
    const { dispute } = await disputed(stripe, 'pm_card_createDispute');
    expect(await stripe.disputes.close(dispute.id)).toMatchObject({ status: 'lost' });
    expect((await refusal(stripe.disputes.close(dispute.id))).statusCode).toBe(400);
    expect((await eventsOf(stripe)).at(-1)).toMatchObject({
      type: 'charge.dispute.closed',
      data: { previous_attributes: { status: 'needs_response' } },
    });
  });

  test('an inquiry moves no money, can be refunded, and may become a chargeback', async () => {
    const { stripe } = await sandbox();
    const { charge, dispute } = await disputed(stripe, 'pm_card_createDisputeInquiry');
    expect(dispute).toMatchObject({
      status: 'warning_needs_response',
      is_charge_refundable: true,
      payment_method_details: { card: { case_type: 'inquiry' } },
    });
    await stripe.refunds.create({ charge, amount: 100 });
    expect(await stripe.disputes.close(dispute.id)).toMatchObject({ status: 'warning_closed' });
    expect((await typesOf(stripe)).slice(3)).toEqual([
      'charge.dispute.created',
      'refund.created',
      'charge.refunded',
      'charge.dispute.closed',
    ]);
    const other = await disputed(stripe, 'pm_card_createDisputeInquiry');
    const evidence = { uncategorized_text: 'escalate_inquiry_evidence' };
    expect(await stripe.disputes.update(other.dispute.id, { evidence })).toMatchObject({
      status: 'needs_response',
      is_charge_refundable: false,
      payment_method_details: { card: { case_type: 'chargeback' } },
    });
    expect((await typesOf(stripe)).slice(-4)).toEqual([
      'charge.dispute.created',
      'charge.dispute.updated',
      'charge.dispute.updated',
      'charge.dispute.funds_withdrawn',
    ]);
  });

  test('a payment that is captured later is disputed then', async () => {
    const { stripe } = await sandbox();
    const intent = await pay(stripe, { payment_method: 'pm_card_createDispute', capture_method: 'manual' });
    expect((await stripe.disputes.list()).data).toEqual([]);
    await stripe.paymentIntents.capture(intent.id);
    expect((await stripe.disputes.list()).data).toHaveLength(1);
  });

  test('live on the clock of the customer', async () => {
    const { stripe } = await sandbox();
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 2_000_000_000 });
    const customer = await stripe.customers.create({ test_clock: clock.id });
    const intent = await pay(stripe, { customer: customer.id, payment_method: 'pm_card_createDispute' });
    const [dispute] = (await stripe.disputes.list({ payment_intent: intent.id })).data;
    expect(dispute?.created).toBe(2_000_000_000);
    await stripe.disputes.close(String(dispute?.id));
    expect((await eventsOf(stripe)).at(-1)).toMatchObject({ created: 2_000_000_000 });
  });
});
