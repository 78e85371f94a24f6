import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  deliveriesTo,
  happen,
  insertEndpoint,
  makeDeliveriesDue,
  tellAgain,
  told,
  type TestEndpoint,
} from '../support/endpoints.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let receiver: Receiver;

beforeAll(async () => {
  [worker, receiver] = await Promise.all([startWorker(), startReceiver()]);
});
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.mailbox.setFault(undefined);
  receiver.setAnswer(undefined);
});
afterAll(async () => {
  await receiver.stop();
  await worker.stop();
});

async function newEndpoint(members: { readonly url?: string; readonly format?: 'mail' } = {}) {
  const path = `/${randomUUID()}`;
  const eventType = `test${path.slice(1)}.happened`;
  const endpoint = await insertEndpoint(worker, {
    url: `${receiver.url}${path}`,
    eventTypes: [eventType],
    ...members,
  });
  return { ...endpoint, path, eventType };
}

const idsAt = (path: string) => receiver.requests(path).map(({ headers }) => headers['webhook-id']);

async function attemptsTo({ id }: TestEndpoint) {
  return worker.database.query(
    `select a.attempt, a.status_code, a.error from delivery_attempts as a join event_deliveries as d on d.id = delivery_id
     where endpoint_id = $1 order by attempt`,
    [id],
  );
}

/** Lets the first call with this in its text meet a fault. */
function cutOnce(text: string, fault: 'refuse' | 'error' | 'rollback' | 'lose-answer'): () => boolean {
  let met = false;
  worker.gateway.setFault(({ queries }) => {
    if (met || !queries.some((query) => query.includes(text))) return 'none';
    met = true;
    return fault;
  });
  return () => met;
}

