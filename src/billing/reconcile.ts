import { DomainError } from '../core/errors.ts';
import { describeFault } from '../core/log.ts';
import { addSeconds } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { StripeRefusal } from '../stripe/index.ts';
import type { Difference } from './book-differences.ts';
import {
  compareCheckouts,
  compareInvoices,
  compareLedger,
  comparePayments,
  compareReversals,
  compareSubscriptions,
  type Compared,
} from './compare-books.ts';
import { keepReconciliation } from './reconcile-queries.ts';
import { settleInvoice } from './settle-invoice.ts';
import { settleReversal } from './settle-reversal.ts';
import { settleSession } from './settle-session.ts';
import { SettlementError, untilFresh, type Fact, type Settlement } from './settlement.ts';
import { settleSubscription } from './sync-subscription.ts';

export type ReconcileDeps = Pick<Deps, 'db' | 'stripe' | 'clock' | 'log'>;

/** A month and some days: everything of one period, and what a delivery may be late. */
const defaultWindowDays = 35;
const secondsOfDay = 24 * 60 * 60;

export interface ReconciledDifference extends Difference {
  /** `open`: reported. `fixed`: repaired, and found in line. Else why it could not be repaired. */
  readonly outcome: string;
}

export interface Reconciliation {
  readonly since: Date;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly compared: Readonly<Record<string, number>>;
  readonly differences: readonly ReconciledDifference[];
}

/**
 * Compares our subscriptions, payments and grants with Stripe's, and the ledger with itself. With `fix`, what is safe
 * is repaired: Stripe's object is settled again, as its event would have been. Keeps what it found.
 */
export async function reconcile(
  deps: ReconcileDeps,
  { windowDays = defaultWindowDays, fix }: { readonly windowDays?: number; readonly fix: boolean },
): Promise<Reconciliation> {
  const startedAt = deps.clock.now();
  const since = addSeconds(startedAt, -windowDays * secondsOfDay);
  const compared: Compared = { subscriptions: 0, invoices: 0, checkouts: 0, reversals: 0, payments: 0 };
  const differences: ReconciledDifference[] = [];
  // Grants before what takes them back: a reversal needs its payment.
  for (const comparison of [
    compareSubscriptions(deps, compared),
    compareInvoices(deps, since, compared),
    compareCheckouts(deps, since, compared),
    compareReversals(deps, since, compared),
    comparePayments(deps, since, compared),
    compareLedger(deps, since),
  ]) {
    for await (const difference of comparison) {
      const outcome = fix && difference.repair !== 'by_hand' ? await repair(deps, difference) : 'open';
      differences.push({ ...difference, outcome });
    }
  }
  const finishedAt = deps.clock.now();
  await deps.db.run(keepReconciliation({ startedAt, finishedAt, compared, differences }));
  return { since, startedAt, finishedAt, compared, differences };
}

/** For the scheduled job: reports, and changes nothing. */
export async function reconcileNightly(deps: ReconcileDeps): Promise<void> {
  const { differences, compared } = await reconcile(deps, { fix: false });
  if (differences.length === 0) deps.log.info('reconciled', compared);
  else deps.log.error('reconcile_differences', { count: differences.length, ...compared });
}

async function repair(deps: ReconcileDeps, difference: Difference): Promise<string> {
  try {
    return await untilFresh(async () => {
      const settlement = await settle(deps, difference);
      if (settlement.kind === 'ignored') return settlement.reason;
      const [first, ...rest] = settlement.statements;
      if (first !== undefined) await deps.db.batch([first, ...rest]);
      return 'fixed';
    });
  } catch (error) {
    if (error instanceof SettlementError || error instanceof DomainError) return error.code;
    deps.log.error('reconcile_repair_failed', { object: difference.id, ...describeFault(error) });
    return error instanceof StripeRefusal ? 'stripe_refused' : 'failed';
  }
}

function settle(deps: ReconcileDeps, { id, repair: way }: Difference): Promise<Settlement> {
  const fact: Fact = { eventId: null, objectId: id, occurredAt: deps.clock.now() };
  switch (way) {
    case 'sync_subscription':
      return settleSubscription(deps, id, null);
    case 'settle_invoice':
      return settleInvoice(deps, fact);
    case 'settle_session':
      return settleSession(deps, fact, 'never');
    case 'settle_reversal':
      return settleReversal(deps, { ...fact, chargeId: null, paymentIntentId: id });
    case 'by_hand':
      throw new SettlementError('object_unnamed');
  }
}
