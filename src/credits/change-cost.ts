import { actorLabel, type Actor } from '../core/actor.ts';
import { DomainError, notFound } from '../core/errors.ts';
import { isStatementError, signChanges, uniqueViolation } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { deleteCost, findCost, findCostChange, loadCosts, setCost } from './cost-queries.ts';
import { mendCosts, publishCosts } from './read-costs.ts';

type CostDeps = Pick<Deps, 'db' | 'documents' | 'requestId' | 'operationId'>;

export interface CostChange {
  readonly operationType: string;
  /** Undefined: the operation is to be no more. */
  readonly credits: number | undefined;
  readonly reason: string | undefined;
  /** The versions that the caller is content with; undefined: whichever there is, or none. */
  readonly ifVersion: readonly string[] | undefined;
  /** Tell what would change, and change nothing. */
  readonly dryRun: boolean;
}

type Cost = Awaited<ReturnType<typeof findCost>>[number];

export interface CostOutcome {
  /** As it is now: undefined where there is none. */
  readonly cost: Cost | undefined;
  readonly isNew: boolean;
  readonly changes: readonly {
    readonly field: string;
    readonly old_value: number | null;
    readonly new_value: number | null;
  }[];
}

/**
 * Sets what an operation costs, makes a new operation, or deletes one; then shows it to readers. What is spent from
 * the commit on costs what it says.
 * @throws DomainError `version_conflict` (with the present version), `operation_not_found` when there is nothing to
 *   delete
 */
export async function changeCost(deps: CostDeps, actor: Actor, change: CostChange): Promise<CostOutcome> {
  const { operationType, credits } = change;
  const [[present], done] = await deps.db.batch([
    findCost(operationType),
    findCostChange(operationType, deps.operationId),
  ]);
  if (done.rows.length > 0) {
    // An earlier attempt under this Idempotency-Key, whose answer was lost, and which may not have got further.
    await mendCosts(deps);
    return { cost: present, isNew: false, changes: [] };
  }
  if (present === undefined && credits === undefined) {
    throw notFound('operation_not_found', 'There is no such operation.');
  }
  if (change.ifVersion?.includes(String(present?.version ?? 0)) === false) throw versionConflict(present);
  const changes = changesOf(present, credits);
  if (change.dryRun || changes.length === 0) return { cost: present, isNew: false, changes };
  const cost = await write(deps, actor, change, present);
  return { cost, isNew: present === undefined, changes };
}

function changesOf(present: Cost | undefined, credits: number | undefined): CostOutcome['changes'] {
  const [before, after] = [present?.credits ?? null, credits ?? null];
  return before === after ? [] : [{ field: 'credits', old_value: before, new_value: after }];
}

/** All or nothing: a cost that has changed since it was read is left as it is. */
async function write(
  deps: CostDeps,
  actor: Actor,
  { operationType, credits, reason }: CostChange,
  present: Cost | undefined,
): Promise<Cost | undefined> {
  const { requestId, operationId } = deps;
  const seen = { operationType, version: present?.version ?? 0 };
  try {
    const [, [written], costs] = await deps.db.batch([
      signChanges({ actor: actorLabel(actor), reason, requestId, operationId }),
      credits === undefined ? deleteCost(seen) : setCost(seen, credits),
      loadCosts(),
    ]);
    if (written !== undefined) {
      await publishCosts(deps, costs);
      return credits === undefined ? undefined : written;
    }
  } catch (error) {
    if (!isStatementError(error, uniqueViolation)) throw error;
  }
  const [winner] = await deps.db.run(findCost(operationType));
  throw versionConflict(winner);
}

function versionConflict(present: Cost | undefined): DomainError {
  const members = { version: present?.version ?? null };
  const message = 'The cost has changed since it was read.';
  return new DomainError('precondition_failed', 'version_conflict', message, { members });
}
