import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  CHARGED,
  customerOnClock,
  customerWith,
  DECLINED,
  draftOf,
  PAID,
  payWith,
  typesDuring,
} from './billing-support.ts';
import { DAY, HOUR, NEW_YEAR, priceOf, refusal, sandbox } from './support.ts';

/** What Stripe wants to know of a bank account's owner. */
const BUYER = {
  address: { city: 'London', country: 'GB', line1: '1 High Street', postal_code: 'N1 1AA' },
  email: 'jenny@example.com',
  name: 'Jenny Rosen',
};

describe('an invoice that advances by itself', () => {
  /** A customer on a clock with a draft that is going to advance; `pass` lets seconds pass, and tells which events came of it. */
  async function advancing(card?: string) {
    const { stripe } = await sandbox();
    const { customer, pass: passOnClock } = await customerOnClock(stripe, card);
    const draft = await draftOf(stripe, customer.id, 2500, { auto_advance: true });
    const pass = async (seconds: number): Promise<string[]> => {
      const types = await typesDuring(stripe, () => passOnClock(seconds));
      return types.filter((type) => !type.startsWith('test_helpers.'));
    };
    return { stripe, customer: customer.id, draft, pass };
  }

  test('is finalized and paid after an hour', async () => {
    const { stripe, draft, pass } = await advancing('pm_card_visa');
    expect(draft).toMatchObject({
      automatically_finalizes_at: NEW_YEAR + HOUR,
      next_payment_attempt: NEW_YEAR + HOUR,
      test_clock: expect.stringMatching(/^clock_/),
    });
    expect(await pass(HOUR - 1)).toEqual([]);
    expect(await pass(1)).toEqual(['payment_intent.created', 'invoice.finalized', ...CHARGED, ...PAID]);
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({
      auto_advance: false,
      automatically_finalizes_at: null,
      next_payment_attempt: null,
      status_transitions: { finalized_at: NEW_YEAR + HOUR, paid_at: NEW_YEAR + HOUR },
    });
  });

  test('is tried again after 3, 5 and 7 days, and then no more', async () => {
    const { stripe, draft, pass } = await advancing('pm_card_chargeCustomerFail');
    const failed = [...DECLINED, 'invoice.updated', 'invoice.payment_failed'];
    expect(await pass(HOUR)).toEqual([
      'payment_intent.created',
      'invoice.finalized',
      ...failed,
      'customer.updated',
    ]);
    for (const [attempts, days, next] of [
      [1, 3, 3],
      [2, 5, 8],
      [3, 7, 15],
    ] as const) {
      expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({
        attempt_count: attempts,
        next_payment_attempt: NEW_YEAR + HOUR + next * DAY,
        status: 'open',
      });
      expect(await pass(days * DAY)).toEqual(failed);
    }
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({
      attempt_count: 4,
      next_payment_attempt: null,
      status: 'open',
    });
    expect(await pass(100 * DAY)).toEqual([]);
  });

  test('recovers when a retry meets a better card', async () => {
    const { stripe, customer, draft, pass } = await advancing('pm_card_chargeCustomerFail');
    await pass(HOUR);
    await payWith(stripe, customer, 'pm_card_visa');
    expect(await pass(3 * DAY)).toEqual([...CHARGED, ...PAID, 'customer.updated']);
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ attempt_count: 2, status: 'paid' });
  });

  test('waits for a bank debit, and tries again when that came back', async () => {
    const { stripe, customer, draft, pass } = await advancing();
    const debit = (account_number: string): Promise<Stripe.PaymentMethod> =>
      stripe.paymentMethods.create({
        type: 'bacs_debit',
        bacs_debit: { sort_code: '108800', account_number },
        billing_details: BUYER,
      });
    const failing = await debit('33333335');
    await payWith(stripe, customer, failing.id);
    expect(await pass(HOUR)).toEqual([
      'payment_intent.created',
      'invoice.finalized',
      'charge.pending',
      'payment_intent.processing',
      'invoice.updated',
    ]);
    expect((await refusal(stripe.invoices.pay(draft.id))).statusCode).toBe(400);
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ next_payment_attempt: null });
    expect(await pass(5 * DAY)).toEqual([
      ...DECLINED,
      'invoice.updated',
      'invoice.payment_failed',
      'customer.updated',
    ]);
    await payWith(stripe, customer, (await debit('00012345')).id);
    await pass(3 * DAY);
    expect(await pass(5 * DAY)).toEqual([...CHARGED, ...PAID, 'customer.updated']);
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ attempt_count: 2, status: 'paid' });
  });

  test('keeps its schedule when somebody tries in between', async () => {
    const { stripe, draft, pass } = await advancing();
    await pass(HOUR);
    await pass(DAY);
    expect((await refusal(stripe.invoices.pay(draft.id))).statusCode).toBe(400);
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({
      attempt_count: 1,
      next_payment_attempt: NEW_YEAR + HOUR + 3 * DAY,
    });
  });

  test('that is sent makes its customer delinquent when its due date passes', async () => {
    const { stripe, customer, draft, pass } = await advancing();
    await stripe.invoices.update(draft.id, { collection_method: 'send_invoice', days_until_due: 7 });
    expect(await pass(HOUR)).toEqual(['payment_intent.created', 'invoice.finalized', 'invoice.sent']);
    expect(await pass(7 * DAY)).toEqual(['customer.updated']);
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ delinquent: true });
    await stripe.invoices.pay(draft.id, { paid_out_of_band: true });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ delinquent: false });
    expect(await pass(DAY)).toEqual([]);
  });

  test('stands still when auto_advance is taken back', async () => {
    const { stripe, draft, pass } = await advancing('pm_card_visa');
    await stripe.invoices.update(draft.id, { auto_advance: false });
    expect(await pass(DAY)).toEqual([]);
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ status: 'draft' });
  });
});

