import { describe, expect, test } from 'vitest';
import { eventsOf, priceOf, refusal, sandbox } from './support.ts';

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
    expect((await eventsOf(stripe)).map(({ type }) => type)).toEqual([
      'coupon.created',
      'coupon.updated',
      'coupon.deleted',
    ]);
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
    expect((await eventsOf(stripe)).map(({ type }) => type)).toEqual([
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
