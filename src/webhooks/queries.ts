import { and, eq, sql } from 'drizzle-orm';
import { build } from '../db/index.ts';
import { webhookEvents } from './tables.ts';

/** A worker that has not come back by then is taken for dead. */
const leaseSeconds = 60;
/** How long after each failure an event is tried again; after the last one it is dead. */
const retryDelaysSeconds = [10, 30, 120, 600, 3600, 14_400, 43_200] as const;
const attemptsAtMost = retryDelaysSeconds.length + 1;

export interface ReceivedEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly apiVersion: string | null;
  readonly livemode: boolean;
  readonly stripeCreated: Date;
  readonly payload: string;
  readonly status: 'pending' | 'ignored';
  readonly ignoredReason: string | null;
}

/**
 * Puts an event into the inbox; no row when it is there already. While an account moves to another API version,
 * Stripe sends each event once in either: the one that can be read takes the place of the one that could not.
 */
export function storeEvent(event: ReceivedEvent) {
  return build
    .insert(webhookEvents)
    .values(event)
    .onConflictDoUpdate({
      target: webhookEvents.eventId,
      set: event,
      setWhere: sql`${webhookEvents.status} = 'ignored' and ${webhookEvents.ignoredReason} = 'api_version'
        and excluded.status = 'pending'`,
    })
    .returning({ eventId: webhookEvents.eventId });
}

/** Due: its time has come, or the worker that had it is gone. */
const isDue = sql`(
  (${webhookEvents.status} in ('pending', 'failed') and ${webhookEvents.nextAttemptAt} <= now())
  or (${webhookEvents.status} = 'processing' and ${webhookEvents.leaseUntil} <= now()))`;

/** Takes a due event for one worker. The number of the attempt is what the worker proves its claim with. */
export function claimEvent(eventId: string) {
  return build
    .update(webhookEvents)
    .set({
      status: 'processing',
      attempts: sql`${webhookEvents.attempts} + 1`,
      leaseUntil: sql`now() + make_interval(secs => ${leaseSeconds})`,
    })
    .where(and(eq(webhookEvents.eventId, eventId), isDue))
    .returning({ payload: webhookEvents.payload, attempt: webhookEvents.attempts });
}

export interface Claim {
  readonly eventId: string;
  readonly attempt: number;
}

/** Raised by `complete_webhook_event` when another worker has taken the event over. */
export const claimLost = 'RC410';

/** Begins the batch that commits the event's effects: without the claim, none of them happens. */
export function completeEvent({ eventId, attempt }: Claim, customerId: string) {
  return build.execute(sql`select complete_webhook_event(${eventId}, ${attempt}::int, ${customerId}::uuid)`);
}

function isClaimed({ eventId, attempt }: Claim) {
  return and(
    eq(webhookEvents.eventId, eventId),
    eq(webhookEvents.status, 'processing'),
    eq(webhookEvents.attempts, attempt),
  );
}

export function ignoreEvent(claim: Claim, reason: string) {
  return build
    .update(webhookEvents)
    .set({
      status: 'ignored',
      ignoredReason: reason,
      leaseUntil: null,
      lastError: null,
      processedAt: sql`now()`,
    })
    .where(isClaimed(claim))
    .returning({ status: webhookEvents.status });
}

/** Puts the event off, spread out so that what failed together does not come back together; or buries it. */
export function failEvent(claim: Claim, error: string) {
  const delaySeconds = retryDelaysSeconds[claim.attempt - 1];
  return build
    .update(webhookEvents)
    .set({
      status: delaySeconds === undefined ? 'dead' : 'failed',
      nextAttemptAt: sql`now() + make_interval(secs => ${delaySeconds ?? 0} * (0.9 + 0.2 * random()))`,
      leaseUntil: null,
      lastError: error,
    })
    .where(isClaimed(claim))
    .returning({ status: webhookEvents.status });
}

export function findDueEvents(limit: number) {
  return build
    .select({ eventId: webhookEvents.eventId })
    .from(webhookEvents)
    .where(and(sql`${webhookEvents.status} in ('pending', 'failed', 'processing')`, isDue))
    .orderBy(webhookEvents.nextAttemptAt)
    .limit(limit);
}

/** Buries the events whose last try ended with the worker's own death. */
export function buryAbandonedEvents() {
  return build
    .update(webhookEvents)
    .set({ status: 'dead', leaseUntil: null, lastError: 'worker_lost' })
    .where(
      and(
        eq(webhookEvents.status, 'processing'),
        sql`${webhookEvents.leaseUntil} <= now() and ${webhookEvents.attempts} >= ${attemptsAtMost}`,
      ),
    )
    .returning({ eventId: webhookEvents.eventId, eventType: webhookEvents.eventType });
}
