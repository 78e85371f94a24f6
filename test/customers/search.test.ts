import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCustomers } from '../../src/support/search-queries.ts';
import { buy, newBuyer, pay, processed } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let viewer: string;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
  viewer = await worker.token('viewer');
});
afterAll(() => worker.stop());

type Found = Readonly<Record<string, unknown>>;

async function search(query: string): Promise<readonly Found[]> {
  const { status, json, databaseCalls, text } = await worker.request(`/admin/customers?${query}`, {
    token: viewer,
  });
  expect([status, databaseCalls], text).toEqual([200, 1]);
  return json.customers;
}
const searchFor = (text: string) => search(`search=${encodeURIComponent(text)}`);
const subjects = (found: readonly Found[]) => found.map(({ subject }) => subject);

async function add(email: string | null, subject: string = randomUUID()): Promise<string> {
  await worker.database.query('insert into customers (issuer, subject, email) values ($1, $2, $3)', [
    worker.tokens.issuer,
    subject,
    email,
  ]);
  return subject;
}

describe('a search for customers', () => {
  test('finds by the beginning of the e-mail address, whatever its case, newest first', async () => {
    const first = await add('Anna.Árvíz@example.com');
    const second = await add('anna.b@example.com');
    await add('ann_other@example.com');
    await add('susanna@example.com');
    await add(null);
    expect(subjects(await searchFor('ANNA.'))).toEqual([second, first]);
    expect(subjects(await searchFor('anna.á'))).toEqual([first]);
    expect(subjects(await searchFor('anna.b@example.com'))).toEqual([second]);
    expect(await searchFor('%')).toEqual([]);
    expect(await searchFor('an_a.')).toEqual([]);
  });

  test('finds by the whole subject, and not by a part of it', async () => {
    const subject = await add(null, 'auth0|Somebody');
    expect(subjects(await searchFor(subject))).toEqual([subject]);
    expect(await searchFor('auth0|')).toEqual([]);
    expect(await searchFor('auth0|somebody')).toEqual([]);
    const odd = await add(null, 'cus_of_another_system');
    expect(subjects(await searchFor(odd))).toEqual([odd]);
  });

  test('finds by our id and by each id at Stripe', async () => {
    const buyer = await newBuyer(worker);
    for (const item of [{ package: 'credits_500' }, { plan: 'starter_monthly' }]) {
      await pay((await buy(worker, buyer, item)).checkoutUrl);
      await processed(worker);
    }
    const [ids] = await worker.database.query<Record<string, string>>(
      `select c.id, c.stripe_customer_id as customer,
         (select stripe_subscription_id from subscriptions where customer_id = c.id) as subscription,
         (select stripe_payment_intent_id from payments where customer_id = c.id and stripe_invoice_id is null) as intent,
         (select stripe_invoice_id from payments where customer_id = c.id and stripe_invoice_id is not null) as invoice,
         (select min(stripe_session_id) from checkouts where customer_id = c.id) as session
       from customers as c where subject = $1`,
      [buyer.subject],
    );
    expect(Object.values(ids ?? {}).map((id) => /^[a-z]+_/.exec(id)?.[0] ?? 'uuid')).toEqual([
      'uuid',
      'cus_',
      'sub_',
      'pi_',
      'in_',
      'cs_',
    ]);
    for (const id of Object.values(ids ?? {})) {
      const found = await searchFor(id);
      expect([id, subjects(found)]).toEqual([id, [buyer.subject]]);
      expect(found[0]).toEqual({
        id: ids?.id,
        issuer: worker.tokens.issuer,
        subject: buyer.subject,
        email: `${buyer.subject}@example.com`,
        name: null,
        stripe_customer_id: ids?.customer,
        created_at: expect.stringMatching(/Z$/),
      });
    }
    for (const unknown of ['sub_x', 'pi_x', 'in_x', 'cs_x', 'cus_x', randomUUID(), "' or 1=1 --"]) {
      expect(await searchFor(unknown)).toEqual([]);
    }
  });

  test('comes in pages that neither repeat nor leave out anybody, also of those who came at one instant', async () => {
    await worker.database.query(
      `insert into customers (issuer, subject, email, created_at)
       select 'https://paged.test', 'paged ' || n, 'paged' || n || '@example.com',
         timestamptz '2026-01-01' + (n / 3) * interval '1 microsecond'
       from generate_series(1, 10) as n`,
    );
    for (const query of ['search=paged&limit=3', 'limit=3']) {
      const seen: unknown[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const path: string = `/admin/customers?${query}${cursor && `&cursor=${cursor}`}`;
        const { json } = await worker.request(path, { token: viewer });
        seen.push(...subjects(json.customers));
        cursor = json.next_cursor;
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((subject) => String(subject).startsWith('paged '))).toHaveLength(10);
    }
  });

  test.each(['limit=0', 'limit=101', 'cursor=x', 'search=', 'search=%00', 'name=x', 'search=a&search=b'])(
    'refuses ?%s',
    async (query) => {
      expect((await worker.request(`/admin/customers?${query}`, { token: viewer })).status).toBe(400);
    },
  );

  test.each(['anna', 'auth0|x', randomUUID(), 'cus_x', 'sub_x', 'pi_x', 'in_x', 'cs_x', undefined])(
    'for %s reads no table from end to end',
    async (text) => {
      const before = [1_750_000_000_000_000, randomUUID()] as const;
      const { sql, params } = findCustomers({ search: text, before, limit: 20 }).getQuery();
      const client = await worker.database.connect();
      await client.query('set enable_seqscan = off');
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, [...params]);
      await client.end();
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toContain('Index');
      expect(plan).not.toMatch(/Seq Scan|Index Scan .*customers_created_at[^]*Filter: \(.*email/);
    },
  );
});