describe('20 workers at one delivery', () => {
  test('send it once', async () => {
    const endpoint = await newEndpoint();
    await happen(worker, endpoint.eventType);
    const [delivery] = await deliveriesTo(worker, endpoint);
    const message = { body: { delivery_id: delivery?.id ?? '' } };
    const queue = await worker.queue();
    await Promise.all([
      queue.sendBatch(Array.from({ length: 20 }, () => message)),
      ...Array.from({ length: 5 }, () => worker.scheduled()),
    ]);
    expect(await told(worker, endpoint)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
    await queue.send(message.body);
    await worker.scheduled();
    expect(receiver.requests(endpoint.path)).toHaveLength(1);
  });

  test('have one claim among them', async () => {
    const endpoint = await newEndpoint();
    await happen(worker, endpoint.eventType);
    const [delivery] = await deliveriesTo(worker, endpoint);
    const pool = worker.database.pool({ max: 20 });
    const claims = await Promise.all(
      Array.from({ length: 20 }, () =>
        pool.query('select * from claim_delivery($1, 60, 9, 20, 5)', [delivery?.id]),
      ),
    );
    expect(claims.map(({ rows }) => rows[0].outcome).toSorted()).toEqual([
      'claimed',
      ...Array.from({ length: 19 }, () => 'done'),
    ]);
  });
});

describe('an endpoint', () => {
  test('is told so much at a time, and less while it fails', async () => {
    const endpoint = await newEndpoint();
    for (let count = 0; count < 30; count += 1) await happen(worker, endpoint.eventType);
    const rows = await deliveriesTo(worker, endpoint);
    const pool = worker.database.pool({ max: 10 });
    const claim = async () => {
      const claims = await Promise.all(
        rows.map(({ id }) => pool.query('select outcome from claim_delivery($1, 60, 9, 20, 5)', [id])),
      );
      return claims.filter(({ rows: [answer] }) => answer.outcome === 'claimed').length;
    };
    expect(await claim()).toBe(20);
    await makeDeliveriesDue(worker, endpoint);
    await worker.database.query('update event_endpoints set failing_since = now() where id = $1', [
      endpoint.id,
    ]);
    expect(await claim()).toBe(5);
    const waiting = (await deliveriesTo(worker, endpoint)).filter(({ status }) => status === 'pending');
    expect(waiting.map(({ attempts }) => attempts > 1)).not.toContain(true);
  });

  test('that many workers find to be gone, or failing for too long, is disabled without a deadlock', async () => {
    const endpoint = await newEndpoint();
    for (let count = 0; count < 60; count += 1) await happen(worker, endpoint.eventType);
    const pool = worker.database.pool({ max: 20 });
    const claimed: string[] = [];
    for (const { id } of await deliveriesTo(worker, endpoint)) {
      const { rows } = await pool.query('select outcome from claim_delivery($1, 60, 9, 40, 40)', [id]);
      if (rows[0].outcome === 'claimed') claimed.push(id);
    }
    const end = (id: string, statusCode: number) =>
      pool.query("select * from end_delivery($1, 1, $2, 'x', null, '{5}', 432000)", [id, statusCode]);
    await Promise.all([
      ...claimed.map((id, index) => end(id, index % 3 === 0 ? 410 : 500)),
      ...Array.from({ length: 10 }, () =>
        pool.query("update event_endpoints set description = 'x' where id = $1", [endpoint.id]),
      ),
    ]);
    await tellAgain(worker, endpoint);
    const statuses = new Set((await deliveriesTo(worker, endpoint)).map(({ status }) => status));
    expect([...statuses]).toEqual(['canceled']);
    expect(receiver.requests(endpoint.path)).toEqual([]);
  });
});

describe('a crash', () => {
  test.each(['refuse', 'error', 'rollback'] as const)(
    'between sending and recording (%s) has it sent again, under the same id, once the claim has run out',
    async (fault) => {
      const endpoint = await newEndpoint();
      const isMet = cutOnce('end_delivery', fault);
      await happen(worker, endpoint.eventType);
      await worker.scheduled();
      await eventually('the fault was met', isMet);
      await eventually('it is left', () => worker.logs().some((line) => line.includes('delivery_left')));
      await worker.scheduled();
      expect(await deliveriesTo(worker, endpoint)).toMatchObject([{ status: 'delivering', attempts: 1 }]);
      const [delivery] = await tellAgain(worker, endpoint);
      expect(delivery).toMatchObject({ status: 'delivered', attempts: 2, failures: 1 });
      expect(idsAt(endpoint.path)).toEqual([delivery?.event_id, delivery?.event_id]);
      expect(await attemptsTo(endpoint)).toEqual([
        { attempt: 1, status_code: null, error: 'worker_lost' },
        { attempt: 2, status_code: 204, error: null },
      ]);
    },
  );

  test('whose record was made, and only its answer lost, has it sent once', async () => {
    const endpoint = await newEndpoint();
    const isMet = cutOnce('end_delivery', 'lose-answer');
    await happen(worker, endpoint.eventType);
    await worker.scheduled();
    await eventually('the fault was met', isMet);
    expect(await tellAgain(worker, endpoint)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
    expect(receiver.requests(endpoint.path)).toHaveLength(1);
  });

  test.each([
    ['dispatch_deliveries', 'refuse'],
    ['dispatch_deliveries', 'lose-answer'],
    ['claim_delivery', 'refuse'],
    ['claim_delivery', 'rollback'],
    ['claim_delivery', 'lose-answer'],
  ] as const)('at %s (%s) is made good', async (text, fault) => {
    const endpoint = await newEndpoint();
    const isMet = cutOnce(text, fault);
    await happen(worker, endpoint.eventType);
    await worker.scheduled();
    await eventually('the fault was met', isMet);
    await eventually('it is told', async () => {
      const [delivery] = await tellAgain(worker, endpoint);
      return delivery?.status === 'delivered';
    });
    expect(new Set(idsAt(endpoint.path)).size).toBe(1);
  });

  test('of the tenth worker leaves it dead, and says so', async () => {
    const endpoint = await newEndpoint();
    await happen(worker, endpoint.eventType);
    await worker.database.query(
      "update event_deliveries set status = 'delivering', attempts = 10, failures = 9 where endpoint_id = $1",
      [endpoint.id],
    );
    const [delivery] = await tellAgain(worker, endpoint);
    expect(delivery).toMatchObject({ status: 'dead', failures: 10, last_error: 'worker_lost' });
    await eventually('the log has the line', () =>
      worker.logs().some((line) => line.includes('delivery_dead') && line.includes(delivery?.id ?? '-')),
    );
  });

  test('that was none: who was taken for dead records nothing', async () => {
    const endpoint = await newEndpoint();
    const { promise, resolve } = Promise.withResolvers<void>();
    let count = 0;
    receiver.setAnswer(() => {
      count += 1;
      return count === 1 ? { delayUntil: promise } : 204;
    });
    await happen(worker, endpoint.eventType);
    await worker.scheduled();
    await eventually('the slow worker waits', () => count === 1);
    await tellAgain(worker, endpoint);
    resolve();
    await eventually('the slow worker has noticed', () =>
      worker.logs().some((line) => line.includes('delivery_claim_lost')),
    );
    expect(await deliveriesTo(worker, endpoint)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });
});

describe('a mail', () => {
  test('is sent under the delivery’s id, and once however often that is tried', async () => {
    const endpoint = await newEndpoint({ url: 'mailto:ops@shop.test', format: 'mail' });
    worker.mailbox.setFault(({ sequence }) =>
      sequence === worker.mailbox.requestCount ? 'lose-answer' : 'none',
    );
    await happen(worker, endpoint.eventType, { figure: 7 });
    await worker.scheduled();
    const [first] = await told(worker, endpoint);
    expect(first).toMatchObject({
      status: 'pending',
      last_error: expect.stringMatching(/^mail (no_answer|unavailable)/),
    });
    worker.mailbox.setFault(undefined);
    const [delivery] = await tellAgain(worker, endpoint);
    expect(delivery).toMatchObject({ status: 'delivered', attempts: 2 });
    const mails = worker.mailbox.mails().filter(({ id }) => id === delivery?.id);
    expect(mails).toMatchObject([
      { to: ['ops@shop.test'], subject: endpoint.eventType, text: expect.stringContaining('figure: 7') },
    ]);
  });

  test('that is told again by an admin is sent again', async () => {
    const to = `${randomUUID()}@shop.test`;
    const endpoint = await newEndpoint({ url: `mailto:${to}`, format: 'mail' });
    await happen(worker, endpoint.eventType);
    await worker.scheduled();
    const [delivery] = await told(worker, endpoint);
    const token = await worker.token('admin');
    for (const count of [2, 3]) {
      const path = `/admin/endpoints/${endpoint.id}/deliveries/${delivery?.id}/replay`;
      expect((await worker.request(path, { token, body: {} })).status).toBe(200);
      await worker.scheduled();
      await told(worker, endpoint);
      expect(worker.mailbox.mails().filter((mail) => mail.to.includes(to))).toHaveLength(count);
    }
  });

  test('that cannot be sent is tried again', async () => {
    const endpoint = await newEndpoint({ url: 'mailto:ops@shop.test', format: 'mail' });
    worker.mailbox.setFault(() => ({ status: 422 }));
    await happen(worker, endpoint.eventType);
    await worker.scheduled();
    expect(await told(worker, endpoint)).toMatchObject([
      { status: 'pending', last_status_code: 422, last_error: 'mail refused application_error' },
    ]);
  });
});

describe('a queue', () => {
  test('that loses every message holds nothing up for longer than a minute', async () => {
    await worker.restart('dropped');
    const endpoint = await newEndpoint();
    await happen(worker, endpoint.eventType);
    await worker.scheduled();
    expect(await deliveriesTo(worker, endpoint)).toMatchObject([{ status: 'pending', attempts: 0 }]);
    await worker.scheduled();
    expect(receiver.requests(endpoint.path)).toEqual([]);
    await worker.database.query(
      "update event_deliveries set rung_at = rung_at - interval '1 minute' where endpoint_id = $1",
      [endpoint.id],
    );
    await worker.scheduled();
    expect(await deliveriesTo(worker, endpoint)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
    expect(receiver.requests(endpoint.path)).toHaveLength(1);
  });
});

describe('what was told', () => {
  test('is deleted when its time is over, but not while somebody is still to be told', async () => {
    const endpoint = await newEndpoint();
    for (const days of [89, 91, 92]) {
      await happen(worker, endpoint.eventType, { days });
      await worker.database.query(
        `update outbound_events set created_at = $2::timestamptz - $1::int * interval '1 day' where (data ->> 'days')::int = $1::int`,
        [days, await worker.now()],
      );
    }
    await worker.database.query(
      `update event_deliveries set status = 'delivered' where endpoint_id = $1
       and event_id in (select id from outbound_events where data ->> 'days' <> '92')`,
      [endpoint.id],
    );
    await worker.scheduled('47 * * * *');
    const left = () =>
      worker.database.query(
        "select data ->> 'days' as days from outbound_events where event_type = $1 order by 1",
        [endpoint.eventType],
      );
    expect(await left()).toEqual([{ days: '89' }, { days: '92' }]);
    await worker.database.query("update event_deliveries set status = 'dead' where endpoint_id = $1", [
      endpoint.id,
    ]);
    await worker.scheduled('47 * * * *');
    expect(await left()).toEqual([{ days: '89' }]);
  });
});
