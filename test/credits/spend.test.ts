import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountOf, expectSoundLedger, grant } from '../support/ledger.ts';
import { newBuyer, type Buyer } from '../support/shop.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

async function rich(credits: number): Promise<Buyer & { readonly id: string }> {
  const buyer = await newBuyer(worker);
  return { ...buyer, id: await grant(worker, buyer, credits) };
}

const spend = (buyer: Pick<Buyer, 'token'>, body: unknown, key?: string) =>
  worker.request('/credits/spend', {
    token: buyer.token,
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });

describe('a spend', () => {
  test('takes what the operation costs, and says which lots paid', async () => {
    const buyer = await rich(100);
    const body = { operation_type: 'blog_post', quantity: 3, details: { posts: ['a', 'b', { c: null }] } };
    const { status, json, databaseCalls } = await spend(buyer, body);
    expect([status, databaseCalls]).toEqual([200, 1]);
    expect(json).toEqual({
      success: true,
      transaction: {
        id: expect.any(String),
        transaction_type: 'spend',
        amount: -15,
        balance_after: 85,
        operation_type: 'blog_post',
        operation_details: body.details,
        quantity: 3,
        description: '3 × blog_post',
        reason: null,
        created_at: expect.stringMatching(/Z$/),
        lots: [
          { lot_id: expect.any(String), kind: 'purchased', source: 'admin', amount: -15, expires_at: null },
        ],
      },
      credits: { balance: 85, available: 85, held: 0, debt: 0 },
    });
  });

  test('repeated under its key answers the first result to the byte, and takes nothing more', async () => {
    const buyer = await rich(100);
    const key = randomUUID();
    const first = await spend(buyer, { amount: 7, quantity: 2 }, key);
    await spend(buyer, { amount: 1 });
    const again = await spend(buyer, { amount: 7, quantity: 2 }, key);
    expect([first.status, first.headers.get('Idempotent-Replayed'), first.databaseCalls]).toEqual([
      200,
      null,
      1,
    ]);
    expect([again.status, again.headers.get('Idempotent-Replayed'), again.databaseCalls]).toEqual([
      200,
      'true',
      1,
    ]);
    expect(again.text).toBe(first.text);
    const other = await spend(buyer, { amount: 8 }, key);
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('repeated after a rollover has moved the expiry of its lots still answers the first result', async () => {
    const buyer = await newBuyer(worker);
    const soon = new Date(Date.now() + 86_400_000);
    await grant(worker, buyer, 5, { kind: 'promotional', expiresAt: soon });
    const later = new Date(Date.now() + 2 * 86_400_000);
    const customer = await grant(worker, buyer, 5, { kind: 'promotional', expiresAt: later });
    const key = randomUUID();
    const first = await spend(buyer, { amount: 8 }, key);
    const lots = first.json.transaction.lots.map((lot: { expires_at: string }) => lot.expires_at);
    expect(lots).toEqual([soon.toISOString(), later.toISOString()]);
    await worker.database.query(
      "update credit_lots set expires_at = expires_at + interval '1 month' where customer_id = $1 and expires_at = $2",
      [customer, soon],
    );
    expect((await spend(buyer, { amount: 8 }, key)).text).toBe(first.text);
  });
});

describe('at once', () => {
  test('200 spends on an account with room for 100: 100 succeed, 100 are refused, nothing is left', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 150, { kind: 'promotional', expiresAt: new Date(Date.now() + 86_400_000) });
    await grant(worker, buyer, 150);
    const answers = await Promise.all(Array.from({ length: 200 }, () => spend(buyer, { amount: 3 })));
    const byStatus = Map.groupBy(answers, ({ status }) => status);
    expect([...byStatus].map(([status, { length }]) => [status, length]).toSorted()).toEqual([
      [200, 100],
      [402, 100],
    ]);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 0, held: 0, debt: 0 });
    const after = byStatus.get(200)?.map(({ json }) => json.transaction.balance_after) ?? [];
    expect(after.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index * 3));
  });

  test('20 requests under one key take once, and are all answered the same', async () => {
    const buyer = await rich(100);
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => spend(buyer, { amount: 7 }, key)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('Idempotent-Replayed') === null)).toHaveLength(1);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 93, held: 0, debt: 0 });
  });

  test('20 requests under one key, no two of them alike, are one spend and 19 refusals', async () => {
    const buyer = await rich(100);
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => spend(buyer, { amount: turn + 1 }, key)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ json }) => json.code === 'idempotency_key_reused')).toHaveLength(19);
  });
});

