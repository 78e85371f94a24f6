import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';
import { newAdmin, newPackage, pricesOf, shownPackage, stripePrices, type Admin } from './support.ts';
import { syncToStripe } from '../support/stripe-sync.ts';

let worker: TestWorker;
let admin: Admin;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
  admin = await newAdmin(worker);
});
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
});
afterAll(() => worker.stop());

function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

async function offersOf(key: string) {
  return worker.database.query<{ amount_minor: string; valid_to: Date | null; stripe_state: string }>(
    `select amount_minor, valid_from, valid_to, stripe_state, stripe_price_id from prices
     where package_id = (select id from credit_packages where package_key = $1) order by valid_from, created_at`,
    [key],
  );
}

describe('a price change', () => {
  test('makes a new offer and a new Stripe Price, archives the old one, and is in the history', async () => {
    const before = (await admin.ask('/plans/starter_monthly')).json.plan;
    const answer = await admin.patch('/plans/starter_monthly', { price: 149, reason: 'spring' });
    expect(answer.status).toBe(200);
    const { plan } = answer.json;
    expect(plan).toMatchObject({ price: 149, currency: 'GBP', credits: 500, scheduled: [] });
    expect(plan.price_id).not.toBe(before.price_id);
    expect(answer.headers.get('ETag')).toBe(`"${plan.version}"`);
    expect(plan.version).toBe(before.version + 1);

    const prices = await pricesOf(worker, 'starter_monthly');
    expect(prices.find(({ id }) => id === plan.price_id)).toMatchObject({
      active: true,
      unit_amount: 149,
      currency: 'gbp',
      lookup_key: 'starter_monthly',
    });
    expect(prices.find(({ id }) => id === before.price_id)).toMatchObject({
      active: false,
      lookup_key: null,
    });

    const [entry] = await admin.history('starter_monthly');
    expect(entry).toMatchObject({
      item_type: 'plan',
      item_key: 'starter_monthly',
      field_changed: 'price',
      old_value: 99,
      new_value: 149,
      changed_by: admin.label,
      reason: 'spring',
      request_id: answer.headers.get('X-Request-Id'),
    });
  });

  test('every field that changes has one history row with typed values; what stays the same has none', async () => {
    const plan = (await admin.ask('/plans/business_monthly')).json.plan;
    const body = {
      name: 'Business+',
      features: ['one', 'two'],
      rollover_cap: null,
      trial_credits: 50,
      credits: 7000,
      price: plan.price,
    };
    await admin.patch('/plans/business_monthly', body);
    const entries = (await admin.history('business_monthly')).filter(
      (entry: { changed_by: string }) => entry.changed_by === admin.label,
    );
    expect(
      entries.map(({ field_changed, old_value, new_value }: Record<string, unknown>) => [
        field_changed,
        old_value,
        new_value,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['name', 'Business', 'Business+'],
        ['features', plan.features, ['one', 'two']],
        ['rollover_cap', 3000, null],
        ['trial_credits', 0, 50],
        ['credits', 6000, 7000],
      ]),
    );
    expect(entries).toHaveLength(5);
    const again = await admin.patch('/plans/business_monthly', body);
    expect(again.status).toBe(200);
    expect((await admin.history('business_monthly')).length).toBe(entries.length + 4);
    expect(again.json.plan.version).toBe((await admin.ask('/plans/business_monthly')).json.plan.version);
  });

  test('plain SQL is recorded too, under the name of its role', async () => {
    const key = await newPackage(admin);
    await worker.database.query('update credit_packages set badge = $2 where package_key = $1', [key, 'New']);
    const [entry] = await admin.history(key);
    expect(entry).toMatchObject({ field_changed: 'badge', old_value: null, new_value: 'New' });
    expect(entry.changed_by).toMatch(/^sql:/);
  });

  test('overlapping offers are refused by the database', async () => {
    const key = await newPackage(admin);
    const insert = worker.database.query(
      `insert into prices (package_id, currency, amount_minor, credits, created_by)
       select id, 'GBP', 1, 1, 'test' from credit_packages where package_key = $1`,
      [key],
    );
    await expect(insert).rejects.toMatchObject({ code: '23P01', constraint: 'prices_one_offer_at_a_time' });
  });

  test('a dry run tells the changes, and makes none: not here and not at Stripe', async () => {
    const key = await newPackage(admin);
    const asked = worker.stripe.requests.length;
    const startsAt = inSeconds(3600);
    for (const value of ['1', 'true']) {
      const answer = await admin.patch(`/packages/${key}?dry_run=${value}`, {
        name: 'Other',
        price: 300,
        valid_from: startsAt,
      });
      expect(answer.json).toMatchObject({
        success: true,
        dry_run: true,
        package: { name: key, price: 100, version: 1, scheduled: [] },
      });
      expect(answer.json.changes).toEqual([
        { field: 'name', old_value: key, new_value: 'Other', effective_from: expect.any(String) },
        { field: 'price', old_value: 100, new_value: 300, effective_from: startsAt },
      ]);
    }
    expect(worker.stripe.requests).toHaveLength(asked);
    expect(
      (await admin.history(key)).map((entry: { field_changed: string }) => entry.field_changed),
    ).not.toContain('name');
    expect((await admin.patch(`/packages/${key}?dry_run=maybe`, { price: 1 })).status).toBe(400);
    expect((await admin.patch(`/packages/${key}?dryrun=1`, { price: 1 })).status).toBe(400);
    expect((await admin.ask(`/packages/${key}?dry_run=1`, { method: 'DELETE' })).json.changes).toHaveLength(
      1,
    );
    expect((await admin.ask(`/packages/${key}`)).json.package.is_active).toBe(true);
  });

  test('archiving keeps the item, tells Stripe, and can be done again and undone', async () => {
    const key = await newPackage(admin);
    for (let time = 0; time < 2; time += 1) {
      const answer = await admin.ask(`/packages/${key}`, { method: 'DELETE' });
      expect(answer.status).toBe(200);
      expect(answer.json.package).toMatchObject({ is_active: false, version: 2 });
    }
    expect((await pricesOf(worker, key)).map(({ active }) => active)).toEqual([false]);
    await admin.patch(`/packages/${key}`, { is_active: true });
    expect((await pricesOf(worker, key)).map(({ active }) => active)).toEqual([true]);
    expect(await shownPackage(worker, key)).toMatchObject({ price: 100 });
  });

  test('the same Idempotency-Key changes once and gets the stored answer', async () => {
    const key = await newPackage(admin);
    const headers = { 'Idempotency-Key': randomUUID(), 'If-Match': '"1"' };
    const first = await admin.patch(`/packages/${key}`, { price: 777 }, headers);
    const again = await admin.patch(`/packages/${key}`, { price: 777 }, headers);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect((await admin.patch(`/packages/${key}`, { price: 778 }, headers)).status).toBe(422);
    expect(await offersOf(key)).toHaveLength(2);
  });

  test('a retry of a change of a name, after the answer to the commit was lost, finds it done', async () => {
    const key = await newPackage(admin);
    const headers = { 'Idempotency-Key': randomUUID(), 'If-Match': '"1"' };
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('expect_item_version')) ? 'lose-answer' : 'none',
    );
    expect((await admin.patch(`/packages/${key}`, { name: 'Renamed' }, headers)).status).toBe(503);
    worker.gateway.setFault(undefined);
    const retried = await admin.patch(`/packages/${key}`, { name: 'Renamed' }, headers);
    expect([retried.status, retried.json.package.version]).toEqual([200, 2]);
    expect((await worker.request('/payment/credit-packages')).json.packages[key].name).toBe('Renamed');
  });

  test('a retry under the same Idempotency-Key, after the answer to the commit was lost, changes nothing more', async () => {
    const key = await newPackage(admin);
    const headers = { 'Idempotency-Key': randomUUID(), 'If-Match': '"1"' };
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('publish_offer')) ? 'lose-answer' : 'none',
    );
    const lost = await admin.patch(`/packages/${key}`, { price: 777 }, headers);
    expect(lost.status).toBe(503);
    worker.gateway.setFault(undefined);
    const retried = await admin.patch(`/packages/${key}`, { price: 777 }, headers);
    expect(retried.status).toBe(200);
    expect(retried.json.package).toMatchObject({ price: 777, version: 2 });
    expect(await offersOf(key)).toHaveLength(2);
    await worker.scheduled();
    await eventually('Stripe has the new Price on sale alone', async () => {
      const active = (await pricesOf(worker, key)).filter((price) => price.active);
      return active.length === 1 && active[0]?.unit_amount === 777 && active[0].lookup_key === key;
    });
  });
});

