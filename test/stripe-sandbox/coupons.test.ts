import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { eventsOf, payByCard, priceOf, refusal, sandbox, sessionFor, submit, typesOf } from './support.ts';

describe('coupons', () => {
  test('are created, found, renamed, listed and deleted, each with its event', async () => {
    const { stripe } = await sandbox();
    const coupon = await stripe.coupons.create({
      id: 'WELCOME 25',
      percent_off: 25.5,
      duration: 'repeating',
      duration_in_months: 3,
      max_redemptions: 10,
      name: 'Welcome',
      metadata: { campaign: 'spring' },
    });
    expect(coupon).toEqual({
      id: 'WELCOME 25',
      object: 'coupon',
      amount_off: null,
      created: expect.any(Number),
      currency: null,
      duration: 'repeating',
      duration_in_months: 3,
      livemode: false,
      max_redemptions: 10,
      metadata: { campaign: 'spring' },
      name: 'Welcome',
      percent_off: 25.5,
      redeem_by: null,
      times_redeemed: 0,
      valid: true,
    });
    await stripe.coupons.update(coupon.id, { name: 'Hello', metadata: { campaign: '', by: 'us' } });
    expect(await stripe.coupons.retrieve(coupon.id)).toMatchObject({ name: 'Hello', metadata: { by: 'us' } });
    expect((await stripe.coupons.list()).data.map(({ id }) => id)).toEqual(['WELCOME 25']);
    expect(await stripe.coupons.del(coupon.id)).toMatchObject({ id: 'WELCOME 25', deleted: true });
    expect(await refusal(stripe.coupons.retrieve(coupon.id))).toMatchObject({ statusCode: 404 });
    expect(await typesOf(stripe)).toEqual(['coupon.created', 'coupon.updated', 'coupon.deleted']);
  });

  test('show their products only when asked', async () => {
    const { stripe } = await sandbox();
    const product = await stripe.products.create({ name: 'Professional' });
    const { id } = await stripe.coupons.create({
      amount_off: 500,
      currency: 'gbp',
      applies_to: { products: [product.id] },
    });
    expect(await stripe.coupons.retrieve(id)).not.toHaveProperty('applies_to');
    expect(await stripe.coupons.retrieve(id, { expand: ['applies_to'] })).toMatchObject({
      applies_to: { products: [product.id] },
      duration: 'once',
    });
  });

  test.each([
    [{}, 'percent_off', 'parameter_missing'],
    [{ percent_off: 10, amount_off: 100, currency: 'gbp' }, 'amount_off', undefined],
    [{ percent_off: 101 }, 'percent_off', undefined],
    [{ amount_off: 100 }, 'currency', 'parameter_missing'],
    [{ amount_off: 0, currency: 'gbp' }, 'amount_off', 'parameter_invalid_integer'],
    [{ percent_off: 10, duration: 'repeating' as const }, 'duration_in_months', 'parameter_missing'],
    [{ percent_off: 10, duration_in_months: 3 }, 'duration_in_months', undefined],
    [{ percent_off: 10, max_redemptions: 0 }, 'max_redemptions', 'parameter_invalid_integer'],
    [{ percent_off: 10, redeem_by: 1 }, 'redeem_by', undefined],
    [
      { percent_off: 10, applies_to: { products: ['prod_none'] } },
      'applies_to[products][0]',
      'resource_missing',
    ],
    [{ percent_off: 10, name: 'x'.repeat(41) }, 'name', undefined],
  ])('%j is refused', async (params, param, code) => {
    const { stripe } = await sandbox();
    expect(await refusal(stripe.coupons.create(params))).toMatchObject({ statusCode: 400, param, code });
  });

  test('end by their date, and their promotion codes with them', async () => {
    let now = new Date('2027-03-01T00:00:00Z');
    const { stripe } = await sandbox({ now: () => now });
    const coupon = await stripe.coupons.create({
      percent_off: 10,
      redeem_by: Date.parse('2027-04-01T00:00:00Z') / 1000,
    });
    const code = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id } });
    now = new Date('2027-04-01T00:00:00Z');
    expect((await stripe.coupons.retrieve(coupon.id)).valid).toBe(true);
    now = new Date('2027-04-01T00:00:01Z');
    expect((await stripe.coupons.retrieve(coupon.id)).valid).toBe(false);
    expect((await stripe.promotionCodes.retrieve(code.id)).active).toBe(false);
    expect(await refusal(stripe.promotionCodes.update(code.id, { active: true }))).toMatchObject({
      param: 'active',
    });
  });
});

