import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { payByCard, priceOf, raw, refusal, sandbox, sdk, sessionFor } from './support.ts';

describe('requests that Stripe refuses get its error body', () => {
  test('with type, code, param, message, doc_url and request id', async () => {
    const { sandbox: server } = await sandbox();
    const response = await raw(server, 'POST', '/v1/products', { form: 'name=A&colour=red' });
    expect(response.status).toBe(400);
    const requestId = response.headers.get('request-id');
    expect(requestId).toMatch(/^req_\w{14}$/);
    expect(await response.json()).toEqual({
      error: {
        type: 'invalid_request_error',
        code: 'parameter_unknown',
        param: 'colour',
        message: 'Received unknown parameter: colour',
        doc_url: 'https://stripe.com/docs/error-codes/parameter-unknown',
        request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}`,
      },
    });
  });

  test.each([
    ['a missing parameter', 'POST', '/v1/products', 'active=true', 'name', 'parameter_missing'],
    ['a required text that is empty', 'POST', '/v1/products', 'name=', 'name', 'parameter_invalid_empty'],
    [
      'a text where a number belongs',
      'POST',
      '/v1/prices',
      'currency=gbp&unit_amount=4.5',
      'unit_amount',
      'parameter_invalid_integer',
    ],
    [
      'a number written cleverly',
      'POST',
      '/v1/prices',
      'currency=gbp&unit_amount=1e3',
      'unit_amount',
      'parameter_invalid_integer',
    ],
    [
      'a number too large to be exact',
      'POST',
      '/v1/checkout/sessions',
      'line_items[0][quantity]=99999999999999999999',
      'line_items[0][quantity]',
      'parameter_invalid_integer',
    ],
    ['a text where a boolean belongs', 'POST', '/v1/products', 'name=A&active=yes', 'active', undefined],
    [
      'a text where a hash belongs',
      'POST',
      '/v1/prices',
      'currency=gbp&recurring=month',
      'recurring',
      undefined,
    ],
    ['a hash where a text belongs', 'POST', '/v1/products', 'name[a]=1', 'name', undefined],
    [
      'a name that is no enum value',
      'POST',
      '/v1/prices',
      'currency=gbp&recurring[interval]=fortnight',
      'recurring[interval]',
      undefined,
    ],
    [
      'an unknown name deep inside',
      'POST',
      '/v1/checkout/sessions',
      'mode=payment&line_items[0][prise]=x',
      'line_items[0][prise]',
      'parameter_unknown',
    ],
    [
      'a parameter of an older API version',
      'POST',
      '/v1/checkout/sessions',
      'mode=payment&payment_method_types[]=card',
      'payment_method_types',
      'parameter_unknown',
    ],
    [
      'a negative amount',
      'POST',
      '/v1/prices',
      'currency=gbp&unit_amount=-1&product_data[name]=A',
      'unit_amount',
      'parameter_invalid_integer',
    ],
    [
      'an unknown currency',
      'POST',
      '/v1/prices',
      'currency=zzz&unit_amount=1&product_data[name]=A',
      'currency',
      undefined,
    ],
    [
      'an unknown product',
      'POST',
      '/v1/prices',
      'currency=gbp&unit_amount=1&product=prod_none',
      'product',
      'resource_missing',
    ],
    ['a bad e-mail address', 'POST', '/v1/customers', 'email=jenny', 'email', 'email_invalid'],
    [
      'too long a metadata value',
      'POST',
      '/v1/customers',
      `metadata[note]=${'x'.repeat(501)}`,
      'metadata[note]',
      undefined,
    ],
    [
      'too long a metadata key',
      'POST',
      '/v1/customers',
      `metadata[${'k'.repeat(41)}]=1`,
      'metadata',
      undefined,
    ],
    ['too large a page', 'GET', '/v1/products', 'limit=101', 'limit', 'parameter_invalid_integer'],
    [
      'a cursor that is nothing',
      'GET',
      '/v1/products',
      'starting_after=prod_none',
      'starting_after',
      'resource_missing',
    ],
    [
      'a filter that is neither number nor range',
      'GET',
      '/v1/products',
      'created=today',
      'created',
      'parameter_invalid_integer',
    ],
  ] as const)('%s', async (_what, method, path, form, param, code) => {
    const { sandbox: server } = await sandbox();
    const response =
      method === 'GET'
        ? await raw(server, 'GET', `${path}?${form}`)
        : await raw(server, 'POST', path, { form });
    expect(response.status).toBe(400);
    const { error }: { error: Record<string, unknown> } = JSON.parse(await response.text());
    expect(error).toMatchObject({ type: 'invalid_request_error', param });
    expect(error['code']).toBe(code);
  });

  test('an object that the path names and nobody has: 404; an unknown URL: 404', async () => {
    const { sandbox: server, stripe } = await sandbox();
    expect(await refusal(stripe.prices.retrieve('price_none'))).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      param: 'id',
      message: "No such price: 'price_none'",
    });
    const unknown = await raw(server, 'POST', '/v1/unicorns', { form: '' });
    expect(unknown.status).toBe(404);
    expect(await unknown.text()).toContain('Unrecognized request URL (POST: /v1/unicorns)');
  });

  test('no key or a wrong key: 401; an unknown API version: 400', async () => {
    const { sandbox: server } = await sandbox();
    expect((await fetch(`${server.url}/v1/products`)).status).toBe(401);
    expect(
      (await raw(server, 'GET', '/v1/products', { headers: { authorization: 'Bearer sk_test_other' } }))
        .status,
    ).toBe(401);
    const old = await raw(server, 'GET', '/v1/products', { headers: { 'stripe-version': '2020-08-27' } });
    expect(old.status).toBe(400);
    const good = await raw(server, 'GET', '/v1/products', {
      headers: { 'stripe-version': Stripe.API_VERSION },
    });
    expect(good.headers.get('stripe-version')).toBe(Stripe.API_VERSION);
    const basic = `Basic ${Buffer.from(`${server.apiKey}:`).toString('base64')}`;
    expect((await raw(server, 'GET', '/v1/products', { headers: { authorization: basic } })).status).toBe(
      200,
    );
  });
});

describe('a checkout session cannot be made', () => {
  test('of a recurring price in payment mode, or only one-time prices in subscription mode', async () => {
    const { stripe } = await sandbox();
    const monthly = await priceOf(stripe, 2490, 'month');
    const once = await priceOf(stripe, 400);
    expect(await refusal(sessionFor(stripe, monthly, { mode: 'payment' }))).toMatchObject({
      statusCode: 400,
      param: 'line_items[0][price]',
      message: expect.stringContaining('`payment` mode but passed a recurring price'),
    });
    expect(await refusal(sessionFor(stripe, once, { mode: 'subscription' }))).toMatchObject({
      param: 'line_items',
    });
  });

  test('of an archived price, an unknown one, or one whose product is archived', async () => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 400);
    await stripe.products.update(String(price.product), { active: false });
    expect(await refusal(sessionFor(stripe, price))).toMatchObject({ statusCode: 400 });
    await stripe.products.update(String(price.product), { active: true });
    await stripe.prices.update(price.id, { active: false });
    expect(await refusal(sessionFor(stripe, price))).toMatchObject({
      param: 'line_items[0][price]',
      message: expect.stringContaining('inactive'),
    });
    expect(await refusal(sessionFor(stripe, { ...price, id: 'price_none' }))).toMatchObject({
      code: 'resource_missing',
      param: 'line_items[0][price]',
    });
  });

  test('without URL, for an unknown customer, below the smallest charge, or with what is not played', async () => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 400);
    expect(await refusal(sessionFor(stripe, price, { success_url: 'nowhere' }))).toMatchObject({
      code: 'url_invalid',
    });
    expect(await refusal(sessionFor(stripe, price, { customer: 'cus_none' }))).toMatchObject({
      code: 'resource_missing',
      param: 'customer',
    });
    expect(await refusal(sessionFor(stripe, await priceOf(stripe, 29)))).toMatchObject({
      code: 'amount_too_small',
    });
    const huge = { line_items: [{ price: price.id, quantity: 1_000_000 }] };
    expect(await refusal(sessionFor(stripe, price, huge))).toMatchObject({ code: 'amount_too_large' });
    expect(
      await refusal(sessionFor(stripe, price, { after_expiration: { recovery: { enabled: true } } })),
    ).toMatchObject({
      statusCode: 400,
      param: 'after_expiration',
    });
  });
});

describe('form encoding', () => {
  test.each([
    [
      'indexes',
      'line_items[0][price]=P&line_items[0][quantity]=2&line_items[1][price]=P&line_items[1][quantity]=1',
    ],
    [
      'indexes in any order',
      'line_items[1][price]=P&line_items[1][quantity]=1&line_items[0][price]=P&line_items[0][quantity]=2',
    ],
    [
      'empty brackets',
      'line_items[][price]=P&line_items[][quantity]=2&line_items[][price]=P&line_items[][quantity]=1',
    ],
    [
      'escaped brackets',
      'line_items%5B0%5D%5Bprice%5D=P&line_items%5B0%5D%5Bquantity%5D=2&line_items%5B1%5D%5Bprice%5D=P&line_items%5B1%5D%5Bquantity%5D=1',
    ],
  ])('arrays of hashes by %s', async (_how, items) => {
    const { sandbox: server, stripe } = await sandbox();
    const price = await priceOf(stripe, 400);
    const form = `mode=payment&success_url=https://shop.example&expand[]=line_items&${items.replaceAll('=P', `=${price.id}`)}`;
    const response = await raw(server, 'POST', '/v1/checkout/sessions', { form });
    expect(await response.json()).toMatchObject({
      amount_total: 1200,
      line_items: { data: [{ quantity: 2 }, { quantity: 1 }] },
    });
  });

  test('[] goes on in an element until all of a name repeats, also beside indexes', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const { product } = await priceOf(stripe, 1);
    const item = (amount: number): string =>
      [`currency]=gbp`, `product]=${product}`, `unit_amount]=${amount}`]
        .map((member) => `line_items[][price_data][${member}`)
        .join('&');
    const form = `mode=payment&success_url=https://shop.example&${item(100)}&line_items[][quantity]=2&${item(300)}&line_items[][quantity]=1&expand[5]=line_items&expand[]=customer`;
    const response = await raw(server, 'POST', '/v1/checkout/sessions', { form });
    expect(await response.json()).toMatchObject({
      amount_total: 500,
      line_items: { data: [{ quantity: 2 }, { quantity: 1 }] },
    });
  });

  test('plus, percent and UTF-8 are text; of two equal names the last counts', async () => {
    const { sandbox: server } = await sandbox();
    const form = 'name=one&name=a+b%2Bc%20%25%26%3D%C3%9F%zz&metadata[a%5Bb]=1';
    expect((await raw(server, 'POST', '/v1/products', { form })).status).toBe(400);
    const good = await raw(server, 'POST', '/v1/products', { form: form.split('&metadata')[0] ?? '' });
    expect(await good.json()).toMatchObject({ name: 'a b+c %&=ß%zz' });
  });

  test('empty text unsets a text, a list, a hash, one key of metadata and all of it', async () => {
    const { stripe } = await sandbox();
    const { id } = await stripe.products.create({
      name: 'A',
      description: 'Long',
      images: ['https://shop.example/a.png'],
      marketing_features: [{ name: 'Fast' }],
      metadata: { a: '1', b: '2' },
    });
    const once = await stripe.products.update(id, { description: '', images: '', metadata: { a: '' } });
    expect(once).toMatchObject({ description: null, images: [], metadata: { b: '2' } });
    const twice = await stripe.products.update(id, { marketing_features: '', metadata: '' });
    expect(twice).toMatchObject({ marketing_features: [], metadata: {} });
  });

  test('parameters may stand in the query of a POST and in the body of a DELETE', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const created = await raw(server, 'POST', '/v1/products?name=A', { form: 'description=B' });
    expect(await created.json()).toMatchObject({ name: 'A', description: 'B' });
    const customer = await stripe.customers.create({});
    const refused = await raw(server, 'DELETE', `/v1/customers/${customer.id}`, { form: 'colour=red' });
    expect(refused.status).toBe(400);
  });

  test('JSON, names without end and a body too long get an error of Stripe', async () => {
    const { sandbox: server } = await sandbox();
    const json = await raw(server, 'POST', '/v1/products', {
      form: '{"name":"A"}',
      headers: { 'content-type': 'application/json' },
    });
    expect([json.status, await json.text()]).toEqual([400, expect.stringContaining('x-www-form-urlencoded')]);
    for (const form of [`name${'[a]'.repeat(100_000)}=1`, `name${'[]'.repeat(60)}=1`]) {
      const deep = await raw(server, 'POST', '/v1/products', { form });
      expect(deep.status).toBe(400);
    }
    const long = await raw(server, 'POST', '/v1/products', { form: `name=${'A'.repeat(1_500_000)}` });
    expect(long.status).toBe(413);
    expect(await long.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });

  test('a list that is a hash, a value that is also a hash and a torn name are refused', async () => {
    const { sandbox: server } = await sandbox();
    for (const form of [
      'name=A&images[a]=1',
      'name=A&metadata=x&metadata[a]=1',
      'name=A&metadata[a]=1&metadata=x',
      'name[=A',
    ]) {
      expect((await raw(server, 'POST', '/v1/products', { form })).status).toBe(400);
    }
  });

  test('names that JavaScript objects have by themselves are only names', async () => {
    const { sandbox: server } = await sandbox();
    const response = await raw(server, 'POST', '/v1/customers', {
      form: 'metadata[__proto__]=a&metadata[toString]=b',
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"toString": "b"');
    expect((await raw(server, 'POST', '/v1/customers', { form: '__proto__[a]=1' })).status).toBe(400);
  });
});

test('unknown parameters are named together', async () => {
  const { sandbox: server } = await sandbox();
  const answer = await raw(server, 'POST', '/v1/products', { form: 'name=A&unicorn=1&dragon=2' });
  expect(JSON.parse(await answer.text())).toMatchObject({
    error: {
      code: 'parameter_unknown',
      message: 'Received unknown parameters: unicorn, dragon',
      param: 'unicorn',
    },
  });
});

describe('Idempotency-Key', () => {
  test('a replay gets the stored answer and does nothing again', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const headers = { 'idempotency-key': 'key-1' };
    const first = await raw(server, 'POST', '/v1/products', { form: 'name=A', headers });
    const again = await raw(server, 'POST', '/v1/products', { form: 'name=A', headers });
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('original-request')).toBe(first.headers.get('request-id'));
    expect(again.headers.get('request-id')).not.toBe(first.headers.get('request-id'));
    expect(again.headers.get('stripe-should-retry')).toBe('false');
    expect(await again.text()).toBe(await first.text());
    expect((await stripe.products.list()).data).toHaveLength(1);
  });

  test('the order of the parameters does not matter', async () => {
    const { sandbox: server } = await sandbox();
    const headers = { 'idempotency-key': 'key-1' };
    const form = 'name=A&metadata[a]=1&metadata[b]=2';
    const first = await raw(server, 'POST', '/v1/products', { form, headers });
    const other = form.split('&').toReversed().join('&');
    const again = await raw(server, 'POST', '/v1/products', { form: other, headers });
    expect(again.status).toBe(200);
    expect(await again.text()).toBe(await first.text());
  });

  test('other parameters or another path under the same key: idempotency_error', async () => {
    const { stripe } = await sandbox();
    const options = { idempotencyKey: 'key-1' };
    await stripe.products.create({ name: 'A' }, options);
    const mismatch = await refusal(stripe.products.create({ name: 'B' }, options));
    expect(mismatch).toMatchObject({ statusCode: 400, rawType: 'idempotency_error' });
    expect(await refusal(stripe.customers.create({ name: 'A' }, options))).toMatchObject({ statusCode: 400 });
  });

  test('an error of the work is stored, an error of the parameters is not', async () => {
    const { stripe } = await sandbox();
    const options = { idempotencyKey: 'key-1' };
    const wrong = stripe.products.create({ name: '' }, options);
    expect(await refusal(wrong)).toMatchObject({ code: 'parameter_invalid_empty' });
    await stripe.products.create({ name: 'A' }, options);

    const missing = { currency: 'gbp', unit_amount: 400, product: 'prod_late' };
    const other = { idempotencyKey: 'key-2' };
    const first = await refusal(stripe.prices.create(missing, other));
    await stripe.products.create({ id: 'prod_late', name: 'Late' });
    const replayed = await refusal(stripe.prices.create(missing, other));
    expect(replayed).toMatchObject({ code: 'resource_missing', message: first.message });
    expect(replayed.headers?.['original-request']).toBe(first.requestId);
  });

  test('counts for POST only', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const headers = { 'idempotency-key': 'key-1' };
    await stripe.products.create({ name: 'A' });
    for (const name of ['/v1/products', '/v1/customers', '/v1/products']) {
      const answer = await raw(server, 'GET', name, { headers });
      expect([answer.status, answer.headers.get('original-request')]).toEqual([200, null]);
    }
    const gone = await raw(server, 'DELETE', '/v1/customers/cus_none', { headers });
    const customer = await stripe.customers.create({});
    const deleted = await raw(server, 'DELETE', `/v1/customers/${customer.id}`, { headers });
    expect([gone.status, deleted.status]).toEqual([404, 200]);
  });

  test('is forgotten after 24 hours of the sandbox, and not before', async () => {
    let time = Date.UTC(2026, 10, 2);
    const { stripe } = await sandbox({ now: () => new Date(time) });
    const create = (): Promise<Stripe.Product> =>
      stripe.products.create({ name: 'A' }, { idempotencyKey: 'key-1' });
    const first = await create();
    time += 24 * 3_600_000 - 1000;
    expect((await create()).id).toBe(first.id);
    time += 1000;
    expect((await create()).id).not.toBe(first.id);
  });

  test('the same key while the first request is under way: 409', async () => {
    const { sandbox: server, stripe } = await sandbox();
    server.setFault(({ sequence }) => (sequence === 0 ? 'hang' : 'none'));
    const client = new AbortController();
    const options = { idempotencyKey: 'key-1' };
    const hanging = raw(server, 'POST', '/v1/products', {
      form: 'name=A',
      headers: { 'idempotency-key': 'key-1' },
      signal: client.signal,
    });
    await expect.poll(() => server.requests.length).toBe(1);
    expect(await refusal(stripe.products.create({ name: 'A' }, options))).toMatchObject({
      statusCode: 409,
      code: 'idempotency_key_in_use',
    });
    client.abort();
    await expect(hanging).rejects.toThrow('aborted');
    await expect
      .poll(async () =>
        stripe.products.create({ name: 'A' }, options).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });
});

describe('faults on demand', () => {
  test('429 and 500 come before the work; the SDK tries again with the same key', async () => {
    const { sandbox: server, stripe } = await sandbox();
    server.setFault(({ sequence }) => (sequence < 2 ? { status: sequence === 0 ? 429 : 500 } : 'none'));
    expect(await refusal(stripe.products.create({ name: 'A' }))).toMatchObject({
      type: 'StripeRateLimitError',
    });
    await sdk(server, { maxNetworkRetries: 2 }).products.create({ name: 'B' });
    expect((await stripe.products.list()).data.map(({ name }) => name)).toEqual(['B']);
    expect(server.requests.map(({ status }) => status)).toEqual([429, 500, 200, 200]);
  });

  test('while a fault lasts, replays meet it too', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const create = (): Promise<Stripe.Product> =>
      stripe.products.create({ name: 'A' }, { idempotencyKey: 'key-1' });
    const product = await create();
    server.setFault(() => ({ status: 500 }));
    expect(await refusal(create())).toMatchObject({ statusCode: 500 });
    server.setFault(() => 'lose-answer');
    expect(await refusal(create())).toMatchObject({ type: 'StripeConnectionError' });
    server.setFault(undefined);
    expect((await create()).id).toBe(product.id);
  });

  test('a saved 500 is what the key gets from then on', async () => {
    const { sandbox: server, stripe } = await sandbox();
    server.setFault(({ sequence }) => (sequence === 0 ? { status: 500, saved: true } : 'none'));
    const options = { idempotencyKey: 'key-1' };
    expect(await refusal(stripe.products.create({ name: 'A' }, options))).toMatchObject({ statusCode: 500 });
    expect(await refusal(stripe.products.create({ name: 'A' }, options))).toMatchObject({ statusCode: 500 });
    expect((await stripe.products.list()).data).toEqual([]);
  });

  test('a lost answer: the work is done once, and the retry learns of it', async () => {
    const { sandbox: server, stripe } = await sandbox();
    server.setFault(({ sequence }) => (sequence === 0 ? 'lose-answer' : 'none'));
    const product = await sdk(server, { maxNetworkRetries: 1 }).products.create({ name: 'A' });
    expect((await stripe.products.list()).data.map(({ id }) => id)).toEqual([product.id]);
    const [lost, retried] = server.requests;
    expect(lost?.status).toBeNull();
    expect(retried).toMatchObject({
      method: 'POST',
      path: '/v1/products',
      params: { name: 'A' },
      status: 200,
    });
    expect(retried?.idempotencyKey).toBe(lost?.idempotencyKey);
  });
});

