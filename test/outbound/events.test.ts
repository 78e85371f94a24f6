import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertEndpoint } from '../support/endpoints.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ clock: 'machine' });
});
afterAll(() => worker.stop());

test('what happens is noted for each endpoint that wants its type, and for no other', async () => {
  const wanted = [['*'], ['cost.*'], ['cost.changed', 'credits.low']];
  const unwanted = [['credits.*'], ['cost'], ['cost.changed.more']];
  const [wanting] = await Promise.all(
    [wanted, unwanted].map((lists) =>
      Promise.all(
        lists.map((eventTypes) => insertEndpoint(worker, { url: 'http://127.0.0.1:1/', eventTypes })),
      ),
    ),
  );
  const { status } = await worker.request('/admin/credits/costs/voice_over', {
    method: 'PUT',
    token: await worker.token('admin'),
    body: { credits: 7 },
  });
  expect(status).toBe(201);
  const rows = await worker.database.query<{ endpoint_id: string; data: unknown }>(
    `select endpoint_id, data from event_deliveries as d join outbound_events as e on e.id = d.event_id
     where e.event_type = 'cost.changed' and e.data ->> 'item' = 'voice_over'`,
  );
  expect(rows.map((row) => row.endpoint_id).toSorted()).toEqual(wanting?.map(({ id }) => id).toSorted());
  expect(rows[0]?.data).toMatchObject({
    item_type: 'operation',
    field: 'created',
    new_value: { credits: 7 },
  });
});
