import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createUsage } from '../../src/core/usage.ts';
import { askStripe } from '../../src/stripe/asking.ts';
import { createStripeClient } from '../../src/stripe/client.ts';
import { openStripeEvents } from '../../src/stripe/events.ts';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { press, retried, sell, sellAndCredit } from '../support/reversals.ts';
import {
  balanceOf,
  booksOf,
  buy,
  deliver,
  eventAbout,
  inboxRow,
  newBuyer,
  pay,
  processed,
  stripeOf,
  type Buyer,
} from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { subscriber, subscriptionRow } from '../support/subscriber.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
afterEach(async () => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
  worker.stripe.setWebhookEndpoint(undefined);
  worker.stripe.changeSettings({ apiVersion: '2026-10-28.endive' });
  await expectSoundLedger(worker.database.query);
});
afterAll(() => worker.stop());

const package500 = { package: 'credits_500' };
const gapCron = '*/5 * * * *';

interface CheckRow extends Record<string, unknown> {
  readonly listed: number;
  readonly stored: number;
  readonly resume_after: string | null;
  readonly is_finished: boolean;
  readonly since: Date;
  readonly until: Date;
}

/** Looks at Stripe's list, newest first. */
function gapChecks(): Promise<readonly CheckRow[]> {
  return worker.database.query<CheckRow>(
    `select listed, stored, resume_after, finished_at is not null as is_finished, window_since as since,
       window_until as until from gap_checks order by id desc`,
  );
}

/** A while later, what is being delivered no more is looked for, and processed. */
async function findGaps(): Promise<CheckRow | undefined> {
  await worker.advance(new Date((await worker.now()).getTime() + 120_000));
  await worker.scheduled(gapCron);
  await retried(worker);
  return (await gapChecks())[0];
}

async function storedByDetector(): Promise<number> {
  const [row] = await worker.database.query<{ count: number }>(
    "select count(*)::int from webhook_events where received_by = 'events_api'",
  );
  return row?.count ?? 0;
}

/** What Stripe was asked about events since then. */
function listings(since = 0) {
  return worker.stripe.requests
    .slice(since)
    .filter(({ method, path }) => method === 'GET' && path === '/v1/events');
}

/** A package that is paid for, of which nobody tells. */
async function untoldPurchase(): Promise<{ buyer: Buyer; sessionId: string }> {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, package500);
  await pay(checkoutUrl);
  return { buyer, sessionId };
}

