import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { balanceOf, deliver, eventAbout, newBuyer, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { ask, subscriber, subscriptionRow } from '../support/subscriber.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
});
afterAll(() => worker.stop());

const subscribe = (plan = 'professional_monthly') => subscriber(worker, plan);

async function atStripe(subscriptionId: string) {
  return stripeOf(worker).subscriptions.retrieve(subscriptionId);
}

/** How often Stripe was asked to change something. */
function changesAsked(): number {
  return worker.stripe.requests.filter(
    ({ method, path }) => method !== 'GET' && path.startsWith('/v1/subscription'),
  ).length;
}

describe('cancelling', () => {
  test('ends the subscription with its period, and everything stays until then', async () => {
    const customer = await subscribe();
    const { current_period_end: end } = (await atStripe(customer.subscriptionId)).items.data[0] ?? {};
    const endsAt = new Date((end ?? 0) * 1000).toISOString();
    const { status, json } = await ask(worker, customer, 'cancel-subscription');
    expect(status).toBe(200);
    expect(json.subscription).toEqual({
      plan: 'professional_monthly',
      plan_name: 'Professional',
      status: 'active',
      current_period_end: endsAt,
      cancel_at_period_end: true,
      ends_at: endsAt,
      next_plan: null,
      next_plan_at: null,
    });
    expect(await subscriptionRow(worker, customer.subscriptionId)).toMatchObject({
      cancel_at_period_end: true,
    });
    expect(await atStripe(customer.subscriptionId)).toMatchObject({ cancel_at_period_end: true });
    expect(await balanceOf(worker, customer)).toBe(2000);
  });

  test('is kept in our row before the customer hears of it, and the event of it changes nothing more', async () => {
    const customer = await subscribe();
    worker.stripe.setWebhookEndpoint(undefined);
    await ask(worker, customer, 'cancel-subscription');
    worker.stripe.setWebhookEndpoint({ url: `${worker.url}/payment/webhook` });
    const row = await subscriptionRow(worker, customer.subscriptionId);
    expect(row).toMatchObject({ cancel_at_period_end: true, event_id: null });
    await deliver(worker, await eventAbout(worker, 'customer.subscription.updated', customer.subscriptionId));
    await processed(worker);
    expect(await subscriptionRow(worker, customer.subscriptionId)).toEqual({
      ...row,
      version: Number(row?.version) + 1,
      synced_at: expect.any(Date),
    });
    const history = await worker.database.query(
      'select changes from subscription_changes where subscription_id = $1 order by id',
      [row?.['id']],
    );
    expect(history.slice(1)).toMatchObject([{ changes: { cancel_at_period_end: [false, true] } }]);
  });

  test('never takes the place of what an event has seen meanwhile: it is looked at anew', async () => {
    const customer = await subscribe();
    const isCommit = ({ queries }: { readonly queries: readonly string[] }) =>
      queries.some((query) => query.startsWith('update "subscription_operations"'));
    const { promise: paused, resolve: letGo } = Promise.withResolvers<void>();
    const { promise: isWaiting, resolve: waits } = Promise.withResolvers<void>();
    worker.gateway.setFault((request) => {
      if (!isCommit(request)) return 'none';
      waits();
      return { delayUntil: paused };
    });
    const answered = ask(worker, customer, 'cancel-subscription');
    await isWaiting;
    await stripeOf(worker).subscriptions.update(customer.subscriptionId, {
      pause_collection: { behavior: 'void' },
    });
    await processed(worker);
    worker.gateway.setFault(undefined);
    letGo();
    expect((await answered).status).toBe(200);
    expect(await subscriptionRow(worker, customer.subscriptionId)).toMatchObject({
      cancel_at_period_end: true,
      pause_behavior: 'void',
    });
  });

  test('a subscription that ends meanwhile is refused as a changed one', async () => {
    const customer = await subscribe();
    let ending: Promise<unknown> | undefined;
    worker.stripe.setFault(({ method, route }) => {
      if (ending !== undefined || method !== 'POST' || route !== '/v1/subscriptions/:id') return 'none';
      ending = stripeOf(worker).subscriptions.cancel(customer.subscriptionId);
      // Asked again by the client of Stripe, a while later.
      return { status: 500 };
    });
    const { status, json } = await ask(worker, customer, 'cancel-subscription');
    await ending;
    expect([status, json.code]).toEqual([409, 'subscription_changed']);
  });

  test('again answers the same, and asks Stripe for nothing', async () => {
    const customer = await subscribe();
    const first = await ask(worker, customer, 'cancel-subscription');
    const before = changesAsked();
    const second = await ask(worker, customer, 'cancel-subscription');
    expect(second.json).toEqual(first.json);
    expect(changesAsked()).toBe(before);
  });

  test('20 requests at once end as one', async () => {
    const customer = await subscribe();
    const before = changesAsked();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(worker, customer, 'cancel-subscription')),
    );
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    for (const { status, json } of answers.filter((answer) => answer.status !== 200)) {
      expect([status, json.code]).toEqual([409, 'change_in_progress']);
    }
    expect(changesAsked()).toBe(before + 1);
    expect(await subscriptionRow(worker, customer.subscriptionId)).toMatchObject({
      cancel_at_period_end: true,
    });
  });

  test('a paused subscription ends with its period, and now when that is over', async () => {
    const stripe = stripeOf(worker);
    const paused = await subscribe();
    await stripe.subscriptions.pause(paused.subscriptionId, {
      bill_for: { unused_time_from: { type: 'none' } },
    });
    await processed(worker);
    const { json } = await ask(worker, paused, 'cancel-subscription');
    expect(json.subscription).toMatchObject({ status: 'paused', cancel_at_period_end: true });
    expect((await ask(worker, paused, 'resume-subscription')).json.subscription.ends_at).toBeNull();
    await worker.advance('month');
    expect((await ask(worker, paused, 'cancel-subscription')).json.subscription.status).toBe('canceled');
    expect(await subscriptionRow(worker, paused.subscriptionId)).toMatchObject({ status: 'canceled' });
  });

  test('a subscription that does not exist, or is over, is refused', async () => {
    const nobody = await newBuyer(worker);
    expect((await ask(worker, nobody, 'cancel-subscription')).json.code).toBe('no_subscription');
    const customer = await subscribe();
    await stripeOf(worker).subscriptions.cancel(customer.subscriptionId);
    const refused = await ask(worker, customer, 'cancel-subscription');
    expect([refused.status, refused.json.code]).toEqual([409, 'no_subscription']);
  });
});