describe('lists', () => {
  test('pages forward, backward and by the SDK itself', async () => {
    const { stripe } = await sandbox();
    for (const name of ['1', '2', '3', '4', '5']) await stripe.products.create({ name });
    const namesOf = (list: Stripe.ApiList<Stripe.Product>): string[] => list.data.map(({ name }) => name);
    const first = await stripe.products.list({ limit: 2 });
    expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/products' });
    expect(namesOf(first)).toEqual(['5', '4']);
    const second = await stripe.products.list({ limit: 2, starting_after: first.data[1]?.id ?? '' });
    expect(namesOf(second)).toEqual(['3', '2']);
    const back = await stripe.products.list({ limit: 1, ending_before: second.data[0]?.id ?? '' });
    expect(namesOf(back)).toEqual(['4']);
    expect(back.has_more).toBe(true);
    const all = await stripe.products.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
    expect(all.map(({ name }) => name)).toEqual(['5', '4', '3', '2', '1']);
    const events = await stripe.events
      .list({ limit: 2, type: 'product.*' })
      .autoPagingToArray({ limit: 100 });
    expect(events).toHaveLength(5);
  });

  test('of a customer who never was are refused, those of one who is gone are not', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    await stripe.paymentIntents.create({ amount: 500, currency: 'gbp', customer });
    await stripe.customers.del(customer);
    expect((await stripe.paymentIntents.list({ customer })).data).toHaveLength(1);
    const unknown = { customer: 'cus_none' };
    for (const list of [stripe.invoices.list(unknown), stripe.invoiceItems.list(unknown)]) {
      expect(await refusal(list)).toMatchObject({ code: 'resource_missing', param: 'customer' });
    }
  });

  test('know every filter, also of what no object here has', async () => {
    const { stripe } = await sandbox();
    const { id: price } = await priceOf(stripe, 900, 'month');
    const { id: customer } = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    await stripe.subscriptions.create({ customer, items: [{ price }], trial_period_days: 7 });
    await stripe.setupIntents.create({ customer });
    const found = async (list: Promise<{ data: unknown[] }>): Promise<number> => (await list).data.length;
    expect(await found(stripe.subscriptions.list({ automatic_tax: { enabled: false } }))).toBe(1);
    expect(await found(stripe.subscriptions.list({ automatic_tax: { enabled: true } }))).toBe(0);
    expect(await found(stripe.subscriptions.list({ customer_account: 'acct_1Other' }))).toBe(0);
    expect(await found(stripe.invoices.list({ customer_account: 'acct_1Other' }))).toBe(0);
    expect(await found(stripe.setupIntents.list({ attach_to_self: false }))).toBe(1);
    expect(await found(stripe.setupIntents.list({ attach_to_self: true }))).toBe(0);
  });

  test('go on after an object that the filter no longer keeps', async () => {
    const { stripe } = await sandbox();
    for (const name of ['1', '2', '3', '4', '5']) await stripe.products.create({ name });
    const archived: string[] = [];
    for await (const { id, name } of stripe.products.list({ active: true, limit: 2 })) {
      await stripe.products.update(id, { active: false });
      archived.push(name);
    }
    expect(archived).toEqual(['5', '4', '3', '2', '1']);
    const [newest] = (await stripe.products.list({ limit: 1 })).data;
    await stripe.products.create({ name: '6' });
    const before = await stripe.products.list({ active: true, ending_before: newest?.id ?? '' });
    expect(before.data.map(({ name }) => name)).toEqual(['6']);
  });
});

