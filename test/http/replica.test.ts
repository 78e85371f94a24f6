import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { migratedTemplate } from '../support/template.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

/** A replica that has stood still since the beginning, so that it shows who reads it. */
let replica: TestDatabase;
let worker: TestWorker;
let admin: string;

beforeAll(async () => {
  replica = await createTestDatabase({ template: migratedTemplate });
  worker = await startWorker({ variables: { DATABASE_REPLICA_URL: replica.url } });
  admin = await worker.token('admin');
  await worker.database.query("update subscription_plans set name = 'Primary' where plan_key = 'enterprise'");
  await replica.query("update subscription_plans set name = 'Replica' where plan_key = 'enterprise'");
});

afterAll(async () => {
  await worker.stop();
  await replica.drop();
});

const get = async (path: string) => (await worker.request(path, { token: admin })).json;

test('histories and lists come from the replica', async () => {
  const { plans } = await get('/admin/pricing/plans');
  expect(plans.find((plan: { plan_key: string }) => plan.plan_key === 'enterprise').name).toBe('Replica');
  const { history } = await get('/admin/pricing/history?item_key=enterprise&limit=1');
  expect(history[0].new_value).toBe('Replica');
});

test('everything that a decision rests on comes from the primary', async () => {
  expect((await get('/admin/pricing/plans/enterprise')).plan.name).toBe('Primary');
  expect((await get('/payment/plans')).plans.enterprise.name).toBe('Primary');
});
