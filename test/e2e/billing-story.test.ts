import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { stateOf } from '../stripe-sandbox/support.ts';
import { balanceOf, pay } from '../support/shop.ts';
import { BAD_DAY, expectBadDay, heard, inPortal, stage, type Stage } from './stage.ts';

async function subscribe(on: Stage): Promise<void> {
  const { checkout_url: url = '' } = await on.ask('/payment/create-checkout', { plan: 'starter_monthly' });
  expect((await pay(url)).status).toBe(303);
  expect(await on.subscription()).toMatchObject({ status: 'active' });
  await heard(on);
  expect(await balanceOf(on.worker, on.buyer)).toBe(500);
}

async function liveThreeMonths(on: Stage): Promise<void> {
  for (let month = 0; month < 3; month += 1) await on.press('/time/advance', { by: 'month' });
  const paid = await on.stripe.invoices.list({ status: 'paid' });
  expect(paid.data.map(({ billing_reason }) => billing_reason)).toEqual([
    'subscription_cycle',
    'subscription_cycle',
    'subscription_cycle',
    'subscription_create',
  ]);
  await heard(on);
  // Of 500 that are left each time, 250 roll over.
  expect(await balanceOf(on.worker, on.buyer)).toBe(750);
}

async function failAndRecover(on: Stage): Promise<void> {
  const { customer } = await on.subscription();
  await on.press(`/customers/${String(customer)}/fail-next`);
  await on.press('/time/advance', { by: 'month' });
  expect((await on.subscription()).status).toBe('past_due');
  await inPortal(on, { action: 'update_card', card_number: '5555555555554444', exp: '12/40', cvc: '123' });
  const [open] = (await on.stripe.invoices.list({ status: 'open' })).data;
  if (open) await inPortal(on, { action: 'pay_invoice', invoice: String(open.id) });
  expect((await on.subscription()).status).toBe('active');
  await heard(on);
  expect(await balanceOf(on.worker, on.buyer)).toBe(750);
}

async function changePlan(on: Stage): Promise<void> {
  const { plans } = (await on.worker.request('/payment/plans')).json;
  const price: string = plans.professional_monthly.price_id;
  const { id } = await on.subscription();
  await inPortal(on, { action: 'change_plan', subscription: id, price });
  expect((await on.subscription()).items.data).toMatchObject([{ price: { id: price } }]);
  await on.press('/time/advance', { by: 'month' });
  const [latest, before] = (await on.stripe.invoices.list({ limit: 2 })).data;
  expect(latest).toMatchObject({ status: 'paid', billing_reason: 'subscription_cycle' });
  const isProration = ({ parent }: Stripe.InvoiceLineItem) => parent?.subscription_item_details?.proration;
  const prorations = latest?.lines.data.filter(isProration) ?? [];
  expect(prorations.map(({ amount }) => Math.sign(amount)).toSorted()).toEqual([-1, 1]);
  await heard(on);
  // All 750 may roll over to the bigger plan, and the part of the month since the change was had at the difference.
  const share = secondsOf(prorations[0]) / secondsOf(before?.lines.data[0]);
  expect(share).toBeGreaterThan(0);
  const difference = Math.round((plans.professional_monthly.credits - 500) * share);
  expect(await balanceOf(on.worker, on.buyer)).toBe(750 + plans.professional_monthly.credits + difference);
}

function secondsOf(line: Stripe.InvoiceLineItem | undefined): number {
  return line === undefined ? Number.NaN : line.period.end - line.period.start;
}

async function refundAndDispute(on: Stage): Promise<void> {
  const [latest, before] = (await on.stripe.charges.list({ limit: 5 })).data.filter(({ paid }) => paid);
  if (!latest || !before) throw new Error('Nothing was paid.');
  await on.press(`/charges/${latest.id}/refund`, { amount: '100' });
  await on.press(`/charges/${latest.id}/refund`);
  expect(await on.stripe.charges.retrieve(latest.id)).toMatchObject({
    amount_refunded: latest.amount,
    refunded: true,
  });
  await on.press(`/charges/${before.id}/dispute`, { kind: 'fraudulent' });
  const [dispute] = (await on.stripe.disputes.list({ charge: before.id })).data;
  await on.press(`/disputes/${dispute?.id}/close`, { outcome: 'won' });
  expect((await on.stripe.disputes.list()).data).toMatchObject([{ status: 'won' }]);
  await heard(on);
  // What the last invoice granted is gone with its money; of the disputed month all is there again.
  expect(await balanceOf(on.worker, on.buyer)).toBe(750);
}

/** Every event was answered 2xx and is in the inbox, once. The API itself lists none older than 30 days. */
async function expectEverythingTold(on: Stage): Promise<void> {
  await heard(on);
  const { events, deliveries } = await stateOf(on.worker.stripe);
  const taken = new Set(deliveries.filter(({ status }) => status === 200).map(({ event }) => event));
  expect(events.filter(({ id, pending_webhooks }) => pending_webhooks > 0 || !taken.has(id))).toEqual([]);
  const inbox = await on.worker.database.query<{ event_id: string }>('select event_id from webhook_events');
  expect(inbox.map(({ event_id }) => event_id).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  const types = new Set(events.map(({ type }) => type));
  for (const type of MILESTONES) expect(types).toContain(type);
}

const MILESTONES = [
  'checkout.session.completed',
  'customer.subscription.created',
  'invoice.payment_failed',
  'customer.subscription.updated',
  'invoice.paid',
  'charge.refunded',
  'refund.created',
  'charge.dispute.created',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
  'charge.dispute.closed',
] as const;

describe.each([
  ['a good day', undefined],
  ['a bad day', BAD_DAY],
])('a subscription is sold, renewed, dunned, changed, refunded and disputed on %s', (_day, chaos) => {
  test('and the Worker hears of everything once', async () => {
    const on = await stage();
    on.worker.stripe.setChaos(chaos);
    await subscribe(on);
    await liveThreeMonths(on);
    await failAndRecover(on);
    await changePlan(on);
    await refundAndDispute(on);
    on.worker.stripe.setChaos(undefined);
    await expectEverythingTold(on);
    if (chaos) await expectBadDay(on);
  }, 120_000);
});