describe('promotion codes', () => {
  test('are created, found by code in any case, switched off and on', async () => {
    const { stripe } = await sandbox();
    const coupon = await stripe.coupons.create({ percent_off: 10 });
    const promotion = { type: 'coupon' as const, coupon: coupon.id };
    const code = await stripe.promotionCodes.create({ promotion, code: 'Spring-27' });
    expect(code).toEqual({
      id: expect.stringMatching(/^promo_1/),
      object: 'promotion_code',
      active: true,
      code: 'Spring-27',
      created: expect.any(Number),
      customer: null,
      customer_account: null,
      expires_at: null,
      livemode: false,
      max_redemptions: null,
      metadata: {},
      promotion: { coupon: coupon.id, type: 'coupon' },
      restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null },
      times_redeemed: 0,
    });
    const other = await stripe.promotionCodes.create({ promotion });
    expect(other.code).toMatch(/^[A-Z0-9]{8}$/);
    const found = await stripe.promotionCodes.list({
      code: 'SPRING-27',
      expand: ['data.promotion.coupon'],
    });
    expect(found.data).toMatchObject([{ id: code.id, promotion: { coupon: { percent_off: 10 } } }]);

    expect(await refusal(stripe.promotionCodes.create({ promotion, code: 'spring-27' }))).toMatchObject({
      param: 'code',
      message: 'An active promotion code with `code: spring-27` already exists.',
    });
    await stripe.promotionCodes.update(code.id, { active: false });
    await stripe.promotionCodes.create({ promotion, code: 'spring-27' });
    expect(await refusal(stripe.promotionCodes.update(code.id, { active: true }))).toMatchObject({
      param: 'code',
    });
    expect((await stripe.promotionCodes.list({ active: true, coupon: coupon.id })).data).toHaveLength(2);
  });

  test('no longer take the parameter `coupon`', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const { id } = await stripe.coupons.create({ percent_off: 10 });
    const answer = await fetch(`${server.url}/v1/promotion_codes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.apiKey}` },
      body: new URLSearchParams({ coupon: id }),
    });
    expect(await answer.json()).toMatchObject({ error: { code: 'parameter_unknown', param: 'coupon' } });
  });

  test.each([
    [{ code: 'two words' }, 'code'],
    [{ expires_at: 1 }, 'expires_at'],
    [{ max_redemptions: 6 }, 'max_redemptions'],
    [{ customer: 'cus_none' }, 'customer'],
    [{ restrictions: { minimum_amount: 500 } }, 'restrictions[minimum_amount_currency]'],
  ])('%j is refused', async (params, param) => {
    const { stripe } = await sandbox();
    const { id } = await stripe.coupons.create({ percent_off: 10, max_redemptions: 5 });
    const promotion = { type: 'coupon' as const, coupon: id };
    expect(await refusal(stripe.promotionCodes.create({ promotion, ...params }))).toMatchObject({
      statusCode: 400,
      param,
    });
  });

  test('end with their coupon when it is deleted', async () => {
    const { stripe } = await sandbox();
    const { id } = await stripe.coupons.create({ percent_off: 10 });
    const code = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: id } });
    await stripe.coupons.del(id);
    expect(await stripe.promotionCodes.retrieve(code.id, { expand: ['promotion.coupon'] })).toMatchObject({
      active: false,
      promotion: { coupon: { percent_off: 10 } },
    });
    expect(await typesOf(stripe)).toEqual([
      'coupon.created',
      'promotion_code.created',
      'promotion_code.updated',
      'coupon.deleted',
    ]);
  });
});

