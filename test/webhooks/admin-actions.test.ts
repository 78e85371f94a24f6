import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { plantEvent, type InboxEvent } from '../support/inbox.ts';
import {
  balanceOf,
  buy,
  deliver,
  eventAbout,
  inboxRow,
  newBuyer,
  pay,
  processed,
  type Buyer,
} from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: string;

beforeAll(async () => {
  worker = await startWorker();
  worker.stripe.setWebhookEndpoint(undefined);
  await syncToStripe(worker);
  admin = await worker.token('admin', 'night-shift');
});
afterEach(async () => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
  // Planted as if a worker had them, which would be waited for.
  await worker.database.query("delete from webhook_events where lease_until > now() + interval '30 minutes'");
});
afterAll(() => worker.stop());

const act = (eventId: string, action: string, body: unknown = {}, key?: string): Promise<TestAnswer> =>
  worker.request(`/admin/webhooks/${eventId}/${action}`, {
    token: admin,
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });

const actionsOn = (eventId: string) =>
  worker.database.query(
    'select action, actor, reason, request_id from webhook_actions where event_id = $1 order by id',
    [eventId],
  );

const attemptsOf = (eventId: string) =>
  worker.database.query('select outcome from webhook_attempts where event_id = $1 order by attempt', [
    eventId,
  ]);

/** A package that was paid while Stripe did not answer us: its event has failed. */
async function failedPurchase(): Promise<{ buyer: Buyer; eventId: string }> {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_500' });
  await pay(checkoutUrl);
  const event = await eventAbout(worker, 'checkout.session.completed', sessionId);
  worker.stripe.setFault(() => ({ status: 500 }));
  await deliver(worker, event);
  await processed(worker);
  worker.stripe.setFault(undefined);
  const eventId = String(event['id']);
  expect(await inboxRow(worker, eventId)).toMatchObject({ status: 'failed' });
  return { buyer, eventId };
}