describe('an Idempotency-Key', () => {
  test('of a spend whose answer was lost tells what had been done', async () => {
    const buyer = await rich(100);
    const key = randomUUID();
    worker.gateway.setFault(() => 'lose-answer');
    const lost = await spend(buyer, { amount: 10 }, key);
    worker.gateway.setFault(undefined);
    const again = await spend(buyer, { amount: 10 }, key);
    expect([lost.status, lost.headers.has('Retry-After'), again.status]).toEqual([503, true, 200]);
    expect(again.json.transaction.balance_after).toBe(90);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 90, held: 0, debt: 0 });
  });

  test('is free again after a refusal: with more credits the same request succeeds', async () => {
    const buyer = await rich(5);
    const key = randomUUID();
    expect((await spend(buyer, { amount: 10 }, key)).status).toBe(402);
    await grant(worker, buyer, 5);
    expect((await spend(buyer, { amount: 10 }, key)).status).toBe(200);
    expect((await spend(buyer, { amount: 10 }, key)).status).toBe(200);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 0, held: 0, debt: 0 });
  });

  test('is its principal’s own: the same one of a service is another', async () => {
    const buyer = await rich(100);
    const key = randomUUID();
    const service = { token: await worker.token('service') };
    const other = { token: await worker.token('service') };
    expect((await spend(buyer, { amount: 1 }, key)).status).toBe(200);
    for (const each of [service, other, service]) {
      expect((await spend(each, { amount: 1, customer: buyer.subject }, key)).status).toBe(200);
    }
    expect(await accountOf(worker, buyer)).toEqual({ balance: 97, held: 0, debt: 0 });
  });

  test('of a service is used for one customer: for another one it is refused, also at once', async () => {
    const buyers = await Promise.all(Array.from({ length: 20 }, () => rich(100)));
    const service = { token: await worker.token('service') };
    for (const path of ['/credits/spend', '/credits/holds']) {
      const headers = { 'Idempotency-Key': randomUUID() };
      const answers = await Promise.all(
        buyers.map(({ subject }) =>
          worker.request(path, { token: service.token, headers, body: { amount: 5, customer: subject } }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ json }) => json.code === 'idempotency_key_reused')).toHaveLength(19);
    }
  });
});

describe('the lots of an account', () => {
  const inDays = (days: number) => new Date(Date.UTC(2090, 0, days));

  test('pay by soonest expiry, then plan before promotional before purchased, then oldest', async () => {
    const buyer = await newBuyer(worker);
    const [first, second] = [new Date(Date.UTC(2020, 0, 1)), new Date(Date.UTC(2020, 0, 2))];
    const lots = [
      { name: 'never, newer', kind: 'purchased', expiresAt: null, now: second },
      { name: 'never, older', kind: 'purchased', expiresAt: null, now: first },
      { name: 'never, promotional', kind: 'promotional', expiresAt: null, now: second },
      { name: 'late, purchased', kind: 'purchased', expiresAt: inDays(20), now: first },
      { name: 'late, plan', kind: 'plan', expiresAt: inDays(20), now: second },
      { name: 'late, promotional', kind: 'promotional', expiresAt: inDays(20), now: first },
      { name: 'soon', kind: 'purchased', expiresAt: inDays(1), now: second },
    ] as const;
    for (const [index, { kind, expiresAt, now }] of lots.entries()) {
      await grant(worker, buyer, 10 + index, { kind, expiresAt, now });
    }
    const { json } = await spend(buyer, { amount: 10 + 11 + 12 + 13 + 14 + 15 + 16 });
    const order = json.transaction.lots.map(({ amount }: { amount: number }) => lots[-amount - 10]?.name);
    expect(order).toEqual([
      'soon',
      'late, plan',
      'late, promotional',
      'late, purchased',
      'never, promotional',
      'never, older',
      'never, newer',
    ]);
  });

  test('are used up one after the other, whatever a spend takes', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 10, { kind: 'promotional', expiresAt: inDays(1) });
    await grant(worker, buyer, 10);
    const parts = async (amount: number) =>
      (await spend(buyer, { amount })).json.transaction.lots.map((lot: { kind: string; amount: number }) => [
        lot.kind,
        lot.amount,
      ]);
    expect(await parts(4)).toEqual([['promotional', -4]]);
    expect(await parts(9)).toEqual([
      ['promotional', -6],
      ['purchased', -3],
    ]);
    expect(await parts(7)).toEqual([['purchased', -7]]);
  });

  test('whose time is over pay nothing, whether or not anybody has looked since', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 10, { kind: 'promotional', expiresAt: new Date(Date.now() + 60_000) });
    const id = await grant(worker, buyer, 10);
    await worker.database.query(
      "update credit_lots set expires_at = now() - interval '1 second' where customer_id = $1 and kind = 'promotional'",
      [id],
    );
    const { status, json } = await spend(buyer, { amount: 11 });
    expect([status, json.required, json.available]).toEqual([402, 11, 10]);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 10, held: 0, debt: 0 });
  });
});