describe('other accounts', () => {
  test('are out of reach: 403', async () => {
    const { stripe } = await sandbox();
    const ofOther = stripe.products.list({}, { stripeAccount: 'acct_1Other' });
    expect(await refusal(ofOther)).toMatchObject({ statusCode: 403, code: 'account_invalid' });
  });
});

describe('expand', () => {
  test('takes what only some of the lines have', async () => {
    const { stripe } = await sandbox();
    const { id: price } = await priceOf(stripe, 2490, 'month');
    const { id: customer } = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    const preview = await stripe.invoices.createPreview({
      customer,
      subscription_details: { items: [{ price }] },
      invoice_items: [{ amount: 700, currency: 'gbp' }],
      expand: ['lines.data.pricing.price_details.price', 'amount_paid_off_stripe', 'payments'],
    });
    expect(preview).toMatchObject({ amount_paid_off_stripe: 0, payments: { data: [] } });
    const prices = preview.lines.data.map(({ pricing }) => pricing?.price_details?.price);
    expect(prices).toEqual(expect.arrayContaining([undefined, expect.objectContaining({ id: price })]));
  });

  test('shows what a customer, a price and a coupon show only when asked to', async () => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 2490);
    const options = { unit_amount: 2490, tax_behavior: 'unspecified', custom_unit_amount: null };
    const asked = await stripe.prices.retrieve(price.id, { expand: ['currency_options', 'tiers'] });
    expect(asked).toMatchObject({ currency_options: { gbp: options } });
    expect(asked).not.toHaveProperty('tiers');
    const coupon = await stripe.coupons.create({
      amount_off: 500,
      currency: 'gbp',
      expand: ['applies_to', 'currency_options'],
    });
    expect(coupon).toMatchObject({ currency_options: { gbp: { amount_off: 500 } } });
    expect(coupon).not.toHaveProperty('applies_to');
    const customer = await stripe.customers.create({
      source: 'tok_visa',
      expand: ['sources', 'tax_ids', 'cash_balance', 'invoice_credit_balance'],
    });
    expect(customer).toMatchObject({
      sources: { data: [{ object: 'card', last4: '4242' }] },
      tax_ids: { data: [] },
      cash_balance: null,
      invoice_credit_balance: {},
    });
  });

  test('works on POST too', async () => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 400);
    const updated = await stripe.prices.update(price.id, { nickname: 'A', expand: ['product'] });
    expect(updated.product).toMatchObject({ object: 'product', name: 'Professional' });
  });

  test('replaces ids along a path, also in lists, and refuses what has no object', async () => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 2490, 'month');
    const session = await sessionFor(stripe, price);
    await payByCard(session.url);
    const sessions = await stripe.checkout.sessions.list({
      expand: ['data.customer', 'data.subscription.latest_invoice', 'data.invoice', 'data.line_items'],
    });
    expect(sessions.data).toMatchObject([
      {
        customer: { object: 'customer', email: 'jenny@example.com' },
        subscription: { latest_invoice: { object: 'invoice', status: 'paid' } },
        invoice: { object: 'invoice' },
        line_items: { data: [{ price: { id: price.id } }] },
      },
    ]);
    const retrieve = (path: string): Promise<unknown> =>
      stripe.checkout.sessions.retrieve(session.id, { expand: [path] });
    expect(await refusal(retrieve('mode'))).toMatchObject({ statusCode: 400, param: 'expand' });
    expect(await refusal(retrieve('unicorn'))).toMatchObject({ statusCode: 400 });
    expect(await refusal(retrieve('id'))).toMatchObject({ statusCode: 400 });
    expect(await refusal(retrieve('total_details'))).toMatchObject({ statusCode: 400 });
    expect(await refusal(retrieve('subscription.customer.a.b.c'))).toMatchObject({ statusCode: 400 });
  });
});
