import { describe, expect, test } from 'vitest';
import { pay, type Buyer } from '../support/shop.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { BAD_DAY, expectBadDay, heard, inPortal, stage, type Stage } from './stage.ts';

/** What the customer has, once everything that was told is heard. */
async function credits(on: Stage) {
  await heard(on);
  await on.worker.scheduled();
  const { json } = await on.worker.request('/credits/balance', { token: on.buyer.token });
  await expectSoundLedger((sql) => on.worker.database.query(sql));
  return json.credits;
}

async function balance(on: Stage): Promise<number> {
  return (await credits(on)).balance;
}

async function month(on: Stage): Promise<void> {
  await on.press('/time/advance', { by: 'month' });
}

async function status({ worker, buyer }: { worker: Stage['worker']; buyer: Buyer }) {
  const { json } = await worker.request('/payment/status', { token: buyer.token });
  return json.payment_status;
}

async function subscribeAndSpend(on: Stage): Promise<void> {
  const { checkout_url: url = '' } = await on.ask('/payment/create-checkout', { plan: 'starter_monthly' });
  await pay(url);
  expect(await balance(on)).toBe(500);
  await on.ask('/credits/spend', { operation_type: 'blog_post', quantity: 20 });
  expect(await balance(on)).toBe(400);
}

/** Starter grants 500 a month, of which 250 may roll over. */
async function renewThreeTimes(on: Stage): Promise<void> {
  await month(on);
  expect(await balance(on)).toBe(250 + 500);
  await on.ask('/credits/spend', { amount: 600 });
  expect(await balance(on)).toBe(150);
  await month(on);
  expect(await balance(on)).toBe(150 + 500);
  await month(on);
  expect(await balance(on)).toBe(250 + 500);
}

async function failAndRecover(on: Stage): Promise<void> {
  const { customer } = await on.subscription();
  await on.press(`/customers/${String(customer)}/fail-next`);
  await month(on);
  expect(await balance(on)).toBe(750);
  expect(await status(on)).toMatchObject({ subscription_status: 'past_due', past_due: true });
  await on.ask('/credits/spend', { amount: 50 });
  await inPortal(on, { action: 'update_card', card_number: '5555555555554444', exp: '12/40', cvc: '123' });
  const [open] = (await on.stripe.invoices.list({ status: 'open' })).data;
  if (open) await inPortal(on, { action: 'pay_invoice', invoice: String(open.id) });
  expect(await balance(on)).toBe(250 + 500);
  expect(await status(on)).toMatchObject({ subscription_status: 'active', plan: 'starter_monthly' });
}

/** Professional grants 2,000: the difference for what is left of the month comes at once. */
async function upgrade(on: Stage): Promise<void> {
  const wanted = { plan: 'professional_monthly' };
  const { preview } = (await asked(on, '/payment/change-plan/preview', wanted)).json;
  expect(preview.effective).toBe('now');
  await on.ask('/payment/change-plan', { ...wanted, proration_date: preview.proration_date });
  const [line] = (await on.subscription()).items.data;
  const [from, until] = [line?.current_period_start ?? 0, line?.current_period_end ?? 0];
  const left = (until - Date.parse(preview.proration_date) / 1000) / (until - from);
  expect(preview.credits_now).toBe(Math.round(1500 * left));
  expect(await balance(on)).toBe(750 + preview.credits_now);
  const [invoice] = (await on.stripe.invoices.list({ limit: 1 })).data;
  expect(invoice).toMatchObject({ status: 'paid', amount_paid: preview.amount_due });
}

async function asked(on: Stage, path: string, body: unknown) {
  for (let tries = 1; ; tries += 1) {
    const answer = await on.worker.request(path, { token: on.buyer.token, body });
    if (answer.status < 500 || tries === 20) return answer;
  }
}

/** The smaller plan begins with the next month, and its cap counts then. */
async function downgrade(on: Stage): Promise<void> {
  const before = await balance(on);
  await on.ask('/payment/change-plan', { plan: 'starter_monthly' });
  expect(await balance(on)).toBe(before);
  expect(await status(on)).toMatchObject({
    plan: 'professional_monthly',
    next_plan: { plan: 'starter_monthly' },
  });
  await month(on);
  expect(await balance(on)).toBe(250 + 500);
  expect(await status(on)).toMatchObject({ plan: 'starter_monthly', next_plan: null });
}

/** A package of 1,000 for 2.00: a quarter is refunded, and the rest disputed when most of it is spent. */
async function refundAndLoseDispute(on: Stage): Promise<void> {
  const { checkout_url: url = '' } = await on.ask('/payment/purchase-credits', { package: 'credits_1000' });
  await pay(url);
  expect(await balance(on)).toBe(750 + 1000);
  const charge = (await on.stripe.charges.list({ limit: 5 })).data.find(({ amount }) => amount === 200);
  await on.press(`/charges/${charge?.id}/refund`, { amount: '50' });
  expect(await balance(on)).toBe(750 + 750);
  await on.ask('/credits/spend', { amount: 1400 });
  await on.press(`/charges/${charge?.id}/dispute`, { kind: 'fraudulent' });
  expect(await credits(on)).toMatchObject({ balance: 100 - 750, available: 0, debt: 650 });
  const [dispute] = (await on.stripe.disputes.list({ charge: charge?.id ?? '' })).data;
  await on.press(`/disputes/${dispute?.id}/close`, { outcome: 'lost' });
  expect(await credits(on)).toMatchObject({ balance: -650, debt: 650 });
  expect((await asked(on, '/credits/spend', { amount: 1 })).json).toMatchObject({
    code: 'insufficient_credits',
    debt: 650,
  });
  await month(on);
  expect(await credits(on)).toMatchObject({ balance: -150, debt: 150 });
  await month(on);
  expect(await credits(on)).toMatchObject({ balance: 350, debt: 0 });
}

/** What was paid for stays until the period ends; what was bought stays for good. */
async function cancel(on: Stage): Promise<void> {
  await on.ask('/payment/cancel-subscription', {});
  expect(await balance(on)).toBe(350);
  const { checkout_url: url = '' } = await on.ask('/payment/purchase-credits', { package: 'credits_500' });
  await pay(url);
  expect(await balance(on)).toBe(350 + 500);
  await month(on);
  expect(await balance(on)).toBe(500);
  expect(await status(on)).toMatchObject({ plan: null, subscription_status: 'canceled' });
}

describe.each([
  ['a good day', undefined],
  ['a bad day', BAD_DAY],
])('the whole life of a subscription on %s', (_day, chaos) => {
  test('comes to the credits that the rules say, at each step', async () => {
    const on = await stage();
    on.worker.stripe.setChaos(chaos);
    await subscribeAndSpend(on);
    await renewThreeTimes(on);
    await failAndRecover(on);
    await upgrade(on);
    await downgrade(on);
    await refundAndLoseDispute(on);
    await cancel(on);
    if (chaos) await expectBadDay(on);
  }, 120_000);
});
