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

const post = (buyer: Pick<Buyer, 'token'>, path: string, body: unknown, key?: string) =>
  worker.request(path, {
    token: buyer.token,
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });
const get = (buyer: Pick<Buyer, 'token'>, path: string) => worker.request(path, { token: buyer.token });

async function hold(buyer: Buyer, amount: number): Promise<string> {
  const { status, json, text } = await post(buyer, '/credits/holds', { amount });
  if (status !== 200) throw new Error(`no hold: ${text}`);
  return json.hold.id;
}

const capture = (buyer: Buyer, id: string, amount?: number) =>
  post(buyer, `/credits/holds/${id}/capture`, amount === undefined ? {} : { amount });
const release = (buyer: Buyer, id: string) => post(buyer, `/credits/holds/${id}/release`, {});

/** Lets the time of a hold be over. */
const runOut = (id: string) =>
  worker.database.query("update credit_holds set expires_at = now() - interval '1 second' where id = $1", [
    id,
  ]);
const expireAll = () => worker.database.query('select expire_credits(1000, now())');

describe('a hold', () => {
  test('reserves credits, which stay in the balance and cannot be spent', async () => {
    const buyer = await rich(100);
    const { status, json, databaseCalls } = await post(buyer, '/credits/holds', {
      operation_type: 'ai_image_ultra',
      quantity: 2,
      details: { job: 7 },
      expires_in_seconds: 60,
    });
    expect([status, databaseCalls]).toEqual([200, 1]);
    expect(json).toEqual({
      success: true,
      hold: {
        id: expect.any(String),
        amount: 40,
        status: 'active',
        captured: null,
        operation_type: 'ai_image_ultra',
        operation_details: { job: 7 },
        description: '2 × ai_image_ultra',
        expires_at: expect.stringMatching(/Z$/),
        created_at: expect.stringMatching(/Z$/),
        settled_at: null,
      },
      credits: { balance: 100, available: 60, held: 40, debt: 0 },
    });
    expect(Date.parse(json.hold.expires_at) - Date.parse(json.hold.created_at)).toBe(60_000);
    const tooMuch = await post(buyer, '/credits/spend', { amount: 61 });
    expect([tooMuch.status, tooMuch.json.required, tooMuch.json.available]).toEqual([402, 61, 60]);
    expect((await post(buyer, '/credits/holds', { amount: 61 })).status).toBe(402);
    expect((await post(buyer, '/credits/spend', { amount: 60 })).status).toBe(200);
  });

  test('repeated under its key is one hold, and the answer the first one to the byte, even when it has ended', async () => {
    const buyer = await rich(100);
    const key = randomUUID();
    const ask = (amount: number) => post(buyer, '/credits/holds', { amount }, key);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(10)));
    await capture(buyer, answers[0]?.json.hold.id, 4);
    const again = await ask(10);
    expect(new Set([...answers, again].map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect([again.headers.get('Idempotent-Replayed'), again.databaseCalls]).toEqual(['true', 1]);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 96, held: 0, debt: 0 });
    const other = await ask(11);
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('that is captured takes what was used, and gives the rest free', async () => {
    const buyer = await rich(100);
    const id = await hold(buyer, 40);
    const { status, json } = await capture(buyer, id, 25);
    expect(status).toBe(200);
    expect(json.hold).toMatchObject({ id, amount: 40, status: 'captured', captured: 25 });
    expect(json.hold.settled_at).toMatch(/Z$/);
    expect(json.transaction).toMatchObject({ transaction_type: 'capture', amount: -25, balance_after: 75 });
    expect(json.transaction.lots).toMatchObject([{ kind: 'purchased', amount: -25 }]);
    expect(json.credits).toEqual({ balance: 75, available: 75, held: 0, debt: 0 });
  });

  test('is captured whole where no amount is named, and may turn out to have used nothing', async () => {
    const buyer = await rich(100);
    expect((await capture(buyer, await hold(buyer, 30))).json.hold.captured).toBe(30);
    const { json } = await capture(buyer, await hold(buyer, 30), 0);
    expect([json.hold.captured, json.transaction.amount, json.credits.available]).toEqual([0, 0, 70]);
  });

  test('does not give more than it holds, and stays as it was', async () => {
    const buyer = await rich(100);
    const id = await hold(buyer, 40);
    const { status, json } = await capture(buyer, id, 41);
    expect([status, json.code, json.held, json.errors[0].pointer]).toEqual([
      422,
      'capture_exceeds_hold',
      40,
      '/amount',
    ]);
    expect((await capture(buyer, id, 40)).status).toBe(200);
  });

  test('that has ended can neither be captured nor released, and says how it ended', async () => {
    const buyer = await rich(100);
    const [captured, released, expired] = [await hold(buyer, 5), await hold(buyer, 5), await hold(buyer, 5)];
    await capture(buyer, captured, 1);
    await release(buyer, released);
    await runOut(expired);
    for (const [id, ending] of [
      [captured, 'captured'],
      [released, 'released'],
      [expired, 'expired'],
    ] as const) {
      for (const answer of [await capture(buyer, id), await release(buyer, id)]) {
        expect([answer.status, answer.json.code, answer.json.status]).toEqual([409, 'hold_not_active', 409]);
        expect(answer.json.hold_status).toBe(ending);
      }
    }
    expect(await accountOf(worker, buyer)).toEqual({ balance: 99, held: 0, debt: 0 });
  });
});

