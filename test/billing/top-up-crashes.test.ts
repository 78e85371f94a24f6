import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { balanceOf, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import {
  intentsOf,
  later,
  moneyOf,
  newSaver,
  optIn,
  put,
  shown,
  topUpsOf,
  topUpsSettled,
  use,
  type Saver,
} from '../support/top-up.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
beforeEach(() => webhooks('off'));
afterEach(() => mend());
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

/** Whether Stripe tells what happened, or everything depends on what the Worker itself remembers. */
function webhooks(state: 'on' | 'off'): void {
  const url = new URL('/payment/webhook', worker.url).href;
  worker.stripe.setWebhookEndpoint(state === 'on' ? { url } : undefined);
}

function mend(): void {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
}

type DatabaseFault = 'refuse' | 'rollback' | 'lose-answer';
type StripeFault = 'lose-answer' | { readonly status: number; readonly saved?: boolean };

/** Every call that holds this text meets the fault. */
function breakDatabase(text: string, fault: DatabaseFault): void {
  worker.gateway.setFault(({ queries }) => (queries.some((query) => query.includes(text)) ? fault : 'none'));
}

function breakStripe(place: string, fault: StripeFault): void {
  worker.stripe.setFault(({ method, route }) => (`${method} ${route}` === place ? fault : 'none'));
}

const cutOff = () => worker.logs().filter((line) => line.includes('"later_failed"')).length;

/** Uses so much that a top-up begins, and waits until it has been cut off. */
async function useUntilCutOff(saver: Saver): Promise<void> {
  const before = cutOff();
  expect((await use(worker, saver, 60)).status).toBe(200);
  await eventually('the top-up is cut off', () => cutOff() > before);
}

async function savedUp(): Promise<Saver> {
  const saver = await newSaver(worker);
  await optIn(worker, saver);
  return saver;
}

/** One charge, one payment, one grant; and nothing that could be paid later. */
async function expectOneTopUp(saver: Saver): Promise<void> {
  await topUpsSettled(worker, saver, 1);
  await processed(worker);
  await Promise.all([worker.scheduled(), worker.scheduled()]);
  expect(await moneyOf(worker, saver)).toEqual({
    charged: [125],
    paid: 125,
    payments: 1,
    granted: 500,
    lots: 1,
  });
  expect(await topUpsOf(worker, saver)).toEqual([{ status: 'paid', failure_code: null }]);
  expect(await balanceOf(worker, saver)).toBe(540);
}

const begin = 'start_top_up(';
const keep = 'update "top_ups"';
const settle = 'settle_top_up(';
const open = 'POST /v1/payment_intents';
const look = 'GET /v1/payment_intents/:id';
const findCard = 'GET /v1/customers/:id';
const confirm = 'POST /v1/payment_intents/:id/confirm';

const databaseFaults = [begin, keep, settle].flatMap((statement) =>
  (['refuse', 'rollback', 'lose-answer'] as const).map((fault) => [statement, fault] as const),
);
const stripeFaults = [open, look, findCard, confirm].flatMap((place) =>
  ([{ status: 500 }, { status: 500, saved: true }, 'lose-answer'] as const).map(
    (fault) => [place, fault] as const,
  ),
);

/** Each fault with Stripe's events or without them, in turn; in both ways where all are asked for. */
function inTurn<Fault>(faults: readonly Fault[], state: 'on' | 'off'): readonly Fault[] {
  const parity = state === 'on' ? 1 : 0;
  return faults.filter((_, index) => process.env['CRASH_CUTS'] === 'all' || index % 2 === parity);
}

describe.each(['off', 'on'] as const)('with webhooks %s, a top-up that is cut off', (state) => {
  test.each(inTurn(databaseFaults, state))(
    'at %s by %s charges once and grants once',
    async (statement, fault) => {
      webhooks(state);
      const saver = await savedUp();
      breakDatabase(statement, fault);
      await useUntilCutOff(saver);
      mend();
      await later(worker, 2);
      await expectOneTopUp(saver);
    },
  );

  test.each(inTurn(stripeFaults, state))('at %s by %o charges once and grants once', async (place, fault) => {
    webhooks(state);
    const saver = await savedUp();
    breakStripe(place, fault);
    await useUntilCutOff(saver);
    mend();
    await later(worker, 2);
    await expectOneTopUp(saver);
  });
});

test('a top-up that is cut off again and again, days apart, charges once', async () => {
  const saver = await savedUp();
  breakStripe(open, 'lose-answer');
  await useUntilCutOff(saver);
  // Stripe forgets names after a day.
  await later(worker, 60 * 30);
  breakStripe(confirm, 'lose-answer');
  await later(worker, 60 * 30);
  breakDatabase(settle, 'rollback');
  worker.stripe.setFault(undefined);
  await later(worker, 60 * 30);
  mend();
  await later(worker, 60 * 30);
  await expectOneTopUp(saver);
});

test('an event that comes before the answer settles the top-up, and the answer changes nothing', async () => {
  webhooks('on');
  const saver = await savedUp();
  const told = Promise.withResolvers<undefined>();
  worker.gateway.setFault(({ queries }) =>
    queries.length === 1 && queries[0]?.includes(settle) ? { delayUntil: told.promise } : 'none',
  );
  await use(worker, saver, 60);
  await topUpsSettled(worker, saver, 1);
  const [granted] = await worker.database.query(
    "select event_id, actor from credit_transactions where customer_id = $1 and description like 'Automatic%'",
    [saver.id],
  );
  expect(granted).toEqual({ event_id: expect.stringMatching(/^evt_/), actor: 'system:top-up' });
  told.resolve(undefined);
  await expectOneTopUp(saver);
});

test('an answer that comes before the event settles the top-up, and the event changes nothing', async () => {
  const saver = await savedUp();
  await use(worker, saver, 60);
  await topUpsSettled(worker, saver, 1);
  webhooks('on');
  const [intent] = await intentsOf(worker, saver);
  const { data: events } = await stripeOf(worker).events.list({
    type: 'payment_intent.succeeded',
    limit: 100,
  });
  const event = events.find(({ data }) => 'id' in data.object && data.object.id === intent?.id);
  const resend = `${worker.stripe.url}/_sandbox/events/${event?.id}/resend`;
  for (let time = 0; time < 2; time += 1) expect((await fetch(resend, { method: 'POST' })).ok).toBe(true);
  await expectOneTopUp(saver);
});

test('why a charge was given up is said by whoever gave it up, even where the event of its cancellation is faster', async () => {
  webhooks('on');
  const saver = await savedUp();
  const { data } = await stripeOf(worker).customers.listPaymentMethods(saver.stripeId);
  await stripeOf(worker).paymentMethods.detach(String(data[0]?.id));
  const told = Promise.withResolvers<undefined>();
  let held = 0;
  worker.gateway.setFault(({ queries }) => {
    const isAnswer = queries.length === 1 && queries[0]?.includes(settle) === true;
    if (isAnswer) held += 1;
    return isAnswer ? { delayUntil: told.promise } : 'none';
  });
  await use(worker, saver, 60);
  await eventually('the answer is held up', () => held === 1);
  await processed(worker);
  told.resolve(undefined);
  await topUpsSettled(worker, saver, 1);
  expect(await topUpsOf(worker, saver)).toEqual([{ status: 'failed', failure_code: 'no_saved_card' }]);
  expect(await shown(worker, saver)).toMatchObject({ stopped: { reason: 'no_saved_card' } });
});

test('a worker that was taken for dead and comes back charges nothing more', async () => {
  const saver = await savedUp();
  const over = Promise.withResolvers<undefined>();
  let held = 0;
  worker.gateway.setFault(({ queries }) => {
    const isFirst = queries.some((query) => query.includes(keep)) && (held += 1) === 1;
    return isFirst ? { delayUntil: over.promise } : 'none';
  });
  await use(worker, saver, 60);
  await eventually('one worker hangs', () => held === 1);
  await later(worker, 2);
  await topUpsSettled(worker, saver, 1);
  over.resolve(undefined);
  await expectOneTopUp(saver);
  expect(await intentsOf(worker, saver)).toHaveLength(1);
});

test('of two PaymentIntents for one top-up, the one that its row names is charged, and no other', async () => {
  const saver = await savedUp();
  const named = Promise.withResolvers<undefined>();
  let held = 0;
  worker.gateway.setFault(({ queries }) => {
    const isKeep = queries.some((query) => query.includes(keep));
    if (isKeep) held += 1;
    return isKeep ? { delayUntil: named.promise } : 'none';
  });
  await use(worker, saver, 60);
  await eventually('a PaymentIntent is about to be named', () => held === 1);
  const other = await stripeOf(worker).paymentIntents.create({
    amount: 125,
    currency: 'gbp',
    customer: saver.stripeId,
  });
  await worker.database.query('update top_ups set stripe_payment_intent_id = $2 where customer_id = $1', [
    saver.id,
    other.id,
  ]);
  named.resolve(undefined);
  await expectOneTopUp(saver);
  expect((await stripeOf(worker).paymentIntents.retrieve(other.id)).status).toBe('succeeded');
  expect((await intentsOf(worker, saver)).map(({ status }) => status)).toEqual(['requires_payment_method']);
});

test('a decline whose answer was lost is one decline, and its bank is not asked again before the hour', async () => {
  const saver = await savedUp();
  const fail = `${worker.stripe.url}/_sandbox/customers/${saver.stripeId}/fail-next`;
  await fetch(fail, { method: 'POST', body: new URLSearchParams({ times: '1' }) });
  breakDatabase(settle, 'refuse');
  await useUntilCutOff(saver);
  mend();
  await later(worker, 2);
  expect(await topUpsOf(worker, saver)).toEqual([{ status: 'failed', failure_code: 'generic_decline' }]);
  const { data } = await stripeOf(worker).charges.list({ customer: saver.stripeId });
  expect(data.map(({ status }) => status)).toEqual(['failed']);
  const [wish] = await worker.database.query('select declines from auto_top_ups where customer_id = $1', [
    saver.id,
  ]);
  expect(wish).toEqual({ declines: 1 });
});

describe('switched off while it was cut off', () => {
  const nothing = { charged: [], paid: 0, payments: 0, granted: 0, lots: 0 };

  test.each([
    ['before there was a PaymentIntent', open, { status: 500 }],
    ['before it was charged', confirm, { status: 500 }],
  ] as const)('%s, it charges nothing, and nothing can be paid later', async (_when, place, fault) => {
    const saver = await savedUp();
    breakStripe(place, fault);
    await useUntilCutOff(saver);
    await put(worker, saver, { enabled: false });
    mend();
    await later(worker, 2);
    expect(await topUpsOf(worker, saver)).toEqual([{ status: 'failed', failure_code: 'withdrawn' }]);
    expect(await moneyOf(worker, saver)).toEqual(nothing);
    const left = await intentsOf(worker, saver);
    expect(left.filter(({ status }) => status !== 'canceled')).toEqual([]);
    expect(await shown(worker, saver)).toMatchObject({ enabled: false, in_flight: null, stopped: null });
    await optIn(worker, saver);
    await worker.scheduled();
    await topUpsSettled(worker, saver, 2);
    expect((await moneyOf(worker, saver)).charged).toEqual([125]);
  });

  test('after it was charged, what was paid is credited', async () => {
    const saver = await savedUp();
    breakStripe(confirm, 'lose-answer');
    await useUntilCutOff(saver);
    mend();
    await put(worker, saver, { enabled: false });
    await later(worker, 2);
    await expectOneTopUp(saver);
  });
});