describe('a product', () => {
  test('is deleted as long as it has no prices', async () => {
    const { stripe } = await sandbox();
    const free = await stripe.products.create({ name: 'Draft' });
    expect(await stripe.products.del(free.id)).toMatchObject({ id: free.id, deleted: true });
    expect((await eventsOf(stripe)).at(-1)?.type).toBe('product.deleted');
    const price = await priceOf(stripe, 400);
    expect(await refusal(stripe.products.del(String(price.product)))).toMatchObject({
      statusCode: 400,
      message: 'This product cannot be deleted because it has one or more user-created prices.',
    });
  });
});

/** A session for two products, £24.90 and £10.01 (twice), with a discount. */
async function orderWith(
  stripe: Stripe,
  discount: Stripe.Checkout.SessionCreateParams.Discount,
  params: Stripe.Checkout.SessionCreateParams = {},
): Promise<Stripe.Checkout.Session> {
  const [first, second] = [await priceOf(stripe, 2490), await priceOf(stripe, 1001)];
  return sessionFor(stripe, first, {
    line_items: [
      { price: first.id, quantity: 1 },
      { price: second.id, quantity: 2 },
    ],
    discounts: [discount],
    expand: ['line_items', 'total_details.breakdown'],
    ...params,
  });
}

const lineDiscounts = (session: Stripe.Checkout.Session): number[] =>
  (session.line_items?.data ?? []).map(({ amount_discount }) => amount_discount);