describe('the time of a hold', () => {
  test('being over, it has expired for whoever looks, and its credits are there for whoever needs them', async () => {
    const buyer = await rich(100);
    const id = await hold(buyer, 80);
    await runOut(id);
    expect((await get(buyer, `/credits/holds/${id}`)).json.hold.status).toBe('expired');
    expect((await get(buyer, '/credits/holds?status=active')).json.holds).toEqual([]);
    expect((await get(buyer, '/credits/holds?status=expired')).json.holds).toMatchObject([
      { id, status: 'expired' },
    ]);
    expect((await post(buyer, '/credits/spend', { amount: 90 })).status).toBe(200);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 10, held: 0, debt: 0 });
  });

  test('being over, it is not counted by the answer about another hold', async () => {
    const buyer = await rich(100);
    const [over, other] = [await hold(buyer, 80), await hold(buyer, 10)];
    await runOut(over);
    const { json } = await capture(buyer, other, 10);
    expect(json.credits).toEqual({ balance: 90, available: 90, held: 0, debt: 0 });
  });

  test('being over, the scheduled function gives its credits back', async () => {
    const buyer = await rich(100);
    const id = await hold(buyer, 80);
    await runOut(id);
    await expireAll();
    expect(await accountOf(worker, buyer)).toEqual({ balance: 100, held: 0, debt: 0 });
    const { json } = await get(buyer, `/credits/holds/${id}`);
    expect([json.hold.status, json.hold.captured]).toEqual(['expired', null]);
    expect(json.hold.settled_at).not.toBeNull();
  });
});

describe('at once', () => {
  test('20 captures, releases and expiries of one hold end it once', async () => {
    const buyer = await rich(100);
    const id = await hold(buyer, 60);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => (turn % 2 === 0 ? capture(buyer, id, 10) : release(buyer, id))),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect([won.length, answers.filter(({ status }) => status === 409).length]).toEqual([1, 19]);
    const taken = won[0]?.json.hold.captured ?? 0;
    expect(await accountOf(worker, buyer)).toEqual({ balance: 100 - taken, held: 0, debt: 0 });
  });

  test('a hold whose time runs out under 20 captures and expiries is expired, once, or captured, once', async () => {
    const buyer = await rich(100);
    const id = await hold(buyer, 60);
    const attempts = Array.from({ length: 20 }, (_, turn) => {
      if (turn === 10) return runOut(id);
      return turn % 2 === 0 ? capture(buyer, id, 10) : expireAll();
    });
    await Promise.all(attempts);
    const { json } = await get(buyer, `/credits/holds/${id}`);
    const isCaptured = json.hold.status === 'captured';
    if (!isCaptured) expect(json.hold.status).toBe('expired');
    expect(await accountOf(worker, buyer)).toEqual({ balance: isCaptured ? 90 : 100, held: 0, debt: 0 });
  });

  test('holds, captures and spends never take more than there is', async () => {
    const buyer = await rich(100);
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, turn) => {
        if (turn % 2 === 0) return post(buyer, '/credits/spend', { amount: 7 });
        const held = await post(buyer, '/credits/holds', { amount: 9 });
        return held.status === 200 ? capture(buyer, held.json.hold.id, 5) : held;
      }),
    );
    expect(answers.filter(({ status }) => ![200, 402].includes(status))).toEqual([]);
    const taken = answers
      .filter(({ status }) => status === 200)
      .reduce((sum, { json }) => sum - json.transaction.amount, 0);
    const account = await accountOf(worker, buyer);
    expect(account).toEqual({ balance: 100 - taken, held: 0, debt: 0 });
    expect(taken).toBeLessThanOrEqual(100);
    expect(taken).toBeGreaterThan(50);
  });
});