describe('a retry', () => {
  test.each(['failed', 'dead'])(
    'of an event that is %s processes it at once, and keeps who did it',
    async (status) => {
      const { buyer, eventId } = await failedPurchase();
      await worker.database.query(
        "update webhook_events set status = $2, failures = 9, next_attempt_at = now() + interval '1 day' where event_id = $1",
        [eventId, status],
      );
      const { json, databaseCalls, text } = await act(eventId, 'retry', { reason: 'Stripe is back' });
      expect(json, text).toMatchObject({
        success: true,
        event: {
          event_id: eventId,
          status: 'pending',
          failures: 0,
          attempts: 1,
          next_attempt_at: expect.any(String),
        },
      });
      expect(databaseCalls).toBe(1);
      await processed(worker);
      expect(await balanceOf(worker, buyer)).toBe(500);
      expect(await inboxRow(worker, eventId)).toMatchObject({
        status: 'processed',
        attempts: 2,
        last_error: null,
      });
      expect(await actionsOn(eventId)).toEqual([
        {
          action: 'retry',
          actor: 'admin:night-shift',
          reason: 'Stripe is back',
          request_id: expect.stringMatching(/^req_/),
        },
      ]);
    },
  );

  test('needs no body', async () => {
    const { buyer, eventId } = await failedPurchase();
    const path = `/admin/webhooks/${eventId}/retry`;
    expect((await worker.request(path, { method: 'POST', token: admin })).status).toBe(200);
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test('of an event that waits makes it due, and gives it all its tries again', async () => {
    const { buyer, eventId } = await failedPurchase();
    await worker.database.query(
      "update webhook_events set status = 'pending', failures = 7, next_attempt_at = now() + interval '1 day' where event_id = $1",
      [eventId],
    );
    expect((await act(eventId, 'retry')).json.event).toMatchObject({ status: 'pending', failures: 0 });
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test.each(['api_version', 'by_admin', 'not_ours'])(
    'of an event that was ignored (%s) has it looked at anew',
    async (reason) => {
      const { buyer, eventId } = await failedPurchase();
      await worker.database.query(
        "update webhook_events set status = 'ignored', ignored_reason = $2, processed_at = now() where event_id = $1",
        [eventId, reason],
      );
      expect((await act(eventId, 'retry')).json.event).toMatchObject({
        status: 'pending',
        ignored_reason: null,
        processed_at: null,
      });
      await processed(worker);
      expect(await balanceOf(worker, buyer)).toBe(500);
    },
  );

  test('of an event whose worker did not come back takes it from that worker', async () => {
    const { buyer, eventId } = await failedPurchase();
    await worker.database.query(
      "update webhook_events set status = 'processing', lease_until = now() - interval '1 second' where event_id = $1",
      [eventId],
    );
    await worker.database.query(
      'update webhook_attempts set ended_at = null, outcome = null where event_id = $1',
      [eventId],
    );
    expect((await act(eventId, 'retry')).status).toBe(200);
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
    expect(await attemptsOf(eventId)).toEqual([{ outcome: 'lost' }, { outcome: 'processed' }]);
  });

  const refused: readonly (readonly [code: string, event: InboxEvent])[] = [
    ['already_processed', { status: 'processed' }],
    ['already_processed', { status: 'processed', payload: null }],
    ['payload_cleaned', { status: 'ignored', ignoredReason: 'not_ours', payload: null }],
    ['in_progress', { status: 'processing', attempts: 1, leaseUntil: "now() + interval '1 hour'" }],
  ];
  test.each(refused)('is refused with %s, and changes nothing', async (code, event) => {
    const id = await plantEvent(worker, event);
    const before = await worker.database.query('select * from webhook_events where event_id = $1', [id]);
    const { status, json } = await act(id, 'retry');
    expect([status, json.code]).toEqual([409, code]);
    expect(await worker.database.query('select * from webhook_events where event_id = $1', [id])).toEqual(
      before,
    );
    expect(await actionsOn(id)).toEqual([]);
  });

  test('of an event that nobody knows is 404', async () => {
    const { status, json } = await act('evt_unknown', 'retry');
    expect([status, json.code]).toEqual([404, 'event_not_found']);
  });
});

describe('an event that is set aside', () => {
  test.each(['failed', 'dead', 'pending'])(
    'when it was %s is ignored, with the reason and who gave it',
    async (status) => {
      const id = await plantEvent(worker, { status, nextAttemptAt: "now() + interval '1 day'" });
      const { json, databaseCalls } = await act(id, 'ignore', { reason: 'a test of the shop’s own' });
      expect(json.event).toMatchObject({
        status: 'ignored',
        ignored_reason: 'by_admin',
        processed_at: expect.any(String),
        next_attempt_at: null,
      });
      expect(databaseCalls).toBe(1);
      expect(await actionsOn(id)).toMatchObject([
        { action: 'ignore', actor: 'admin:night-shift', reason: 'a test of the shop’s own' },
      ]);
    },
  );

  test.each([
    ['already_processed', { status: 'processed' }],
    ['already_ignored', { status: 'ignored', ignoredReason: 'no_handler' }],
    ['in_progress', { status: 'processing', attempts: 1, leaseUntil: "now() + interval '1 hour'" }],
  ] as const)('is refused with %s', async (code, event) => {
    const id = await plantEvent(worker, event);
    const { status, json } = await act(id, 'ignore', { reason: 'why not' });
    expect([status, json.code]).toEqual([409, code]);
    expect(await actionsOn(id)).toEqual([]);
  });

  test('needs a reason', async () => {
    const id = await plantEvent(worker, { status: 'dead' });
    for (const body of [{}, { reason: '  ' }, { reason: 'a\u0000b' }]) {
      const { status, json } = await act(id, 'ignore', body);
      expect([status, json.errors[0].pointer]).toEqual([422, '/reason']);
    }
    expect(await inboxRow(worker, id)).toMatchObject({ status: 'dead' });
  });
});

describe('however many act at once', () => {
  test('20 retries of one event: what it leads to happens once', async () => {
    const { buyer, eventId } = await failedPurchase();
    const answers = await Promise.all(Array.from({ length: 20 }, () => act(eventId, 'retry')));
    await processed(worker);
    const done = answers.filter(({ status }) => status === 200);
    expect(done.length).toBeGreaterThan(0);
    for (const { status, json } of answers) {
      if (status !== 200)
        expect([status, json.code]).toEqual([409, expect.stringMatching(/in_progress|already_processed/)]);
    }
    expect(await actionsOn(eventId)).toHaveLength(done.length);
    expect(await balanceOf(worker, buyer)).toBe(500);
    expect(await inboxRow(worker, eventId)).toMatchObject({ status: 'processed' });
    expect((await attemptsOf(eventId)).filter(({ outcome }) => outcome === 'processed')).toHaveLength(1);
  });

  test('retries against the worker that processes: neither undoes the other', async () => {
    for (let round = 1; round <= 3; round += 1) {
      const { buyer, eventId } = await failedPurchase();
      await worker.database.query('update webhook_events set next_attempt_at = now() where event_id = $1', [
        eventId,
      ]);
      await Promise.all([worker.scheduled(), ...Array.from({ length: 20 }, () => act(eventId, 'retry'))]);
      await processed(worker);
      expect(await balanceOf(worker, buyer)).toBe(500);
      expect(await inboxRow(worker, eventId)).toMatchObject({ status: 'processed' });
      expect((await attemptsOf(eventId)).filter(({ outcome }) => outcome === 'processed')).toHaveLength(1);
    }
  });

  test.each([
    ['retry', 'dead', 'already_processed'],
    ['ignore', 'dead', 'already_processed'],
    ['retry', 'processing', 'already_processed'],
  ])(
    '%s of an event that was %s, while a worker commits: what is committed stays',
    async (action, status, code) => {
      const id = await plantEvent(worker, { status, attempts: 1, leaseUntil: "now() - interval '1 second'" });
      const session = await worker.database.connect();
      await session.query('begin');
      await session.query(
        "update webhook_events set status = 'processed', lease_until = null, processed_at = now() where event_id = $1",
        [id],
      );
      const answer = act(id, action, { reason: 'meanwhile' });
      await eventually('the request waits for the worker', async () => {
        const waiting = await worker.database.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return waiting.length > 0;
      });
      await session.query('commit');
      const { json } = await answer;
      expect(json.code).toBe(code);
      expect(await inboxRow(worker, id)).toMatchObject({ status: 'processed' });
      expect(await actionsOn(id)).toEqual([]);
    },
  );

  test('retries and refusals to do anything about it: the last word is one of the two', async () => {
    const { buyer, eventId } = await failedPurchase();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        act(eventId, index % 2 === 0 ? 'retry' : 'ignore', { reason: `the ${index}th` }),
      ),
    );
    await processed(worker);
    const row = await inboxRow(worker, eventId);
    expect(['processed', 'ignored']).toContain(row?.status);
    expect(await balanceOf(worker, buyer)).toBe(row?.status === 'processed' ? 500 : 0);
  });
});

describe('under an Idempotency-Key', () => {
  test('an answer that was lost is found again, though the event is processed meanwhile', async () => {
    const { buyer, eventId } = await failedPurchase();
    const key = randomUUID();
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('webhook_actions')) ? 'lose-answer' : 'none',
    );
    expect((await act(eventId, 'retry', {}, key)).status).toBe(503);
    worker.gateway.setFault(undefined);
    await worker.scheduled();
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
    await worker.database.query(
      "update idempotency_keys set lease_until = now() - interval '1 second' where key = $1",
      [key],
    );
    const again = await act(eventId, 'retry', {}, key);
    expect(again.json, again.text).toMatchObject({ success: true, event: { status: 'processed' } });
    expect(await actionsOn(eventId)).toHaveLength(1);
    expect((await act(eventId, 'retry', {}, key)).headers.get('Idempotent-Replayed')).toBe('true');
  });
});