describe('a discount', () => {
  // The order is 2490 + 2002 = 4492.
  test.each([
    // 15 % of 4492 is 673.8: 674, of which 2490/4492 are 373.6 and 2002/4492 are 300.4.
    [{ percent_off: 15 }, 674, [374, 300]],
    // 12.5 % is 561.5, rounded up to 562: 311.5 and 250.5; the unit left over goes to the first.
    [{ percent_off: 12.5 }, 562, [312, 250]],
    [{ percent_off: 100 }, 4492, [2490, 2002]],
    // 1000 in proportion: 554.3 and 445.7.
    [{ amount_off: 1000, currency: 'gbp' }, 1000, [554, 446]],
    [{ amount_off: 9999, currency: 'gbp' }, 4492, [2490, 2002]],
  ])('of %j takes %i, shared out over the lines', async (terms, total, lines) => {
    const { stripe } = await sandbox();
    const coupon = await stripe.coupons.create(terms);
    const session = await orderWith(stripe, { coupon: coupon.id });
    expect(lineDiscounts(session)).toEqual(lines);
    expect(session).toMatchObject({
      amount_subtotal: 4492,
      amount_total: 4492 - total,
      discounts: [{ coupon: coupon.id, promotion_code: null }],
      total_details: {
        amount_discount: total,
        breakdown: {
          discounts: [{ amount: total, discount: { source: { coupon: coupon.id, type: 'coupon' } } }],
        },
      },
    });
  });

  test('touches only its products', async () => {
    const { stripe } = await sandbox();
    const [first, second] = [await priceOf(stripe, 2490), await priceOf(stripe, 1001)];
    const { id: coupon } = await stripe.coupons.create({
      percent_off: 50,
      applies_to: { products: [String(second.product)] },
    });
    const session = await sessionFor(stripe, first, {
      line_items: [
        { price: first.id, quantity: 1 },
        { price: second.id, quantity: 1 },
      ],
      discounts: [{ coupon }],
      expand: ['line_items'],
    });
    // Half of 1001 is 500.5, rounded up.
    expect(lineDiscounts(session)).toEqual([0, 501]);
    expect(await refusal(sessionFor(stripe, first, { discounts: [{ coupon }] }))).toMatchObject({
      param: 'discounts[0]',
    });
  });

  test('of a single payment is redeemed when it is paid', async () => {
    const { stripe } = await sandbox();
    const { id: coupon } = await stripe.coupons.create({ percent_off: 25 });
    const session = await sessionFor(stripe, await priceOf(stripe, 400), {
      discounts: [{ coupon }],
      customer_creation: 'always',
    });
    expect(await stripe.coupons.retrieve(coupon)).toMatchObject({ times_redeemed: 0 });
    await payByCard(session.url);
    expect(await stripe.coupons.retrieve(coupon)).toMatchObject({ times_redeemed: 1, valid: true });
    expect((await stripe.paymentIntents.list()).data).toMatchObject([{ amount: 300, status: 'succeeded' }]);
    const events = await eventsOf(stripe);
    const created = events.find(({ type }) => type === 'customer.discount.created');
    expect(created?.data.object).toMatchObject({
      object: 'discount',
      checkout_session: session.id,
      customer: expect.stringMatching(/^cus_/),
      source: { coupon, type: 'coupon' },
      subscription: null,
    });
  });

  test('for some months ends with them, and keeps its terms when the coupon is deleted', async () => {
    const { stripe } = await sandbox({ now: () => new Date('2027-01-31T00:00:00Z') });
    const { id: coupon } = await stripe.coupons.create({
      percent_off: 25,
      duration: 'repeating',
      duration_in_months: 1,
    });
    const price = await priceOf(stripe, 2490, 'month');
    await payByCard((await sessionFor(stripe, price, { discounts: [{ coupon }] })).url);
    await stripe.coupons.del(coupon);
    const [subscription] = (
      await stripe.subscriptions.list({ expand: ['data.discounts.source.coupon', 'data.latest_invoice'] })
    ).data;
    expect(subscription?.discounts).toMatchObject([
      {
        start: Date.parse('2027-01-31T00:00:00Z') / 1000,
        end: Date.parse('2027-02-28T00:00:00Z') / 1000,
        subscription: subscription?.id,
        source: { coupon: { id: coupon, percent_off: 25 } },
      },
    ]);
    // A quarter of 2490 is 622.5, rounded up.
    expect(subscription?.latest_invoice).toMatchObject({ subtotal: 2490, total: 1867, amount_paid: 1867 });
  });

  test('for once waits for the first invoice that costs something', async () => {
    const { stripe } = await sandbox();
    const start = Date.UTC(2026, 0, 1) / 1000;
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start });
    const customer = await stripe.customers.create({ email: 'jenny@example.com', test_clock: clock.id });
    const { id: coupon } = await stripe.coupons.create({ percent_off: 50 });
    const session = await sessionFor(stripe, await priceOf(stripe, 2490, 'month'), {
      customer: customer.id,
      discounts: [{ coupon }],
      subscription_data: { trial_period_days: 14 },
    });
    await payByCard(session.url);
    // 15 January and 15 February, each an hour after the invoice is made.
    for (const days of [15, 46]) {
      await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: start + days * 86_400 });
    }
    const invoices = await stripe.invoices.list({ customer: customer.id });
    expect(invoices.data.map(({ amount_paid }) => amount_paid)).toEqual([2490, 1245, 0]);
    const types = await typesOf(stripe);
    expect(types.filter((type) => type.startsWith('customer.discount'))).toEqual([
      'customer.discount.created',
      'customer.discount.deleted',
    ]);
  });

  test('of everything needs no card in payment mode, and no payment', async () => {
    const { stripe } = await sandbox();
    const { id: coupon } = await stripe.coupons.create({ percent_off: 100 });
    const session = await sessionFor(stripe, await priceOf(stripe, 400), { discounts: [{ coupon }] });
    expect((await submit(session.url, {})).status).toBe(303);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      amount_total: 0,
      payment_intent: null,
      payment_status: 'no_payment_required',
    });
  });

  test.each([
    [{ discounts: [{ coupon: 'none' }] }, 'discounts[0][coupon]'],
    [{ discounts: [{ promotion_code: 'promo_none' }] }, 'discounts[0][promotion_code]'],
    [{ discounts: [{ coupon: 'SALE', promotion_code: 'promo_none' }] }, 'discounts[0]'],
    [{ discounts: [{ coupon: 'SALE' }, { coupon: 'SALE' }] }, 'discounts'],
    [{ discounts: [{ coupon: 'SALE' }], allow_promotion_codes: true }, 'allow_promotion_codes'],
    [{ discounts: [{ coupon: 'DOLLARS' }] }, 'discounts[0][coupon]'],
    // 400 less 99 % are 4 pence, which nobody can charge.
    [{ discounts: [{ coupon: 'SALE' }] }, 'line_items'],
  ])('as %j is refused', async (params, param) => {
    const { stripe } = await sandbox();
    await stripe.coupons.create({ id: 'SALE', percent_off: 99 });
    await stripe.coupons.create({ id: 'DOLLARS', amount_off: 100, currency: 'usd' });
    const price = await priceOf(stripe, 400);
    expect(await refusal(sessionFor(stripe, price, params))).toMatchObject({ statusCode: 400, param });
    expect((await stripe.checkout.sessions.list()).data).toEqual([]);
  });
});

