import { and, asc, eq, sql } from 'drizzle-orm';
import { build } from '../db/index.ts';
import { creditCosts } from './tables.ts';

/** All costs and the version of their document, as they are at one instant. */
export function loadCosts() {
  return build.execute(sql`
    select version::int, (
      select coalesce(json_object_agg(operation_type, credits order by operation_type), '{}') from credit_costs
    ) as costs
    from catalogue_versions where document = 'credit_costs'`);
}

export function listCosts() {
  return build.select().from(creditCosts).orderBy(asc(creditCosts.operationType));
}

export function findCost(operationType: string) {
  return build.select().from(creditCosts).where(eq(creditCosts.operationType, operationType));
}

/** A row when an operation of ours, by its id, has changed the cost. */
export function findCostChange(operationType: string, operationId: string) {
  return build.execute(sql`
    select id from pricing_history
    where operation_id = ${operationId}::uuid and item_type = 'operation' and item_key = ${operationType} limit 1`);
}

/** What an operation costs, as it was read: version 0 stands for one that was not there. */
export interface SeenCost {
  readonly operationType: string;
  readonly version: number;
}

/**
 * Sets the cost of an operation that still is as it was seen. No row: it is not any more; a unique violation where
 * somebody else has made it. One that was deleted comes back with a version that it never had.
 */
export function setCost({ operationType, version }: SeenCost, credits: number) {
  if (version > 0) {
    return build
      .update(creditCosts)
      .set({ credits })
      .where(and(eq(creditCosts.operationType, operationType), eq(creditCosts.version, version)))
      .returning();
  }
  const changesBefore = sql`(
    select count(*) from pricing_history where item_type = 'operation' and item_key = ${operationType})`;
  return build
    .insert(creditCosts)
    .values({ operationType, credits, version: sql`${changesBefore} + 1` })
    .returning();
}

/** The same for deleting it. */
export function deleteCost({ operationType, version }: SeenCost) {
  return build
    .delete(creditCosts)
    .where(and(eq(creditCosts.operationType, operationType), eq(creditCosts.version, version)))
    .returning();
}
