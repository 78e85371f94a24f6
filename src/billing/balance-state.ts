import { z } from 'zod';
import { creditLotKinds, creditLotSources, holdOutcome } from '../credits/index.ts';

/** Postgres writes instants with an offset and microseconds. */
const moment = z.coerce.date();

const openLot = z.object({
  id: z.string(),
  kind: z.enum(creditLotKinds),
  source: z.enum(creditLotSources),
  name: z.string().nullable(),
  granted: z.int(),
  remaining: z.int(),
  expires_at: moment.nullable(),
  renews: z.boolean(),
  created_at: moment,
  stripe_subscription_id: z.string().nullable(),
});

const activeHold = holdOutcome.extend({
  lots: z.array(z.object({ lot_id: z.string(), amount: z.int() })),
});

const nextGrant = z.object({
  stripe_subscription_id: z.string(),
  at: moment,
  credits: z.int(),
  rollover_cap: z.int().nullable(),
});
export type NextGrant = Readonly<z.output<typeof nextGrant>>;

/** What `findBalanceState` answers: the account and its parts as they were written last. */
export const balanceState = z.object({
  account: z
    .object({
      debt: z.int(),
      used: z.int(),
      purchased: z.int(),
      allocation: z.int(),
      used_at_reset: z.int(),
      last_reset_at: moment.nullable(),
    })
    .nullable(),
  lots: z.array(openLot).readonly(),
  holds: z.array(activeHold).readonly(),
  next_grants: z.array(nextGrant).readonly(),
  has_plan: z.boolean(),
});
export type BalanceState = z.output<typeof balanceState>;

/** A lot as it is at an instant; `free` is what can be spent of it. */
export type LotNow = Readonly<z.output<typeof openLot>> & { readonly held: number; readonly free: number };

export interface CreditsNow {
  readonly balance: number;
  readonly available: number;
  readonly held: number;
  readonly debt: number;
  readonly lots: readonly LotNow[];
  readonly holds: BalanceState['holds'];
}

/**
 * What an account is at an instant, as the ledger will say once somebody has looked at it: holds whose time is over
 * hold nothing, lots whose time is over have nothing but what is held of them, and what came free repays a debt.
 */
export function creditsAt({ account, lots, holds }: BalanceState, now: Date): CreditsNow {
  const active = holds.filter(({ expires_at }) => new Date(expires_at) > now);
  const parts = Map.groupBy(
    active.flatMap((hold) => hold.lots),
    ({ lot_id }) => lot_id,
  );
  let debt = account?.debt ?? 0;
  const lotsNow = lots.map((lot) => {
    const held = sum((parts.get(lot.id) ?? []).map(({ amount }) => amount));
    const isOver = !lot.renews && lot.expires_at !== null && lot.expires_at <= now;
    const unspent = isOver ? 0 : lot.remaining - held;
    const repaid = Math.min(debt, unspent);
    debt -= repaid;
    const free = unspent - repaid;
    return { ...lot, held, free, remaining: free + held };
  });
  const free = sum(lotsNow.map((lot) => lot.free));
  const held = sum(active.map(({ amount }) => amount));
  return {
    balance: free + held - debt,
    available: free,
    held,
    debt,
    lots: lotsNow.filter(({ remaining }) => remaining > 0),
    holds: active,
  };
}

export function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