describe('the limits of a redemption', () => {
  test('let one customer have what there is only once', async () => {
    const { stripe } = await sandbox();
    const { id: coupon } = await stripe.coupons.create({ percent_off: 25, max_redemptions: 1 });
    const promotion = { type: 'coupon' as const, coupon };
    const code = await stripe.promotionCodes.create({ promotion });
    const price = await priceOf(stripe, 2490, 'month');
    const sessions = [];
    for (const email of ['jenny@example.com', 'jules@example.com']) {
      const customer = await stripe.customers.create({ email });
      sessions.push(await sessionFor(stripe, price, { customer: customer.id, discounts: [{ coupon }] }));
    }
    const [first, second] = sessions;
    expect((await payByCard(first?.url ?? '')).status).toBe(303);
    const late = await payByCard(second?.url ?? '');
    expect(late.status).toBe(400);
    expect(await late.text()).toContain('is used up');
    expect((await stripe.subscriptions.list()).data).toHaveLength(1);
    expect(await stripe.coupons.retrieve(coupon)).toMatchObject({ times_redeemed: 1, valid: false });
    expect((await stripe.promotionCodes.retrieve(code.id)).active).toBe(false);
    expect(await refusal(sessionFor(stripe, price, { discounts: [{ coupon }] }))).toMatchObject({
      param: 'discounts[0][coupon]',
    });
  });

  test('keep a code to its customer, to first payments and above its minimum', async () => {
    const { stripe } = await sandbox();
    const { id: coupon } = await stripe.coupons.create({ percent_off: 25 });
    const customers = [];
    for (const name of ['Jenny', 'Jules']) {
      customers.push((await stripe.customers.create({ email: 'one@example.com', name })).id);
    }
    const [jenny = '', jules = ''] = customers;
    const price = await priceOf(stripe, 400);
    const codeWith = async (params: object): Promise<string> => {
      const promotion = { type: 'coupon' as const, coupon };
      return (await stripe.promotionCodes.create({ promotion, ...params })).id;
    };
    const trying = (promotion_code: string, customer: string): Promise<Stripe.Checkout.Session> =>
      sessionFor(stripe, price, { customer, discounts: [{ promotion_code }] });

    const own = await codeWith({ customer: jenny });
    expect(await trying(own, jenny)).toMatchObject({ amount_total: 300 });
    expect((await refusal(trying(own, jules))).message).toContain('belongs to a different customer');

    const first = await codeWith({ restrictions: { first_time_transaction: true } });
    await payByCard((await trying(first, jenny)).url);
    expect((await refusal(trying(first, jenny))).message).toContain('has prior transactions');
    expect(await trying(first, jules)).toMatchObject({ amount_total: 300 });
    expect(
      (await refusal(sessionFor(stripe, price, { discounts: [{ promotion_code: first }] }))).message,
    ).toContain('this session makes none');

    const large = await codeWith({ restrictions: { minimum_amount: 401, minimum_amount_currency: 'gbp' } });
    expect((await refusal(trying(large, jenny))).message).toContain('below its minimum of £4.01');

    const once = await codeWith({ max_redemptions: 1 });
    await payByCard((await trying(once, jenny)).url);
    expect((await refusal(trying(once, jules))).message).toContain('not active');
    expect(await stripe.promotionCodes.retrieve(once)).toMatchObject({ active: false, times_redeemed: 1 });
  });
});