describe('what happened while nothing could be delivered', () => {
  test('for an hour is brought in by one look, counted, and leads to the same books', async () => {
    worker.stripe.setWebhookEndpoint({ url: `${worker.url}/payment/webhook` });
    const renewing = await subscriber(worker, 'starter_monthly');
    const refunded = await sellAndCredit(worker, { package: 'credits_2500' });
    await processed(worker);
    const [period] = await worker.database.query<{ ends: Date }>(
      'select current_period_end as ends from subscriptions where stripe_subscription_id = $1',
      [renewing.subscriptionId],
    );
    await worker.advance(new Date((period?.ends.getTime() ?? 0) - 10 * 60_000));
    await worker.scheduled(gapCron);
    const before = await storedByDetector();

    // Nobody listens there.
    worker.stripe.setWebhookEndpoint({ url: 'http://127.0.0.1:9/payment/webhook' });
    const bought = await untoldPurchase();
    const subscribing = await newBuyer(worker);
    await pay((await buy(worker, subscribing, { plan: 'starter_monthly' })).checkoutUrl);
    await press(worker, `/charges/${refunded.charge.id}/refund`, { amount: '100' });
    await worker.advance(new Date((await worker.now()).getTime() + 30 * 60_000));
    const boughtLater = await untoldPurchase();
    await worker.advance(new Date((await worker.now()).getTime() + 90 * 60_000));
    expect(await balanceOf(worker, bought.buyer)).toBe(0);
    expect(await storedByDetector()).toBe(before);

    const logged = worker.logs().length;
    await worker.scheduled(gapCron);
    await retried(worker);
    expect({
      bought: await balanceOf(worker, bought.buyer),
      boughtLater: await balanceOf(worker, boughtLater.buyer),
      subscribing: await balanceOf(worker, subscribing),
      refunded: await balanceOf(worker, refunded.buyer),
    }).toEqual({ bought: 500, boughtLater: 500, subscribing: 500, refunded: 1875 });
    expect((await booksOf(worker, renewing)).payments).toHaveLength(2);
    expect((await subscriptionRow(worker, renewing.subscriptionId))?.status).toBe('active');

    const found = (await storedByDetector()) - before;
    expect((await gapChecks())[0]).toMatchObject({ is_finished: true, stored: found });
    await eventually('the gap is told', () =>
      worker
        .logs()
        .slice(logged)
        .some((line) => line.includes('"webhook_gap"') && line.includes(`"stored":${found}`)),
    );
    const books = await booksOf(worker, bought.buyer);
    expect(await findGaps()).toMatchObject({ is_finished: true, stored: 0 });
    expect(await booksOf(worker, bought.buyer)).toEqual(books);
  });

  test('because the secret is wrong is brought in, and what comes with the right one later is known', async () => {
    const endpoint = await stripeOf(worker).webhookEndpoints.create({
      url: `${worker.url}/payment/webhook`,
      enabled_events: ['*'],
    });
    const { buyer, sessionId } = await untoldPurchase();
    await worker.stripe.settled();
    const event = await eventAbout(worker, 'checkout.session.completed', sessionId);
    expect(await inboxRow(worker, event['id'])).toBeUndefined();
    await findGaps();
    await stripeOf(worker).webhookEndpoints.del(endpoint.id);
    expect(await inboxRow(worker, event['id'])).toMatchObject({ status: 'processed' });
    expect((await deliver(worker, event)).json.duplicate).toBe(true);
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test('longer ago than Stripe remembers is lost, and the rest is not', async () => {
    await findGaps();
    const forgotten = await untoldPurchase();
    await worker.advance(new Date((await worker.now()).getTime() + 31 * 86_400_000));
    const remembered = await untoldPurchase();
    const check = await findGaps();
    const days = ((check?.until.getTime() ?? 0) - (check?.since.getTime() ?? 0)) / 86_400_000;
    expect(days).toBe(30);
    expect(await balanceOf(worker, remembered.buyer)).toBe(500);
    expect(await balanceOf(worker, forgotten.buyer)).toBe(0);
  });
});

describe('a look', () => {
  test('without a gap takes one call to Stripe and two to the database, and stores nothing', async () => {
    await findGaps();
    await sell(worker, package500);
    await findGaps();
    await worker.advance(new Date((await worker.now()).getTime() + 120_000));
    const asked = worker.stripe.requests.length;
    let calls = 0;
    worker.gateway.setFault(({ queries }) => {
      if (queries.some((query) => query.includes('gap_checks'))) calls += 1;
      return 'none';
    });
    await worker.scheduled(gapCron);
    expect([calls, listings(asked).length]).toEqual([2, 1]);
    const [check] = await gapChecks();
    expect(check).toMatchObject({ stored: 0, is_finished: true });
    expect(check?.listed).toBeGreaterThan(0);
  });

  test('overlaps the one before, and leaves alone what Stripe is delivering right now', async () => {
    await findGaps();
    const [first] = await gapChecks();
    await untoldPurchase();
    const before = await storedByDetector();
    await worker.scheduled(gapCron);
    const [second] = await gapChecks();
    expect(await storedByDetector()).toBe(before);
    expect(second?.until.getTime()).toBeLessThan((await worker.now()).getTime() - 59_000);
    expect(second?.since.getTime()).toBe((first?.until.getTime() ?? 0) - 600_000);
    expect((await findGaps())?.stored).toBeGreaterThan(0);
  });

  test('takes only the types that something is done about', async () => {
    await stripeOf(worker).products.create({ name: 'Of no account' });
    await findGaps();
    const types = await worker.database.query<{ event_type: string }>(
      "select distinct event_type from webhook_events where received_by = 'events_api'",
    );
    expect(types.map(({ event_type: type }) => type)).not.toContain('product.created');
    expect(types.map(({ event_type: type }) => type)).toContain('checkout.session.completed');
  });

  test('that is cut off between two pages is gone on with, from there', async () => {
    const purchases = [await untoldPurchase()];
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 80; count += 1) {
        await stripeOf(worker).products.create({ name: `${round}/${count}` });
      }
      purchases.push(await untoldPurchase());
    }
    await worker.advance(new Date((await worker.now()).getTime() + 120_000));
    const asked = worker.stripe.requests.length;
    let looks = 0;
    worker.gateway.setFault(({ queries }) => {
      const isLook = queries.some((query) => query.includes('lacking as'));
      if (isLook) looks += 1;
      return isLook && looks === 2 ? 'refuse' : 'none';
    });
    await worker.scheduled(gapCron);
    worker.gateway.setFault(undefined);
    const [cut] = await gapChecks();
    expect(cut).toMatchObject({ is_finished: false, resume_after: expect.stringMatching(/^evt_/) });
    const askedBefore = listings(asked).length;

    const check = await findGaps();
    expect(check).toMatchObject({ is_finished: true });
    const [resumed] = listings(asked).slice(askedBefore);
    expect(resumed?.params).toMatchObject({ starting_after: cut?.resume_after });
    expect(listings(asked).length).toBeGreaterThanOrEqual(4);
    for (const { buyer } of purchases) expect(await balanceOf(worker, buyer)).toBe(500);
    // What came after the cut one's end was looked at by one of its own.
    expect(check?.until.getTime()).toBeGreaterThan(cut?.until.getTime() ?? Infinity);
  });

  test('begins anew when Stripe no longer knows where it was', async () => {
    await findGaps();
    const { buyer } = await untoldPurchase();
    const until = new Date((await worker.now()).getTime() + 1000);
    await worker.database.query(
      `insert into gap_checks (window_since, window_until, resume_after, listed)
       values ($1::timestamptz - interval '1 hour', $1, 'evt_nobodyknows', 7)`,
      [until],
    );
    await findGaps();
    expect(await balanceOf(worker, buyer)).toBe(500);
    const [, restarted] = await gapChecks();
    expect(restarted).toMatchObject({ is_finished: true, until });
  });

  test.each(
    ['with present as', 'lacking as', 'with stored as'].flatMap((statement) =>
      (['refuse', 'error', 'rollback', 'lose-answer'] as const).map((fault) => [statement, fault] as const),
    ),
  )(
    'whose call “%s” is cut off (%s) loses nothing, and counts what it stored once',
    async (statement, fault) => {
      await findGaps();
      const [before, checks] = [await storedByDetector(), await gapChecks()];
      const { buyer } = await untoldPurchase();
      await worker.advance(new Date((await worker.now()).getTime() + 120_000));
      let met = false;
      worker.gateway.setFault(({ queries }) => {
        if (met || !queries.some((query) => query.includes(statement))) return 'none';
        met = true;
        return fault;
      });
      await worker.scheduled(gapCron);
      expect(met).toBe(true);
      worker.gateway.setFault(undefined);
      // Nobody rang for what was stored by a call whose answer is lost.
      await worker.scheduled();
      await findGaps();
      expect(await balanceOf(worker, buyer)).toBe(500);
      const counted = (await gapChecks())
        .slice(0, -checks.length)
        .reduce((sum, { stored }) => sum + stored, 0);
      expect(counted).toBe((await storedByDetector()) - before);
    },
  );

  test('of which 20 run at once stores and counts each event once', async () => {
    await findGaps();
    const [before, checks] = [await storedByDetector(), await gapChecks()];
    const purchases = [];
    for (let count = 0; count < 5; count += 1) purchases.push(await untoldPurchase());
    await worker.advance(new Date((await worker.now()).getTime() + 120_000));
    await Promise.all(Array.from({ length: 20 }, () => worker.scheduled(gapCron)));
    await retried(worker);
    for (const { buyer } of purchases) expect(await balanceOf(worker, buyer)).toBe(500);
    const counted = (await gapChecks()).slice(0, -checks.length).reduce((sum, { stored }) => sum + stored, 0);
    expect(counted).toBe((await storedByDetector()) - before);
    expect(counted).toBeGreaterThan(5);
    expect((await gapChecks()).every(({ is_finished: isFinished }) => isFinished)).toBe(true);
  });

  test('while Stripe does not answer finds it all the next time', async () => {
    const { buyer } = await untoldPurchase();
    await worker.advance(new Date((await worker.now()).getTime() + 120_000));
    worker.stripe.setFault(({ path }) => (path === '/v1/events' ? { status: 500 } : 'none'));
    await worker.scheduled(gapCron);
    worker.stripe.setFault(undefined);
    await findGaps();
    expect(await balanceOf(worker, buyer)).toBe(500);
  });
});

