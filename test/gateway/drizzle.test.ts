import { neon, neonConfig } from '@neondatabase/serverless';
import { eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/neon-http';
import { bigint, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const offers = pgTable('offers', {
  id: uuid('id').primaryKey().defaultRandom(),
  itemKey: text('item_key').notNull().unique('offers_item_key_unique'),
  amountMinor: integer('amount_minor').notNull(),
  credits: bigint('credits', { mode: 'bigint' }).notNull(),
  features: jsonb('features').$type<readonly string[]>().notNull(),
  tags: text('tags').array().notNull(),
  validFrom: timestamp('valid_from', { withTimezone: true, mode: 'date' }).notNull(),
});

const starter = {
  itemKey: 'starter_monthly',
  amountMinor: 9900,
  credits: 9_007_199_254_740_993n,
  features: ['api', 'quotes "inside"'],
  tags: ['new', 'a,b'],
  validFrom: new Date('2026-01-31T12:34:56.789Z'),
};

let database: TestDatabase;

function connect() {
  return drizzle(neon(database.url));
}

beforeAll(async () => {
  neonConfig.fetchEndpoint = inject('gatewayUrl');
  database = await createTestDatabase();
  await database.query(`CREATE TABLE offers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    item_key text NOT NULL CONSTRAINT offers_item_key_unique UNIQUE,
    amount_minor integer NOT NULL,
    credits bigint NOT NULL,
    features jsonb NOT NULL,
    tags text[] NOT NULL,
    valid_from timestamptz NOT NULL
  )`);
});

beforeEach(() => database.query('TRUNCATE offers'));
afterAll(() => database.drop());

test('drizzle stores and reads back every kind of column', async () => {
  const db = connect();
  const [inserted] = await db.insert(offers).values(starter).returning();
  expect(inserted).toMatchObject(starter);
  expect(await db.select().from(offers).where(eq(offers.itemKey, 'starter_monthly'))).toEqual([inserted]);
  const changed = await db.update(offers).set({ amountMinor: 14_900 }).returning({ now: offers.amountMinor });
  expect(changed).toEqual([{ now: 14_900 }]);
  const raw = await db.execute(sql`SELECT count(*)::int AS n FROM ${offers}`);
  expect(raw.rows).toEqual([{ n: 1 }]);
  await db.delete(offers);
  expect(await db.$count(offers)).toBe(0);
});

test('a drizzle batch commits together or not at all', async () => {
  const db = connect();
  const [inserted, selected] = await db.batch([
    db.insert(offers).values(starter).returning({ key: offers.itemKey }),
    db.select({ amount: offers.amountMinor }).from(offers),
  ]);
  expect(inserted).toEqual([{ key: 'starter_monthly' }]);
  expect(selected).toEqual([{ amount: 9900 }]);

  const failing = db.batch([
    db.insert(offers).values({ ...starter, itemKey: 'other' }),
    db.insert(offers).values(starter),
  ]);
  await expect(failing).rejects.toMatchObject({ code: '23505', constraint: 'offers_item_key_unique' });
  expect(await db.$count(offers)).toBe(1);
});

test('a drizzle query that fails carries Postgres’ fields as its cause', async () => {
  const db = connect();
  await db.insert(offers).values(starter);
  await expect(db.insert(offers).values(starter)).rejects.toMatchObject({
    cause: { code: '23505', constraint: 'offers_item_key_unique', table: 'offers' },
  });
});