describe('versions', () => {
  test('20 admins with the same If-Match: one wins, 19 get 412, one change is made', async () => {
    const key = await newPackage(admin);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        admin.patch(`/packages/${key}`, { price: 200 + index }, { 'If-Match': '"1"' }),
      ),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 412)]);
    const won = answers.find(({ status }) => status === 200)?.json.package;
    for (const { status, json } of answers) {
      if (status === 412) expect(json).toMatchObject({ code: 'version_conflict', version: 2 });
    }
    const changes = (await admin.history(key)).filter(
      (entry: { old_value: unknown }) => entry.old_value === 100,
    );
    expect(changes).toHaveLength(1);
    expect(await offersOf(key)).toHaveLength(2);
    const active = (await pricesOf(worker, key)).filter((price) => price.active);
    expect(active.map(({ id }) => id)).toEqual([won.price_id]);
    expect(await shownPackage(worker, key)).toMatchObject({ price: won.price, price_id: won.price_id });
  });

  test('two admins at once without If-Match: each change that was answered 200 is in the history', async () => {
    const key = await newPackage(admin);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => admin.patch(`/packages/${key}`, { price: 200 + index })),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBeGreaterThan(0);
    expect(answers.every(({ status }) => status === 200 || status === 412)).toBe(true);
    const changed = (await admin.history(key)).filter(
      (entry: { field_changed: string; old_value: unknown }) =>
        entry.field_changed === 'price' && entry.old_value !== null,
    );
    expect(changed).toHaveLength(won.length);
    await worker.scheduled();
    const { price_id } = (await admin.ask(`/packages/${key}`)).json.package;
    const active = (await pricesOf(worker, key)).filter((price) => price.active);
    expect(active).toEqual([expect.objectContaining({ id: price_id, lookup_key: key })]);
  });

  test('If-Match takes the version in each of its forms, and nothing else', async () => {
    const key = await newPackage(admin);
    const patch = (value: string) => admin.patch(`/packages/${key}`, { name: key }, { 'If-Match': value });
    for (const value of ['"1"', '1', 'W/"1"', '*', '"7", "1"', '7,W/"1"']) {
      expect((await patch(value)).status, value).toBe(200);
    }
    for (const value of ['"2"', '2', '"other"', '""']) expect((await patch(value)).status, value).toBe(412);
    for (const value of ['other', '"1', '1 2', 'W/1', ',']) {
      const answer = await patch(value);
      expect(answer.status, value).toBe(400);
      expect(answer.json.errors[0].pointer).toBe('if-match');
    }
    const stale = await admin.ask(`/packages/${key}`, { method: 'DELETE', headers: { 'If-Match': '"9"' } });
    expect(stale.status).toBe(412);
  });
});