describe('what is refused', () => {
  test('says what it takes, what there is, and what is owed', async () => {
    const buyer = await rich(10);
    const { status, json, headers } = await spend(buyer, { operation_type: 'ai_video_8sec' });
    expect([status, json.code, json.required, json.available, json.debt]).toEqual([
      402,
      'insufficient_credits',
      200,
      10,
      0,
    ]);
    expect(headers.get('Content-Type')).toBe('application/problem+json');
    await worker.database.query(
      "select claw_back_credits($1, 25, null, $2, 'x', null, null, 'test', now())",
      [buyer.id, randomUUID()],
    );
    const owing = await spend(buyer, { amount: 1 });
    expect([owing.status, owing.json.available, owing.json.debt]).toEqual([402, 0, 15]);
  });

  test('is a customer’s first spend too: there is no account yet', async () => {
    const { status, json } = await spend(await newBuyer(worker), { amount: 1 });
    expect([status, json.required, json.available]).toEqual([402, 1, 0]);
  });

  test('is an operation that does not exist', async () => {
    const { status, json } = await spend(await rich(10), { operation_type: 'no_such_operation' });
    expect([status, json.code]).toEqual([404, 'operation_not_found']);
  });

  test('is the largest amount of the most expensive operation, without a fault', async () => {
    await worker.database.query(
      "insert into credit_costs (operation_type, credits) values ('golden', 1000000000)",
    );
    const buyer = await rich(10);
    const { status, json } = await spend(buyer, { operation_type: 'golden', quantity: 1_000_000 });
    expect([status, json.required]).toEqual([402, 1_000_000_000_000_000]);
  });
});

describe('whose credits', () => {
  test('a service spends it says: by subject, by id, or by the id at Stripe', async () => {
    const buyer = await rich(100);
    const stripeId = `cus_${randomUUID().replaceAll('-', '')}`;
    await worker.database.query('update customers set stripe_customer_id = $2 where id = $1', [
      buyer.id,
      stripeId,
    ]);
    const service = { token: await worker.token('service', 'back-end') };
    for (const customer of [buyer.subject, buyer.id, buyer.id.toUpperCase(), stripeId]) {
      const { status, text, databaseCalls } = await spend(service, { amount: 10, customer }, randomUUID());
      expect([status, databaseCalls], text).toEqual([200, 1]);
    }
    expect(await accountOf(worker, buyer)).toMatchObject({ balance: 60 });
    const actors = await worker.database.query(
      "select distinct actor from credit_transactions where customer_id = $1 and transaction_type = 'spend'",
      [buyer.id],
    );
    expect(actors).toEqual([{ actor: 'service:back-end' }]);
  });

  test('a name means is the subject before it is anybody’s id', async () => {
    const [buyer, namesake] = [await rich(100), await rich(100)];
    await worker.database.query('update customers set subject = $2 where id = $1', [namesake.id, buyer.id]);
    const service = { token: await worker.token('service') };
    await spend(service, { amount: 10, customer: buyer.id });
    expect(await accountOf(worker, buyer)).toMatchObject({ balance: 100 });
  });

  test.each([randomUUID(), 'cus_nobody', 'nobody', "x' or 1=1", '%'])(
    'a service may not spend for %s, who is not there',
    async (customer) => {
      const service = { token: await worker.token('service') };
      const { status, json } = await spend(service, { amount: 1, customer });
      expect([status, json.code]).toEqual([404, 'customer_not_found']);
    },
  );

  test('a customer of another issuer’s subject is not the one that is named', async () => {
    const buyer = await rich(100);
    await worker.database.query("update customers set issuer = 'https://elsewhere.test' where id = $1", [
      buyer.id,
    ]);
    const { status } = await spend(
      { token: await worker.token('service') },
      { amount: 1, customer: buyer.subject },
    );
    expect(status).toBe(404);
  });

  test('a service that names nobody, a customer that names anybody and a viewer at all are refused', async () => {
    const buyer = await rich(100);
    const as = async (role: 'service' | 'viewer' | 'admin') => ({ token: await worker.token(role) });
    const outcome = async (who: Pick<Buyer, 'token'>, customer?: string) => {
      const { status, json } = await spend(who, { amount: 1, ...(customer && { customer }) });
      return [status, json.code, json.errors?.[0]?.pointer];
    };
    expect(await outcome(await as('service'))).toEqual([422, 'customer_required', '/customer']);
    expect(await outcome(buyer, buyer.subject)).toEqual([403, 'forbidden', undefined]);
    expect(await outcome(buyer, randomUUID())).toEqual([403, 'forbidden', undefined]);
    expect(await outcome(await as('viewer'), buyer.subject)).toEqual([403, 'forbidden', undefined]);
    expect(await outcome(await as('admin'))).toEqual([402, 'insufficient_credits', undefined]);
    expect(await outcome(await as('admin'), buyer.subject)).toEqual([200, undefined, undefined]);
  });
});