describe('an event that is listed', () => {
  test('in the account’s own API version is processed', async () => {
    worker.stripe.changeSettings({ apiVersion: '2020-08-27' });
    const { buyer, sessionId } = await untoldPurchase();
    const event = await eventAbout(worker, 'checkout.session.completed', sessionId);
    expect(event['api_version']).toBe('2020-08-27');
    await findGaps();
    expect(await inboxRow(worker, event['id'])).toMatchObject({ status: 'processed' });
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test('takes the place of the same event that was delivered in another API version', async () => {
    const { buyer, sessionId } = await untoldPurchase();
    const event = await eventAbout(worker, 'checkout.session.completed', sessionId);
    await deliver(worker, { ...event, api_version: '2020-08-27' });
    expect(await inboxRow(worker, event['id'])).toMatchObject({ ignored_reason: 'api_version' });
    await findGaps();
    expect(await inboxRow(worker, event['id'])).toMatchObject({
      status: 'processed',
      ignored_reason: null,
      payload: expect.stringContaining('endive'),
    });
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test('and cannot be read does not hide the others', async () => {
    const good = {
      ...(await stripeOf(worker).events.list({ limit: 1 })).data[0],
      api_version: 'of \u0000 nobody',
    };
    const other = { ...good, api_version: null };
    const data = [{ ...good, id: 'evt_1' }, { id: 'evt_2' }, { ...other, id: 'evt_3' }];
    const server = createServer((_request, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ object: 'list', url: '/v1/events', has_more: true, data }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    const sdk = createStripeClient({
      secretKey: worker.stripe.apiKey,
      apiBase: `http://127.0.0.1:${address.port}`,
    });
    const now = new Date();
    const page = await openStripeEvents(sdk, askStripe(createUsage())).listEvents(
      { since: now, until: now },
      null,
    );
    server.close();
    expect(page).toMatchObject({ unreadable: 2, next: 'evt_3' });
    expect(page?.events.map(({ event }) => event.id)).toEqual(['evt_3']);
  });
});
