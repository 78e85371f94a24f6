import { z } from 'zod';
import { describeFault } from '../core/log.ts';
import { inLanes } from '../core/lanes.ts';
import type { Deps } from '../deps.ts';
import { chargeTopUp, type ChargeDeps, type StartedTopUp } from './charge-top-up.ts';
import { beginTopUp, claimLeftTopUps, findDueTopUps } from './top-up-queries.ts';

const charged = {
  id: z.string(),
  stripe_customer_id: z.string(),
  currency: z.string(),
  amount_minor: z.int(),
};

const begun = z
  .object(charged)
  .transform((row) => toTopUp({ ...row, stripe_payment_intent_id: null, is_wanted: true }));

const left = z
  .object({ ...charged, stripe_payment_intent_id: z.string().nullable(), is_wanted: z.boolean() })
  .transform((row) => toTopUp(row));

interface TopUpRow {
  readonly id: string;
  readonly stripe_customer_id: string;
  readonly currency: string;
  readonly amount_minor: number;
  readonly stripe_payment_intent_id: string | null;
  readonly is_wanted: boolean;
}

function toTopUp(row: TopUpRow): StartedTopUp {
  return {
    id: row.id,
    stripeCustomerId: row.stripe_customer_id,
    currency: row.currency,
    amountMinor: row.amount_minor,
    paymentIntentId: row.stripe_payment_intent_id,
    isWanted: row.is_wanted,
  };
}

/** Buys the customer's package, if they want that now, may have it, and nobody else is at it. */
async function startTopUp(deps: ChargeDeps, customerId: string): Promise<void> {
  const { rows } = await deps.db.run(beginTopUp(customerId, deps.clock.now()));
  const topUp = begun.nullable().parse(rows[0]?.started ?? null);
  if (topUp !== null) await chargeTopUp(deps, topUp);
}

/** The same after the answer to whoever used the credits. What fails here is done by the scheduled job. */
export function startTopUpLater(deps: Deps, customerId: string): void {
  deps.later('top_up', (apart) => startTopUp(apart, customerId));
}

/** As many as one run gets through well within its time; the next run, a minute later, goes on. */
const topUpsAtOnce = 100;

/**
 * For the scheduled job: goes on with top-ups that were cut off, asks after debits that take their time, and begins
 * those whose moment was missed, or was put off until now. One that fails does not stop the others.
 */
export async function runTopUps(deps: ChargeDeps): Promise<void> {
  const now = deps.clock.now();
  const { rows } = await deps.db.run(claimLeftTopUps(now, topUpsAtOnce));
  const abandoned = rows.map((row) => left.parse(row));
  await inLanes(abandoned, (topUp) => logged(deps, { top_up_id: topUp.id }, () => chargeTopUp(deps, topUp)));
  const due = await deps.db.run(findDueTopUps(now, topUpsAtOnce));
  await inLanes(due, ({ customerId }) =>
    logged(deps, { customer_id: customerId }, () => startTopUp(deps, customerId)),
  );
}

async function logged(
  { log }: ChargeDeps,
  about: Readonly<Record<string, string>>,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.error('top_up_failed', { ...about, ...describeFault(error) });
  }
}