test('a renewal that nobody pays makes its subscription past due, and unpaid after the last attempt', async () => {
  const { stripe } = await sandbox({ settings: { afterLastRetry: 'unpaid' } });
  const { id: clock } = await stripe.testHelpers.testClocks.create({ frozen_time: NEW_YEAR });
  const { id: customer } = await customerWith(stripe, 'pm_card_visa', { test_clock: clock });
  const price = await priceOf(stripe, 2490, 'month');
  const { id } = await stripe.subscriptions.create({ customer, items: [{ price: price.id }] });
  await payWith(stripe, customer, 'pm_card_chargeCustomerFail');
  const statusAt = async (frozen_time: number): Promise<string> => {
    await stripe.testHelpers.testClocks.advance(clock, { frozen_time });
    return (await stripe.subscriptions.retrieve(id)).status;
  };
  const firstAttempt = NEW_YEAR + 31 * DAY + HOUR;
  expect(await statusAt(firstAttempt)).toBe('past_due');
  expect(await statusAt(firstAttempt + 15 * DAY - 1)).toBe('past_due');
  expect(await statusAt(firstAttempt + 15 * DAY)).toBe('unpaid');
});

describe('the invoices of a subscription whose collection is paused', () => {
  test.each([
    ['keep_as_draft', 'draft', []],
    ['mark_uncollectible', 'uncollectible', ['invoice.updated', 'invoice.marked_uncollectible']],
    ['void', 'void', ['payment_intent.canceled', 'invoice.updated', 'invoice.voided']],
  ] as const)('%s', async (behavior, status, events) => {
    const { stripe } = await sandbox();
    const { id: clock } = await stripe.testHelpers.testClocks.create({ frozen_time: NEW_YEAR });
    const { id: customer } = await customerWith(stripe, 'pm_card_visa', { test_clock: clock });
    const price = await priceOf(stripe, 2490, 'month');
    const { id } = await stripe.subscriptions.create({ customer, items: [{ price: price.id }] });
    await stripe.subscriptions.update(id, { pause_collection: { behavior } });
    const types = await typesDuring(stripe, () =>
      stripe.testHelpers.testClocks.advance(clock, { frozen_time: NEW_YEAR + 31 * DAY + HOUR }),
    );
    const opened = status === 'draft' ? [] : ['payment_intent.created', 'invoice.finalized'];
    expect(types.filter((type) => /^(invoice|payment_intent)/.test(type))).toEqual([
      'invoice.upcoming',
      'invoice.created',
      ...opened,
      ...events,
    ]);
    const { data } = await stripe.invoices.list({ subscription: id });
    expect(data.map((invoice) => [invoice.billing_reason, invoice.status])).toEqual([
      ['subscription_cycle', status],
      ['subscription_create', 'paid'],
    ]);
    expect(data[0]).toMatchObject({ auto_advance: false, automatically_finalizes_at: null });
  });
});
