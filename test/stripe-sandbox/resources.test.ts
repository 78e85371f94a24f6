import { describe, expect, test } from 'vitest';
import { eventsOf, payByCard, priceOf, refusal, sandbox, sessionFor, typesOf } from './support.ts';

describe('the official SDK walks every resource', () => {
  test('products: create, retrieve, update, list', async () => {
    const { stripe } = await sandbox();
    const product = await stripe.products.create({
      name: 'Starter',
      metadata: { plan: 'starter', old: '1' },
    });
    expect(product).toMatchObject({ object: 'product', active: true, name: 'Starter', livemode: false });
    const updated = await stripe.products.update(product.id, {
      active: false,
      description: 'Small',
      metadata: { old: '', new: '2' },
    });
    expect(updated).toMatchObject({
      active: false,
      description: 'Small',
      metadata: { plan: 'starter', new: '2' },
    });
    expect(await stripe.products.retrieve(product.id)).toEqual(expect.objectContaining({ active: false }));
    expect((await stripe.products.list({ active: true })).data).toEqual([]);
    expect((await stripe.products.list({ ids: [product.id] })).data).toHaveLength(1);
    expect((await stripe.products.update(product.id, { description: '' })).description).toBeNull();
  });

  test('a product can come with its default price', async () => {
    const { stripe } = await sandbox();
    const product = await stripe.products.create({
      name: 'Starter',
      default_price_data: { currency: 'gbp', unit_amount: 900 },
      expand: ['default_price'],
    });
    expect(product.default_price).toMatchObject({ object: 'price', unit_amount: 900, product: product.id });
    const foreign = await priceOf(stripe, 500);
    expect(await refusal(stripe.products.update(product.id, { default_price: foreign.id }))).toMatchObject({
      statusCode: 400,
      param: 'default_price',
    });
    expect((await stripe.products.update(product.id, { default_price: '' })).default_price).toBeNull();
  });

  test('plans are the older face of recurring prices', async () => {
    const { stripe } = await sandbox();
    const plan = await stripe.plans.create({
      id: 'gold',
      currency: 'gbp',
      interval: 'month',
      amount: 2490,
      product: { name: 'Gold' },
    });
    expect(plan).toMatchObject({ id: 'gold', object: 'plan', amount: 2490, interval_count: 1 });
    expect(await stripe.prices.retrieve('gold')).toMatchObject({
      object: 'price',
      unit_amount: 2490,
      recurring: { interval: 'month' },
    });
    const again = { id: 'gold', currency: 'gbp', interval: 'month', amount: 1, product: 'gold' } as const;
    expect(await refusal(stripe.plans.create(again))).toMatchObject({ code: 'resource_already_exists' });
    const yearly = await priceOf(stripe, 24900, 'year');
    const once = await priceOf(stripe, 500);
    expect((await stripe.plans.list()).data.map(({ id }) => id)).toEqual([yearly.id, 'gold']);
    expect(await refusal(stripe.plans.retrieve(once.id))).toMatchObject({ statusCode: 404 });
    expect(await stripe.plans.update('gold', { nickname: 'G', active: false })).toMatchObject({
      nickname: 'G',
      active: false,
    });
    await stripe.prices.update(yearly.id, { lookup_key: 'yearly' });
    const { id: customer } = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    await stripe.subscriptions.create({ customer, items: [{ price: yearly.id }], trial_period_days: 7 });
    expect(await refusal(stripe.plans.del(yearly.id))).toMatchObject({ statusCode: 400 });
    expect(await stripe.plans.del('gold')).toEqual(
      expect.objectContaining({ id: 'gold', object: 'plan', deleted: true }),
    );
    const told = (await eventsOf(stripe)).filter(({ type }) => /^(plan|price)/.test(type));
    expect(told.map(({ type, data }) => [type, data.previous_attributes])).toEqual([
      ['plan.created', undefined],
      ['price.created', undefined],
      ['plan.created', undefined],
      ['price.created', undefined],
      ['price.created', undefined],
      ['plan.updated', { active: true, nickname: null }],
      ['price.updated', { active: true, nickname: null }],
      ['price.updated', { lookup_key: null }],
      ['plan.deleted', undefined],
      ['price.deleted', undefined],
    ]);
  });

  test('a product is shown by addresses of the web', async () => {
    const { stripe } = await sandbox();
    const product = await stripe.products.create({ name: 'A', url: 'https://shop.example/a' });
    for (const wrong of [{ url: 'nowhere' }, { images: ['nothing'] }]) {
      const refused = { statusCode: 400, code: 'url_invalid' };
      expect(await refusal(stripe.products.create({ name: 'B', ...wrong }))).toMatchObject(refused);
      expect(await refusal(stripe.products.update(product.id, wrong))).toMatchObject(refused);
    }
    const many = Array.from({ length: 9 }, (_, index) => `https://shop.example/${index}.png`);
    expect(await refusal(stripe.products.update(product.id, { images: many }))).toMatchObject({
      param: 'images',
    });
    expect((await stripe.products.update(product.id, { url: '' })).url).toBeNull();
  });

  test('searches are no objects: 404', async () => {
    const { stripe } = await sandbox();
    expect(await refusal(stripe.products.search({ query: "active:'true'" }))).toMatchObject({
      statusCode: 404,
      message: expect.stringContaining('Unrecognized request URL'),
    });
  });

  test('prices: create, archive, move a lookup key, list by filters', async () => {
    const { stripe } = await sandbox();
    const { id: product } = await stripe.products.create({ name: 'Starter' });
    const base = { product, currency: 'GBP', recurring: { interval: 'month' as const } };
    const first = await stripe.prices.create({ ...base, unit_amount: 9900, lookup_key: 'starter_monthly' });
    expect(first).toMatchObject({
      currency: 'gbp',
      type: 'recurring',
      recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
    });
    expect(String(first.unit_amount_decimal)).toBe('9900');

    const taken = await refusal(
      stripe.prices.create({ ...base, unit_amount: 14900, lookup_key: 'starter_monthly' }),
    );
    expect(taken).toMatchObject({ statusCode: 400, param: 'lookup_key' });

    const second = await stripe.prices.create({
      ...base,
      unit_amount: 14900,
      lookup_key: 'starter_monthly',
      transfer_lookup_key: true,
    });
    await stripe.prices.update(first.id, { active: false, nickname: 'old' });
    expect(await stripe.prices.retrieve(first.id)).toMatchObject({
      active: false,
      lookup_key: null,
      nickname: 'old',
    });
    const byKey = await stripe.prices.list({ lookup_keys: ['starter_monthly'], expand: ['data.product'] });
    expect(byKey.data.map(({ id }) => id)).toEqual([second.id]);
    expect(byKey.data[0]?.product).toMatchObject({ object: 'product', name: 'Starter' });
    expect((await stripe.prices.list({ product, active: true, type: 'recurring' })).data).toHaveLength(1);
    expect((await stripe.prices.list({ type: 'one_time' })).data).toEqual([]);
  });

  test('customers: create, retrieve, update, list by e-mail, delete', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create({
      email: 'jenny@example.com',
      address: { city: 'Leeds', country: 'GB' },
      metadata: { 0: 'numbered keys stay keys' },
    });
    expect(customer.metadata).toEqual({ 0: 'numbered keys stay keys' });
    expect(customer.address).toMatchObject({ city: 'Leeds', line1: null });
    await stripe.customers.update(customer.id, { name: 'Jenny', address: '' });
    const found = await stripe.customers.list({ email: 'jenny@example.com' });
    expect(found.data).toMatchObject([{ id: customer.id, name: 'Jenny', address: null }]);
    expect(await stripe.customers.del(customer.id)).toEqual(
      expect.objectContaining({ id: customer.id, object: 'customer', deleted: true }),
    );
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
    expect((await stripe.customers.list({ email: 'jenny@example.com' })).data).toEqual([]);
    expect(
      await refusal(sessionFor(stripe, await priceOf(stripe, 400), { customer: customer.id })),
    ).toMatchObject({
      code: 'resource_missing',
      param: 'customer',
    });
  });

  test('a paid session leads to its payment intent and charge', async () => {
    const { stripe } = await sandbox();
    const session = await sessionFor(stripe, await priceOf(stripe, 400), {
      client_reference_id: 'user 7',
      metadata: { package: 'credits_2500' },
      payment_intent_data: { metadata: { order: '7' } },
    });
    expect(session).toMatchObject({
      status: 'open',
      payment_status: 'unpaid',
      amount_total: 400,
      payment_intent: null,
    });
    await payByCard(session.url);
    const paid = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['line_items', 'payment_intent.latest_charge'],
    });
    expect(paid).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      url: null,
      client_reference_id: 'user 7',
      metadata: { package: 'credits_2500' },
      customer: null,
      customer_details: { email: 'jenny@example.com' },
      line_items: { data: [{ object: 'item', amount_total: 400, quantity: 1 }] },
      payment_intent: {
        status: 'succeeded',
        amount_received: 400,
        metadata: { order: '7' },
        latest_charge: { status: 'succeeded', paid: true, amount: 400, metadata: { order: '7' } },
      },
    });
    const intent = typeof paid.payment_intent === 'object' ? paid.payment_intent?.id : '';
    expect((await stripe.checkout.sessions.list({ payment_intent: intent ?? '' })).data).toHaveLength(1);
    expect((await stripe.paymentIntents.list()).data.map(({ id }) => id)).toEqual([intent]);
    const lines = await stripe.checkout.sessions.listLineItems(session.id);
    expect(lines.data).toMatchObject([{ price: { unit_amount: 400 } }]);
  });

  test('a subscribed session leads to its subscription, first invoice and invoice payment', async () => {
    const { stripe } = await sandbox({ now: () => new Date('2027-01-31T10:00:00Z') });
    const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny' });
    const price = await priceOf(stripe, 2490, 'month');
    const session = await sessionFor(stripe, price, {
      customer: customer.id,
      subscription_data: { metadata: { plan: 'professional_monthly' } },
    });
    await payByCard(session.url);
    const { subscription: subscriptionId, invoice: invoiceId } = await stripe.checkout.sessions.retrieve(
      session.id,
    );
    const subscription = await stripe.subscriptions.retrieve(String(subscriptionId), {
      expand: ['latest_invoice.payments.data.payment.payment_intent', 'default_payment_method'],
    });
    const start = Date.parse('2027-01-31T10:00:00Z') / 1000;
    const end = Date.parse('2027-02-28T10:00:00Z') / 1000;
    expect(subscription).toMatchObject({
      status: 'active',
      customer: customer.id,
      metadata: { plan: 'professional_monthly' },
      default_payment_method: { object: 'payment_method', type: 'card', customer: customer.id },
      items: {
        data: [
          { price: { id: price.id }, quantity: 1, current_period_start: start, current_period_end: end },
        ],
      },
      latest_invoice: {
        id: invoiceId,
        payments: {
          data: [{ status: 'paid', payment: { payment_intent: { status: 'succeeded', amount: 2490 } } }],
        },
      },
    });
    const invoices = await stripe.invoices.list({ subscription: subscription.id, status: 'paid' });
    expect(invoices.data).toMatchObject([
      {
        billing_reason: 'subscription_create',
        amount_paid: 2490,
        amount_remaining: 0,
        parent: {
          subscription_details: { subscription: subscription.id, metadata: { plan: 'professional_monthly' } },
        },
        lines: {
          data: [
            {
              amount: 2490,
              period: { start, end },
              pricing: { price_details: { price: price.id } },
              parent: { subscription_item_details: { subscription: subscription.id, proration: false } },
            },
          ],
        },
      },
    ]);
    expect((await stripe.invoices.listLineItems(String(invoiceId))).data).toHaveLength(1);
    expect((await stripe.invoicePayments.list({ invoice: String(invoiceId) })).data).toHaveLength(1);
    expect((await stripe.subscriptions.list({ customer: customer.id, status: 'active' })).data).toHaveLength(
      1,
    );
    expect((await stripe.subscriptions.list({ customer: customer.id, status: 'past_due' })).data).toEqual([]);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ currency: 'gbp' });
  });

  test('deleting a customer cancels the subscription', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create({ email: 'jenny@example.com' });
    await payByCard(
      (await sessionFor(stripe, await priceOf(stripe, 2490, 'year'), { customer: customer.id })).url,
    );
    await stripe.customers.del(customer.id);
    expect((await stripe.subscriptions.list()).data).toEqual([]);
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toMatchObject([{ status: 'canceled' }]);
    expect(await typesOf(stripe)).toContain('customer.subscription.deleted');
  });

  test('a portal session shows what the customer has and leads back', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create({ email: 'jenny@example.com', name: '<b>Jenny</b>' });
    await payByCard(
      (await sessionFor(stripe, await priceOf(stripe, 2490, 'month'), { customer: customer.id })).url,
    );
    const portal = await stripe.billingPortal.sessions.create({
      customer: customer.id,
      return_url: 'https://shop.example/account',
    });
    const response = await fetch(portal.url);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('&lt;b&gt;Jenny&lt;/b&gt;');
    expect(page).not.toContain('<b>Jenny');
    expect(page).toContain('£24.90');
    expect(page).toContain('href="https://shop.example/account"');
  });

  test('events: retrieve and list by type, types and time', async () => {
    let now = new Date('2027-03-01T00:00:00Z');
    const { stripe } = await sandbox({ now: () => now });
    await stripe.products.create({ name: 'First' });
    now = new Date('2027-03-02T00:00:00Z');
    await priceOf(stripe, 400);
    const all = await eventsOf(stripe);
    expect(all.map(({ type }) => type)).toEqual(['product.created', 'product.created', 'price.created']);
    expect((await stripe.events.list({ type: 'price.*' })).data).toHaveLength(1);
    expect((await stripe.events.list({ types: ['product.created', 'customer.created'] })).data).toHaveLength(
      2,
    );
    const since = Math.floor(now.getTime() / 1000);
    expect((await stripe.events.list({ created: { gte: since } })).data).toHaveLength(2);
    const [first] = all;
    expect(await stripe.events.retrieve(first?.id ?? '')).toEqual(expect.objectContaining({ id: first?.id }));
  });

  test('an update event carries the previous values of what changed', async () => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 400);
    await stripe.prices.update(price.id, { active: false });
    await stripe.prices.update(price.id, { active: false });
    const updates = (await eventsOf(stripe)).filter(({ type }) => type === 'price.updated');
    expect(updates).toHaveLength(1);
    expect(updates[0]?.data.previous_attributes).toEqual({ active: true });
  });
});