describe('a promotion code on the pay page', () => {
  async function shopWith(stripe: Stripe): Promise<Stripe.Checkout.Session> {
    const { id: coupon } = await stripe.coupons.create({ percent_off: 25, name: 'Spring' });
    await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon }, code: 'SPRING' });
    return sessionFor(stripe, await priceOf(stripe, 400), { allow_promotion_codes: true });
  }
  const pageOf = async ({ url }: Stripe.Checkout.Session): Promise<string> => (await fetch(url ?? '')).text();

  test('changes the price until it is taken back', async () => {
    const { stripe } = await sandbox();
    const session = await shopWith(stripe);
    const totals = async (): Promise<Stripe.Checkout.Session> =>
      stripe.checkout.sessions.retrieve(session.id, { expand: ['discounts.promotion_code'] });
    const applied = await submit(session.url, { action: 'apply_code', promotion_code: ' spring ' });
    expect(applied.headers.get('location')).toBe(session.url);
    expect(await totals()).toMatchObject({
      amount_subtotal: 400,
      amount_total: 300,
      total_details: { amount_discount: 100 },
      discounts: [{ coupon: null, promotion_code: { code: 'SPRING' } }],
    });
    const page = await pageOf(session);
    expect(page).toContain('Spring <small>25% off once</small>');
    expect(page).toContain('-£1.00');
    await submit(session.url, { action: 'remove_code' });
    expect(await totals()).toMatchObject({ amount_total: 400, discounts: [] });
    await submit(session.url, { action: 'apply_code', promotion_code: 'SPRING' });
    await payByCard(session.url);
    expect((await stripe.paymentIntents.list()).data).toMatchObject([{ amount: 300 }]);
    expect((await stripe.promotionCodes.list()).data).toMatchObject([{ times_redeemed: 1 }]);
  });

  test('is told to be wrong', async () => {
    const { stripe } = await sandbox();
    const session = await shopWith(stripe);
    const wrong = await submit(session.url, { action: 'apply_code', promotion_code: '<b>' });
    expect(wrong.status).toBe(400);
    const page = await wrong.text();
    expect(page).toContain('This code is invalid.');
    expect(page).toContain('value="&lt;b&gt;"');
    expect((await stripe.checkout.sessions.retrieve(session.id)).amount_total).toBe(400);
  });

  test('has no place where the session does not allow it', async () => {
    const { stripe } = await sandbox();
    await shopWith(stripe);
    const session = await sessionFor(stripe, await priceOf(stripe, 400));
    expect(await pageOf(session)).not.toContain('promotion_code');
    const tried = await submit(session.url, { action: 'apply_code', promotion_code: 'SPRING' });
    expect(tried.status).toBe(400);
  });

  test('after a declined card is what the same payment costs', async () => {
    const { stripe } = await sandbox();
    const session = await shopWith(stripe);
    await payByCard(session.url, '4000000000000002');
    await submit(session.url, { action: 'apply_code', promotion_code: 'SPRING' });
    await payByCard(session.url);
    expect((await stripe.paymentIntents.list()).data).toMatchObject([{ amount: 300, status: 'succeeded' }]);
  });
});
