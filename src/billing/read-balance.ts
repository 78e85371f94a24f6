import type { z } from 'zod';
import type { User } from '../core/actor.ts';
import { readSummary, summariseAccount } from '../credits/index.ts';
import type { Deps } from '../deps.ts';
import { findActivePlan } from './payment-queries.ts';
import type { creditBalance } from './schemas.ts';

/** Below this share of the monthly allocation a customer is warned. */
const warningShare = 0.2;

/** A user's credits: what the ledger holds, beside what the active plan gives. */
export async function readBalance(
  deps: Pick<Deps, 'db' | 'clock'>,
  user: User,
): Promise<z.input<typeof creditBalance>> {
  const [account, [plan]] = await deps.db.batch([
    summariseAccount(user),
    findActivePlan(user, deps.clock.now()),
  ]);
  const { balance, purchased, used, used_since_grant, last_grant_at } = readSummary(account.rows);
  const allocation = plan?.credits ?? 0;
  return {
    balance,
    monthly_allocation: allocation,
    total_used: used,
    total_purchased: purchased,
    last_reset: last_grant_at?.toISOString() ?? null,
    percentage_used: percentage(used_since_grant, allocation),
    warning_threshold: allocation > 0 && balance < warningShare * allocation,
  };
}

/** To one decimal, 0 to 100. */
function percentage(part: number, whole: number): number {
  if (whole === 0) return 0;
  return Math.min(100, Math.max(0, Math.round((1000 * part) / whole) / 10));
}