describe('whose hold it is', () => {
  test('decides: another customer finds none, and changes none', async () => {
    const [owner, stranger] = [await rich(100), await rich(100)];
    const id = await hold(owner, 10);
    for (const answer of [
      await get(stranger, `/credits/holds/${id}`),
      await capture(stranger, id),
      await release(stranger, id),
      await capture(stranger, randomUUID()),
    ]) {
      expect([answer.status, answer.json.code]).toEqual([404, 'hold_not_found']);
    }
    expect((await get(stranger, '/credits/holds')).json.holds).toEqual([]);
    expect((await get(owner, `/credits/holds/${id}`)).json.hold.status).toBe('active');
  });

  test('is no hold of a stranger whom nobody has seen yet, either', async () => {
    const [owner, stranger] = [await rich(100), await newBuyer(worker)];
    const id = await hold(owner, 10);
    expect([(await capture(stranger, id)).status, (await release(stranger, id)).status]).toEqual([404, 404]);
    expect((await get(stranger, `/credits/holds/${id}`)).status).toBe(404);
    expect((await get(owner, `/credits/holds/${id}`)).json.hold.status).toBe('active');
  });

  test('is named by a service, for every step of it', async () => {
    const buyer = await rich(100);
    const service = { token: await worker.token('service') };
    const customer = buyer.subject;
    const { json } = await post(service, '/credits/holds', { amount: 10, customer });
    const { id } = json.hold;
    expect((await get(service, `/credits/holds?customer=${customer}`)).json.holds).toMatchObject([{ id }]);
    expect((await get(service, `/credits/holds/${id}?customer=${customer}`)).status).toBe(200);
    expect((await post(service, `/credits/holds/${id}/capture`, { customer: randomUUID() })).json.code).toBe(
      'customer_not_found',
    );
    expect((await post(service, `/credits/holds/${id}/capture`, { customer, amount: 1 })).status).toBe(200);
    const next = (await post(service, '/credits/holds', { amount: 10, customer })).json.hold.id;
    expect((await post(service, `/credits/holds/${next}/release`, { customer })).status).toBe(200);
  });

  test('shows in a list that comes in pages, newest first, without repeating or leaving out one', async () => {
    const buyer = await rich(100);
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) ids.unshift(await hold(buyer, 1));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { json } = await get(buyer, `/credits/holds?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...json.holds.map(({ id }: { id: string }) => id));
      cursor = json.next_cursor;
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });
});

describe('a free operation', () => {
  test('is held, captured and spent like any other, and takes nothing', async () => {
    await worker.database.query(
      "insert into credit_costs (operation_type, credits) values ('free_of_charge', 0)",
    );
    const buyer = await rich(10);
    const { status, json, text } = await post(buyer, '/credits/holds', { operation_type: 'free_of_charge' });
    expect([status, json.hold?.amount], text).toEqual([200, 0]);
    expect((await capture(buyer, json.hold.id)).json.transaction.amount).toBe(0);
    expect(
      (await post(buyer, '/credits/spend', { operation_type: 'free_of_charge' })).json.credits.balance,
    ).toBe(10);
  });
});

describe('input that is wrong', () => {
  test.each([
    ['a hold of a second', { amount: 1, expires_in_seconds: 1 }, '/expires_in_seconds'],
    ['a hold of a month', { amount: 1, expires_in_seconds: 2_592_000 }, '/expires_in_seconds'],
    ['half a second', { amount: 1, expires_in_seconds: 60.5 }, '/expires_in_seconds'],
    ['nothing at all', {}, '/operation_type'],
    ['nothing to hold', { amount: 0 }, '/amount'],
  ])('%s is refused', async (_, body, pointer) => {
    const { status, json } = await post(await rich(10), '/credits/holds', body);
    expect([status, json.errors[0].pointer]).toEqual([422, pointer]);
  });

  test.each([{ amount: -1 }, { amount: 0.5 }, { amount: '1' }, { amount: 1e21 }, { amounts: 1 }])(
    'a capture of %j is refused',
    async (body) => {
      const buyer = await rich(10);
      expect((await post(buyer, `/credits/holds/${await hold(buyer, 1)}/capture`, body)).status).toBe(422);
    },
  );

  test.each(['status=ended', 'cursor=x', 'cursor=WzEsMl0', 'limit=0', 'customer=', 'customer=%00'])(
    'a list of ?%s is refused',
    async (query) => {
      const admin = { token: await worker.token('admin') };
      expect((await get(admin, `/credits/holds?${query}`)).status).toBe(400);
    },
  );
});