describe('scheduled changes', () => {
  test('two of them: each applies at its time, the latest holds afterwards, Stripe follows', async () => {
    const key = await newPackage(admin);
    const [first, second] = [inSeconds(2), inSeconds(4)];
    await admin.patch(`/packages/${key}`, { price: 300, valid_from: second });
    const answer = await admin.patch(`/packages/${key}`, { price: 200, valid_from: first });
    expect(answer.json.package).toMatchObject({
      price: 100,
      scheduled: [
        { price: 200, valid_from: first, valid_to: second },
        { price: 300, valid_from: second, valid_to: null },
      ],
    });
    const entries = (await admin.history(key)).slice(0, 2);
    expect(entries).toMatchObject([
      { new_value: 200, effective_from: first },
      { new_value: 300, effective_from: second },
    ]);
    const scheduled = await pricesOf(worker, key);
    expect(
      scheduled.filter(({ lookup_key }) => lookup_key === key).map((price) => price.unit_amount),
    ).toEqual([100]);
    for (const [price, from] of [
      [200, first],
      [300, second],
    ] as const) {
      await eventually(`${price} is on sale`, async () => (await shownPackage(worker, key)).price === price);
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(from));
    }
    await worker.scheduled();
    const prices = await pricesOf(worker, key);
    expect(prices.filter(({ active }) => active)).toEqual([
      expect.objectContaining({ unit_amount: 300, lookup_key: key }),
    ]);
  });

  test('one that is replaced at its own instant never comes', async () => {
    const key = await newPackage(admin);
    const startsAt = inSeconds(3600);
    await admin.patch(`/packages/${key}`, { price: 300, valid_from: startsAt });
    const back = await admin.patch(`/packages/${key}`, { price: 100, valid_from: startsAt });
    expect(back.json.package.scheduled).toMatchObject([{ price: 100 }]);
    expect((await pricesOf(worker, key)).find(({ unit_amount }) => unit_amount === 300)?.active).toBe(false);
  });

  test('a start in the past, too far ahead, or of something that cannot be scheduled is refused', async () => {
    const key = await newPackage(admin);
    for (const body of [
      { price: 1, valid_from: inSeconds(-1) },
      { price: 1, valid_from: inSeconds(6 * 366 * 86_400) },
      { price: 1, valid_from: '0000-01-01T00:00:00Z' },
      { price: 1, valid_from: 'tomorrow' },
      { name: 'Other', valid_from: inSeconds(60) },
    ]) {
      const answer = await admin.patch(`/packages/${key}`, body);
      expect(answer.status, JSON.stringify(body)).toBe(422);
      expect(answer.json.errors[0].pointer).toBe('/valid_from');
    }
  });
});

