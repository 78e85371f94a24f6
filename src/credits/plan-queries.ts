import { sql } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';

export interface PlanClawback {
  readonly customerId: string;
  readonly stripeSubscriptionId: string;
  readonly credits: number;
  /** Names the fact: it takes once. */
  readonly sourceRef: string;
  readonly description: string;
  readonly eventId: string | null;
  readonly actor: string;
  readonly now: Date;
}

/** Takes a plan's credits back, from the newest of the subscription's lots first. What is not there becomes debt. */
export function clawBackPlanCredits(clawback: PlanClawback) {
  return build.execute(sql`
    select claw_back_credits(
      ${clawback.customerId}::uuid, ${clawback.credits}::bigint, newest_plan_lot(${clawback.stripeSubscriptionId}),
      ${clawback.sourceRef}, ${clawback.description}, null, ${clawback.eventId}, ${clawback.actor},
      ${instant(clawback.now)})`);
}

/** Ends the lots and holds of at most `limit` accounts whose time is over. Row: how many accounts it looked at. */
export function expireAccounts(limit: number, now: Date) {
  return build.execute<{ looked_at: number }>(
    sql`select expire_credits(${limit}::int, ${instant(now)}) as looked_at`,
  );
}
