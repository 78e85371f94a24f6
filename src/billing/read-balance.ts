import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { findBalanceState } from './balance-queries.ts';
import type { creditBalance } from './balance-schemas.ts';
import { balanceState, creditsAt, type BalanceState, type CreditsNow } from './balance-state.ts';
import { nextExpiryOf, nextGrantOf, type Upcoming } from './upcoming-credits.ts';

/** Below this share of the monthly allocation a customer is warned, as by the notice `credits.low`. */
const warningShare = 0.2;

/**
 * An account's credits as they are now, what they consist of, and what comes and goes next. In one statement, whose
 * cost does not depend on how long the ledger is. Throws `customer_not_found` for a customer that was named.
 */
export async function readBalance(
  deps: Pick<Deps, 'db' | 'clock'>,
  account: AccountReference,
): Promise<z.input<typeof creditBalance>> {
  const now = deps.clock.now();
  const [row] = (await deps.db.run(findBalanceState(account, now))).rows;
  expectCustomer(account, row?.customer_id ?? null);
  const state = balanceState.parse(row?.state);
  const credits = creditsAt(state, now);
  return {
    ...accountingOf(state, credits),
    available: credits.available,
    held: credits.held,
    debt: credits.debt,
    lots: credits.lots.map((lot) => ({
      id: lot.id,
      kind: lot.kind,
      source: lot.source,
      name: lot.name,
      granted: lot.granted,
      remaining: lot.remaining,
      held: lot.held,
      expires_at: lot.expires_at?.toISOString() ?? null,
      renews: lot.renews,
      created_at: lot.created_at.toISOString(),
    })),
    holds: credits.holds.map(({ lots: _lots, ...hold }) => hold),
    next_grant: shown(nextGrantOf(state.next_grants)),
    next_expiry: shown(nextExpiryOf(credits.lots, state.next_grants)),
  };
}

/** The members that clients have always known. */
function accountingOf({ account, has_plan }: BalanceState, { balance, available }: CreditsNow) {
  const { used = 0, purchased = 0, used_at_reset: usedAtReset = 0 } = account ?? {};
  const allocation = has_plan ? (account?.allocation ?? 0) : 0;
  return {
    balance,
    monthly_allocation: allocation,
    total_used: used,
    total_purchased: purchased,
    last_reset: account?.last_reset_at?.toISOString() ?? null,
    percentage_used: percentage(used - usedAtReset, allocation),
    warning_threshold: available < warningShare * allocation,
  };
}

/** To one decimal, 0 to 100. */
function percentage(part: number, whole: number): number {
  if (whole === 0) return 0;
  return Math.min(100, Math.max(0, Math.round((1000 * part) / whole) / 10));
}

function shown(upcoming: Upcoming | null) {
  return upcoming && { at: upcoming.at.toISOString(), credits: upcoming.credits };
}
