import { constant, constantFrom, integer, nat, oneof, record, type Arbitrary } from 'fast-check';
import { expect } from 'vitest';
import { buy, pay } from '../support/shop.ts';
import { stateOf } from '../stripe-sandbox/support.ts';
import type { World } from './world.ts';

/** What may happen in a history. Numbers that choose among what is there wrap around. */
export type Step =
  | { readonly do: 'buy'; readonly package: string }
  | { readonly do: 'subscribe'; readonly plan: string }
  | { readonly do: 'change plan'; readonly plan: string }
  | { readonly do: 'cancel' | 'resume' }
  | { readonly do: 'spend'; readonly amount: number; readonly times: number }
  | { readonly do: 'hold'; readonly amount: number; readonly seconds: number }
  | { readonly do: 'capture'; readonly which: number; readonly percent: number }
  | { readonly do: 'release'; readonly which: number }
  | { readonly do: 'refund'; readonly which: number; readonly percent: number }
  | { readonly do: 'fail refund'; readonly which: number }
  | { readonly do: 'dispute'; readonly which: number }
  | { readonly do: 'close dispute'; readonly outcome: 'won' | 'lost' }
  | { readonly do: 'pass time'; readonly by: 'hour' | 'day' | 'week' | 'month'; readonly times: number };

const plans = ['starter_monthly', 'professional_monthly', 'starter_annual', 'professional_annual'];
const packages = ['credits_500', 'credits_1000'];
const which = nat(20);
const share = integer({ min: 1, max: 100 });

