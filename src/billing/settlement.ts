import { actorLabel } from '../core/actor.ts';
import { isStatementError, staleView, type Statement } from '../db/index.ts';
import type { Deps } from '../deps.ts';

/** Something that happened at Stripe: what it is about, when it happened, and which event told of it. */
export interface Fact {
  /** Null where no event did: a comparison of the books found it. */
  readonly eventId: string | null;
  readonly objectId: string;
  readonly occurredAt: Date;
}

/** What is needed to look at a fact; it is changed by nobody but the caller, who commits the effects. */
export type SettlementDeps = Pick<Deps, 'db' | 'stripe' | 'clock'>;

/** How whoever acts on a fact is written into the ledger. */
export function actorOf({ eventId }: Pick<Fact, 'eventId'>): string {
  return actorLabel({ kind: 'system', name: eventId === null ? 'reconcile' : 'webhook' });
}

/** Why an event needs nothing from us. */
export type IgnoredReason = 'not_ours' | 'nothing_sold' | 'nothing_paid' | 'trial';

export interface Effects {
  readonly kind: 'effects';
  readonly customerId: string;
  readonly statements: readonly Statement[];
}

/** What a fact leads to. The effects are for the caller to commit, all together with the event's completion. */
export type Settlement = Effects | { readonly kind: 'ignored'; readonly reason: IgnoredReason };

/** What of Ratecard's cannot be placed: it is kept, shown and tried again, never lost in silence. */
export class SettlementError extends Error {
  override readonly name = 'SettlementError';
  readonly code:
    | 'object_unnamed'
    | 'session_missing'
    | 'session_unpaid'
    | 'customer_unknown'
    | 'several_offers'
    | 'payment_unknown'
    | 'intent_missing'
    | 'changing';

  constructor(code: SettlementError['code']) {
    super(code);
    this.code = code;
  }
}

const viewsAtMost = 5;

/**
 * Looks at Stripe and commits, again and from the start as often as another was faster. Throws SettlementError
 * `changing` when that goes on, so that it is done later.
 */
export async function untilFresh<T>(lookAndCommit: () => Promise<T>): Promise<T> {
  for (let view = 1; view <= viewsAtMost; view += 1) {
    try {
      return await lookAndCommit();
    } catch (error) {
      if (!isStatementError(error, staleView)) throw error;
    }
  }
  throw new SettlementError('changing');
}
