import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { eventsOf, priceOf, refusal, sandbox, sessionFor } from './support.ts';

const NEW_YEAR = Date.UTC(2026, 0, 1) / 1000;
const DAY = 86_400;

async function clockWith(
  stripe: Stripe,
  frozen_time = NEW_YEAR,
): Promise<{ clock: Stripe.TestHelpers.TestClock; customer: Stripe.Customer }> {
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time, name: 'A year of Jenny' });
  const customer = await stripe.customers.create({ email: 'jenny@example.com', test_clock: clock.id });
  return { clock, customer };
}

describe('a test clock', () => {
  test('stands still where it was set, and says when Stripe would delete it', async () => {
    const { stripe } = await sandbox();
    const { clock } = await clockWith(stripe);
    expect(clock).toMatchObject({
      object: 'test_helpers.test_clock',
      frozen_time: NEW_YEAR,
      name: 'A year of Jenny',
      status: 'ready',
      status_details: {},
      deletes_after: clock.created + 30 * DAY,
    });
    expect(await stripe.testHelpers.testClocks.retrieve(clock.id)).toMatchObject({ id: clock.id });
    const listed = await stripe.testHelpers.testClocks.list();
    expect(listed.data.map(({ id }) => id)).toEqual([clock.id]);
  });

  test('answers that it advances, then is ready', async () => {
    const { stripe } = await sandbox();
    const { clock } = await clockWith(stripe);
    const frozen_time = NEW_YEAR + 10 * DAY;
    const advancing = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time });
    expect(advancing).toMatchObject({
      status: 'advancing',
      frozen_time: NEW_YEAR,
      status_details: { advancing: { target_frozen_time: frozen_time } },
    });
    const ready = await stripe.testHelpers.testClocks.retrieve(clock.id);
    expect(ready).toMatchObject({ status: 'ready', frozen_time, status_details: {} });
    const types = (await eventsOf(stripe)).map(({ type }) => type);
    expect(types).toEqual([
      'test_helpers.test_clock.created',
      'customer.created',
      'test_helpers.test_clock.advancing',
      'test_helpers.test_clock.ready',
    ]);
  });

  test.each([
    ['the same instant', NEW_YEAR],
    ['the past', NEW_YEAR - 1],
    ['more than two years', NEW_YEAR + 731 * DAY],
  ])('is not advanced to %s', async (_name, frozen_time) => {
    const { stripe } = await sandbox();
    const { clock } = await clockWith(stripe);
    const refused = await refusal(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time }));
    expect(refused).toMatchObject({ statusCode: 400, param: 'frozen_time' });
    expect(await stripe.testHelpers.testClocks.retrieve(clock.id)).toMatchObject({ frozen_time: NEW_YEAR });
  });

  test('is given to a customer only when it is created, and to three at most', async () => {
    const { stripe } = await sandbox();
    const { clock } = await clockWith(stripe);
    await stripe.customers.create({ test_clock: clock.id });
    await stripe.customers.create({ test_clock: clock.id });
    expect(await refusal(stripe.customers.create({ test_clock: clock.id }))).toMatchObject({
      statusCode: 400,
      param: 'test_clock',
    });
    expect(await refusal(stripe.customers.create({ test_clock: 'clock_none' }))).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      param: 'test_clock',
    });
  });

  test('takes what lives on it along when it is deleted', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await clockWith(stripe);
    const bystander = await stripe.customers.create();
    expect(await stripe.testHelpers.testClocks.del(clock.id)).toEqual(
      expect.objectContaining({ id: clock.id, object: 'test_helpers.test_clock', deleted: true }),
    );
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
    expect(await stripe.customers.retrieve(bystander.id)).not.toHaveProperty('deleted');
    expect(await refusal(stripe.testHelpers.testClocks.retrieve(clock.id))).toMatchObject({
      statusCode: 404,
    });
    const types = (await eventsOf(stripe)).map(({ type }) => type);
    expect(types.slice(-2)).toEqual(['customer.deleted', 'test_helpers.test_clock.deleted']);
  });
});

describe('what lives on a test clock', () => {
  test('is created at its time, and listed only when the clock is asked for', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await clockWith(stripe);
    const bystander = await stripe.customers.create({ email: 'jenny@example.com' });
    expect(customer).toMatchObject({ created: NEW_YEAR, test_clock: clock.id });
    const names = async (params: Stripe.CustomerListParams): Promise<string[]> =>
      (await stripe.customers.list(params)).data.map(({ id }) => id);
    expect(await names({ email: 'jenny@example.com' })).toEqual([bystander.id]);
    expect(await names({ test_clock: clock.id })).toEqual([customer.id]);
  });

  test('happens when the clock passes its instant, whatever the time elsewhere', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await clockWith(stripe);
    const price = await priceOf(stripe, 400);
    const session = await sessionFor(stripe, price, { customer: customer.id });
    expect(session.expires_at).toBe(NEW_YEAR + DAY);
    const status = async (): Promise<string | null> =>
      (await stripe.checkout.sessions.retrieve(session.id)).status;
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: NEW_YEAR + DAY - 1 });
    expect(await status()).toBe('open');
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: NEW_YEAR + 3 * DAY });
    expect(await status()).toBe('expired');
    const [expired] = (await stripe.events.list({ type: 'checkout.session.expired' })).data;
    expect(expired?.created).toBe(NEW_YEAR + DAY);
  });
});