describe('resuming', () => {
  test('lets a subscription go on that was to end', async () => {
    const customer = await subscribe();
    await ask(worker, customer, 'cancel-subscription');
    const { status, json } = await ask(worker, customer, 'resume-subscription');
    expect(status).toBe(200);
    expect(json.subscription).toMatchObject({ cancel_at_period_end: false, ends_at: null });
    expect(await subscriptionRow(worker, customer.subscriptionId)).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: null,
    });
    expect(await atStripe(customer.subscriptionId)).toMatchObject({ cancel_at: null });
  });

  test('lets one go on that was to end at a day of its own', async () => {
    const customer = await subscribe();
    const { current_period_end: end } = (await atStripe(customer.subscriptionId)).items.data[0] ?? {};
    const cancel_at = (end ?? 0) - 86_400;
    await stripeOf(worker).subscriptions.update(customer.subscriptionId, { cancel_at });
    const { json } = await ask(worker, customer, 'resume-subscription');
    expect(json.subscription).toMatchObject({ cancel_at_period_end: false, ends_at: null });
    expect(await atStripe(customer.subscriptionId)).toMatchObject({ cancel_at: null });
  });

  test('leaves one alone that goes on anyway', async () => {
    const customer = await subscribe();
    const before = changesAsked();
    const { status, json } = await ask(worker, customer, 'resume-subscription');
    expect(status).toBe(200);
    expect(json.subscription).toMatchObject({ status: 'active', cancel_at_period_end: false });
    expect(changesAsked()).toBe(before);
  });

  test('is refused once the subscription is over', async () => {
    const customer = await subscribe();
    await stripeOf(worker).subscriptions.cancel(customer.subscriptionId);
    for (const _attempt of ['before our row knows, or after', 'again']) {
      const refused = await ask(worker, customer, 'resume-subscription');
      expect([refused.status, refused.json.code]).toEqual([409, 'subscription_ended']);
      await processed(worker);
    }
    const nobody = await ask(worker, await newBuyer(worker), 'resume-subscription');
    expect(nobody.json.code).toBe('no_subscription');
  });
});