describe('new items', () => {
  test('a plan is created with its offer and Stripe Price, and is on sale at once', async () => {
    const key = `plan_${randomUUID().slice(0, 8)}`;
    const body = {
      plan_key: key,
      name: 'New',
      price: 1200,
      currency: 'EUR',
      interval: 'year',
      credits: 50,
      rollover_cap: 5,
      trial_credits: 7,
      features: ['a'],
      sort_order: 99,
      reason: 'launch',
    };
    const answer = await admin.ask('/plans', { body });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('Location')).toBe(`/admin/pricing/plans/${key}`);
    expect(answer.json.plan).toMatchObject({ plan_key: key, version: 1, price: 1200, interval: 'year' });
    expect(answer.json.plan.trial_credits).toBe(7);
    const { plans } = (await worker.request('/payment/plans')).json;
    expect(plans[key]).toMatchObject({ price: 1200, currency: 'EUR', price_id: answer.json.plan.price_id });
    expect(await pricesOf(worker, key)).toEqual([
      expect.objectContaining({ active: true, unit_amount: 1200, lookup_key: key }),
    ]);
    expect((await admin.history(key)).at(-1)).toMatchObject({
      field_changed: 'created',
      new_value: { trial_credits: 7 },
      reason: 'launch',
    });
    expect((await admin.ask('/plans', { body })).json.code).toBe('plan_exists');
    const other = { package_key: key, name: 'x', price: 1, currency: 'EUR', credits: 1 };
    expect((await admin.ask('/packages', { body: other })).json.code).toBe('plan_exists');
  });

  test('20 at once with one key, of both kinds: one is made, and one active Stripe Price', async () => {
    const key = `raced_${randomUUID().slice(0, 8)}`;
    const terms = { name: key, price: 100, currency: 'GBP', credits: 1 };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0
          ? admin.ask('/packages', { body: { package_key: key, ...terms } })
          : admin.ask('/plans', { body: { plan_key: key, interval: 'month', ...terms } }),
      ),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
    expect((await pricesOf(worker, key)).filter(({ active }) => active)).toHaveLength(1);
  });
});