describe('details', () => {
  test('come back as they were given, now and in the ledger', async () => {
    const details = {
      text: 'naïve – 日本語 🎬',
      number: -1.5e-7,
      nothing: null,
      flags: [true, false, [], {}],
      deep: { a: { b: { c: { d: 'e' } } } },
      constructor: 'mine',
    };
    const buyer = await rich(10);
    const { json } = await spend(buyer, { amount: 1, details, description: '  For a film ' });
    expect(json.transaction.operation_details).toEqual(details);
    expect(json.transaction.description).toBe('For a film');
    const [entry] = (await worker.request('/credits/history', { token: buyer.token })).json.transactions;
    expect(entry.operation_details).toEqual(details);
  });

  test('may be 4 KB, and not a byte more', async () => {
    const buyer = await rich(10);
    const sized = (bytes: number) => ({ amount: 1, details: { x: 'é'.repeat((bytes - 8) / 2) } });
    expect((await spend(buyer, sized(4096))).status).toBe(200);
    expect((await spend(buyer, sized(4098))).status).toBe(422);
  });

  test.each([
    ['NUL', '{"a":{"b":["x\\u0000"]}}'],
    ['NUL in a name', '{"a":{"\\u0000":1}}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['a lone surrogate in a name', '{"a":[{"\\udc00":1}]}'],
    ['a number beyond range', '{"a":1e400}'],
    ['a prototype', '{"a":{"__proto__":1}}'],
    ['a prototype on top', '{"__proto__":{"a":1}}'],
    ['17 levels', `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`],
    ['20,000 levels', `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['an array', '[1]'],
    ['a text', '"x"'],
    ['null', 'null'],
  ])('with %s are refused', async (_, details) => {
    const { status, json, text } = await spend(await rich(10), `{"amount":1,"details":${details}}`);
    expect([status, json?.errors?.[0]?.pointer], text).toEqual([422, '/details']);
  });
});

describe('input that is wrong', () => {
  test.each([
    ['nothing that is used', '{}', '/operation_type'],
    ['both an operation and an amount', '{"operation_type":"blog_post","amount":1}', '/amount'],
    ['an amount of nothing', '{"amount":0}', '/amount'],
    ['a negative amount', '{"amount":-5}', '/amount'],
    ['a fraction', '{"amount":0.1}', '/amount'],
    ['1e400', '{"amount":1e400}', '/amount'],
    ['a huge amount', '{"amount":123456789012345678901234567890}', '/amount'],
    ['an amount as text', '{"amount":"5"}', '/amount'],
    ['null for an amount', '{"amount":null}', '/amount'],
    ['a quantity of nothing', '{"amount":1,"quantity":0}', '/quantity'],
    ['a negative quantity', '{"amount":1,"quantity":-1}', '/quantity'],
    ['a huge quantity', '{"amount":1,"quantity":1000001}', '/quantity'],
    ['a product that is too large', '{"amount":1000000000000,"quantity":1000000}', '/quantity'],
    ['an operation that is no key', '{"operation_type":"Blog Post"}', '/operation_type'],
    ['NUL in an operation', '{"operation_type":"a\\u0000"}', '/operation_type'],
    ['NUL in a description', '{"amount":1,"description":"a\\u0000"}', '/description'],
    ['an empty description', '{"amount":1,"description":" "}', '/description'],
    ['a long description', `{"amount":1,"description":"${'x'.repeat(201)}"}`, '/description'],
    ['an empty customer', '{"amount":1,"customer":""}', '/customer'],
    ['NUL in a customer', '{"amount":1,"customer":"a\\u0000"}', '/customer'],
    ['an unknown field', '{"amount":1,"price":1}', '/price'],
  ])('with %s is refused, and points at it', async (_, body, pointer) => {
    const { status, json, text } = await spend({ token: await worker.token('admin') }, body);
    expect([status, json?.errors?.[0]?.pointer], text).toEqual([422, pointer]);
  });

  test('that is no JSON is refused', async () => {
    for (const body of ['{"amount":NaN}', '{"amount":', '']) {
      expect((await spend(await rich(1), body)).status).toBe(400);
    }
  });
});