describe('a lost answer', () => {
  const commits = ({ queries }: { readonly queries: readonly string[] }) =>
    queries.some((query) => query.includes('apply_subscription(')) &&
    !queries.some((query) => query.includes('complete_webhook_event'));

  test.each([
    ['of Stripe, after the work', () => loseFirst('lose-answer')],
    ['of Stripe, with a 500 that it keeps', () => loseFirst({ status: 500, saved: true })],
    ['of the database, after the commit', () => failCommits('lose-answer')],
    ['of the database, before the commit', () => failCommits('rollback')],
    ['of a database that is gone', () => failCommits('refuse')],
  ])('%s, and the same request again end as one request', async (_name, breakIt) => {
    const customer = await subscribe();
    const key = randomUUID();
    breakIt();
    const first = await ask(worker, customer, 'cancel-subscription', {}, key);
    expect([200, 503]).toContain(first.status);
    worker.gateway.setFault(undefined);
    worker.stripe.setFault(undefined);
    const again = await ask(worker, customer, 'cancel-subscription', {}, key);
    expect(again.status, again.text).toBe(200);
    expect(again.json.subscription).toMatchObject({ status: 'active', cancel_at_period_end: true });
    expect(await subscriptionRow(worker, customer.subscriptionId)).toMatchObject({
      cancel_at_period_end: true,
    });
  });

  function failCommits(fault: 'lose-answer' | 'rollback' | 'refuse'): void {
    worker.gateway.setFault((request) => (commits(request) ? fault : 'none'));
  }

  function loseFirst(fault: 'lose-answer' | { status: number; saved: boolean }): void {
    let isFirst = true;
    worker.stripe.setFault(({ method, route }) => {
      if (!isFirst || method !== 'POST' || route !== '/v1/subscriptions/:id') return 'none';
      isFirst = false;
      return fault;
    });
  }

  test('leads to no second cancellation after somebody has resumed', async () => {
    const customer = await subscribe();
    const key = randomUUID();
    failCommits('rollback');
    expect((await ask(worker, customer, 'cancel-subscription', {}, key)).status).toBe(503);
    worker.gateway.setFault(undefined);
    await stripeOf(worker).subscriptions.update(customer.subscriptionId, { cancel_at_period_end: false });
    const again = await ask(worker, customer, 'cancel-subscription', {}, key);
    expect([again.status, again.json.code]).toEqual([409, 'subscription_changed']);
    await processed(worker);
    expect(await subscriptionRow(worker, customer.subscriptionId)).toMatchObject({
      cancel_at_period_end: false,
    });
  });
});

test('what was paid for lasts until the period is over, and then the plan’s credits end', async () => {
  const customer = await subscribe();
  await ask(worker, customer, 'cancel-subscription');
  await worker.advance('day');
  expect(await balanceOf(worker, customer)).toBe(2000);
  await worker.advance('month');
  expect(await subscriptionRow(worker, customer.subscriptionId)).toMatchObject({ status: 'canceled' });
  expect(await balanceOf(worker, customer)).toBe(0);
  expect((await ask(worker, customer, 'resume-subscription')).json.code).toBe('subscription_ended');
});