test('a key is never given to a plan while a package is being made under it', async () => {
  const key = `raced_${randomUUID().slice(0, 8)}`;
  const other = await worker.database.connect();
  await other.query('begin');
  await other.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`catalogue key ${key}`]);
  await other.query('insert into credit_packages (package_key, name) values ($1, $1)', [key]);
  const body = { plan_key: key, name: key, price: 1, currency: 'GBP', interval: 'month', credits: 1 };
  let answered = false;
  const answer = admin.ask('/plans', { body }).finally(() => (answered = true));
  await eventually('the request waits, or is through', async () => {
    const waiting = await worker.database.query(
      `select from pg_locks where locktype = 'advisory' and not granted and database =
         (select oid from pg_database where datname = current_database())`,
    );
    return answered || waiting.length > 0;
  });
  await other.query('commit');
  expect(await answer).toMatchObject({ status: 409, json: { code: 'package_exists' } });
});

describe('lists', () => {
  test('pages of plans hold each plan once, archived ones too, and can be filtered', async () => {
    await admin.ask('/plans/enterprise', { method: 'DELETE' });
    const keys: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { json } = await admin.ask(`/plans?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
      keys.push(...json.plans.map((plan: { plan_key: string }) => plan.plan_key));
      cursor = json.next_cursor;
    }
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toContain('enterprise');
    const archived = (await admin.ask('/plans?is_active=false')).json.plans;
    expect(archived.map((plan: { plan_key: string }) => plan.plan_key)).toEqual(['enterprise']);
    expect((await admin.ask('/plans?is_active=true&limit=100')).json.plans).toHaveLength(keys.length - 1);
  });

  test('pages of history hold each entry once, and can be filtered by item, field and time', async () => {
    const key = await newPackage(admin);
    const from = new Date().toISOString();
    await admin.patch(`/packages/${key}`, { price: 5, name: 'Five' });
    const ids: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { json } = await admin.ask(`/history?item_key=${key}&limit=2${cursor && `&cursor=${cursor}`}`);
      ids.push(...json.history.map((entry: { id: number }) => entry.id));
      cursor = json.next_cursor;
    }
    expect(ids).toEqual(ids.toSorted((one, other) => other - one));
    expect(new Set(ids).size).toBe(6);
    const count = async (query: string) =>
      (await admin.ask(`/history?item_type=package&item_key=${key}&${query}`)).json.history.length;
    expect(await count('field=price')).toBe(2);
    expect(await count(`from=${from}`)).toBe(2);
    expect(await count(`to=${from}`)).toBe(4);
    expect(await count('field=nothing')).toBe(0);
  });

  test('a viewer reads, and writes nothing', async () => {
    const token = await worker.token('viewer');
    const asViewer = (path: string, method: string, body?: unknown) =>
      worker.request(`/admin/pricing${path}`, { token, method, body });
    for (const path of ['/plans', '/plans/starter_annual', '/packages', '/history']) {
      expect((await asViewer(path, 'GET')).status, path).toBe(200);
    }
    expect((await asViewer('/plans/starter_annual', 'PATCH', { price: 1 })).status).toBe(403);
    expect((await asViewer('/plans/starter_annual', 'DELETE')).status).toBe(403);
    expect((await asViewer('/plans', 'POST', {})).status).toBe(403);
    expect((await stripePrices(worker)).length).toBeGreaterThan(0);
  });
});