/** Weighted so that a history is mostly of credits that are there. */
export const steps: Arbitrary<Step> = oneof(
  {
    weight: 3,
    arbitrary: record({ do: constant('buy' as const), package: constantFrom(...packages) }),
  },
  {
    weight: 3,
    arbitrary: record({ do: constant('subscribe' as const), plan: constantFrom(...plans) }),
  },
  {
    weight: 2,
    arbitrary: record({ do: constant('change plan' as const), plan: constantFrom(...plans) }),
  },
  { weight: 2, arbitrary: record({ do: constantFrom('cancel' as const, 'resume' as const) }) },
  {
    weight: 5,
    arbitrary: record({
      do: constant('spend' as const),
      amount: integer({ min: 1, max: 400 }),
      times: integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: record({
      do: constant('hold' as const),
      amount: integer({ min: 1, max: 400 }),
      seconds: constantFrom(60, 7300, 600_000),
    }),
  },
  { weight: 2, arbitrary: record({ do: constant('capture' as const), which, percent: share }) },
  { weight: 1, arbitrary: record({ do: constant('release' as const), which }) },
  { weight: 3, arbitrary: record({ do: constant('refund' as const), which, percent: share }) },
  { weight: 1, arbitrary: record({ do: constant('fail refund' as const), which }) },
  { weight: 2, arbitrary: record({ do: constant('dispute' as const), which }) },
  {
    weight: 2,
    arbitrary: record({
      do: constant('close dispute' as const),
      outcome: constantFrom('won' as const, 'lost' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: record({
      do: constant('pass time' as const),
      by: constantFrom('hour' as const, 'day' as const, 'week' as const, 'month' as const, 'month' as const),
      times: integer({ min: 1, max: 3 }),
    }),
  },
);

/** Does it; what is not possible now is refused, or is nothing. */
export async function take(world: World, step: Step): Promise<void> {
  switch (step.do) {
    case 'buy':
      return buyItem(world, { package: step.package });
    case 'subscribe':
      return subscribe(world, step.plan);
    case 'change plan':
      return expectAnswer(await world.ask('/payment/change-plan', { plan: step.plan }), [200, 402, 409]);
    case 'cancel':
      return expectAnswer(await world.ask('/payment/cancel-subscription', {}), [200, 409]);
    case 'resume':
      return expectAnswer(await world.ask('/payment/resume-subscription', {}), [200, 409]);
    case 'spend':
      return spend(world, step.amount, step.times);
    case 'hold':
      return hold(world, step.amount, step.seconds);
    case 'capture':
      return capture(world, step.which, step.percent);
    case 'release':
      return release(world, step.which);
    case 'refund':
      return refund(world, step.which, step.percent);
    case 'fail refund':
      return failRefund(world, step.which);
    case 'dispute':
      return dispute(world, step.which);
    case 'close dispute':
      return closeDispute(world, step.outcome);
    case 'pass time':
      for (let time = 0; time < step.times; time += 1) await world.press('/time/advance', { by: step.by });
  }
}

function expectAnswer({ status, text }: { status: number; text: string }, allowed: readonly number[]): void {
  expect(allowed, text).toContain(status);
}

async function buyItem(world: World, item: { package: string } | { plan: string }): Promise<void> {
  const { checkoutUrl, sessionId } = await buy(world.worker, world.buyer, item);
  const lines = await world.stripe.checkout.sessions.listLineItems(sessionId);
  world.sells(sessionId, lines.data[0]?.price?.id ?? '');
  expect((await pay(checkoutUrl)).status).toBe(303);
}

async function subscribe(world: World, plan: string): Promise<void> {
  const living = (await stateOf(world.worker.stripe)).subscriptions.some(
    ({ status }) => status !== 'canceled',
  );
  if (!living) return buyItem(world, { plan });
  const { status, json } = await world.ask('/payment/create-checkout', { plan });
  expect([status, json.code]).toEqual([409, 'already_subscribed']);
}

/** Several at once: as many succeed as there are credits for. */
async function spend(world: World, amount: number, times: number): Promise<void> {
  const answers = await Promise.all(
    Array.from({ length: times }, () => world.ask('/credits/spend', { amount })),
  );
  for (const answer of answers) expectAnswer(answer, [200, 402]);
  const expected = Array.from({ length: times }, () => world.books.spend(amount)).filter(Boolean).length;
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(expected);
}

async function hold(world: World, amount: number, seconds: number): Promise<void> {
  const answer = await world.ask('/credits/holds', { amount, expires_in_seconds: seconds });
  expectAnswer(answer, [200, 402]);
  const id: string = answer.json.hold?.id ?? 'none';
  const expiresAt = Date.parse(answer.json.hold?.expires_at ?? 0);
  expect(world.books.hold(id, amount, expiresAt), answer.text).toBe(answer.status === 200);
}

async function capture(world: World, index: number, percent: number): Promise<void> {
  const chosen = pick([...world.books.holds.values()], index);
  if (chosen === undefined) return;
  const amount = Math.ceil((chosen.amount * percent) / 100);
  const answer = await world.ask(`/credits/holds/${chosen.id}/capture`, { amount });
  expect(world.books.capture(chosen.id, amount), answer.text).toBe(answer.status === 200);
}

async function release(world: World, index: number): Promise<void> {
  const chosen = pick([...world.books.holds.values()], index);
  if (chosen === undefined) return;
  const answer = await world.ask(`/credits/holds/${chosen.id}/release`, {});
  expect(world.books.release(chosen.id), answer.text).toBe(answer.status === 200);
}

async function refund(world: World, index: number, percent: number): Promise<void> {
  const { charges } = await stateOf(world.worker.stripe);
  const chosen = pick(
    charges.filter((charge) => charge.paid && !charge.disputed && charge.amount > charge.amount_refunded),
    index,
  );
  if (chosen === undefined) return;
  const left = chosen.amount - chosen.amount_refunded;
  await world.press(`/charges/${chosen.id}/refund`, { amount: String(Math.ceil((left * percent) / 100)) });
}

async function failRefund(world: World, index: number): Promise<void> {
  const { refunds } = await stateOf(world.worker.stripe);
  const chosen = pick(
    refunds.filter(({ status }) => status === 'succeeded' || status === 'pending'),
    index,
  );
  if (chosen !== undefined) await world.press(`/refunds/${chosen.id}/fail`);
}

async function dispute(world: World, index: number): Promise<void> {
  const { charges } = await stateOf(world.worker.stripe);
  const chosen = pick(
    charges.filter((charge) => charge.paid && !charge.disputed && charge.amount > charge.amount_refunded),
    index,
  );
  if (chosen !== undefined) await world.press(`/charges/${chosen.id}/dispute`, { kind: 'fraudulent' });
}

async function closeDispute(world: World, outcome: 'won' | 'lost'): Promise<void> {
  const { disputes } = await stateOf(world.worker.stripe);
  const open = disputes.find(({ status }) => status === 'needs_response' || status === 'under_review');
  if (open !== undefined) await world.press(`/disputes/${open.id}/close`, { outcome });
}

function pick<Item>(items: readonly Item[], index: number): Item | undefined {
  return items[index % Math.max(1, items.length)];
}
