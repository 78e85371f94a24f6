import { inArray, sql } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import { webhookEvents } from './tables.ts';

/** How long looks at Stripe's list that found nothing are kept. */
const idleChecksDays = 7;
/** How long refused deliveries are. */
const rejectionsDays = 90;

/**
 * Clears payload and Stripe's customer of events that were processed or ignored before an instant, those that came first
 * first, some at a time; rows for them. One that a worker has right now is left for the next time.
 */
export function cleanPayloads(before: Date, limit: number) {
  const moment = instant(before);
  // Nothing ends before it comes, and by when it came there is an index.
  const ended = build
    .select({ eventId: webhookEvents.eventId })
    .from(webhookEvents)
    .where(
      sql`${webhookEvents.payload} is not null and ${webhookEvents.status} in ('processed', 'ignored')
        and ${webhookEvents.receivedAt} < ${moment}
        and coalesce(${webhookEvents.processedAt}, ${webhookEvents.receivedAt}) < ${moment}`,
    )
    .orderBy(webhookEvents.receivedAt)
    .limit(limit)
    .for('update', { skipLocked: true });
  return build
    .update(webhookEvents)
    .set({ payload: null, stripeCustomerId: null })
    .where(inArray(webhookEvents.eventId, ended))
    .returning({ eventId: webhookEvents.eventId });
}

/**
 * Forgets old counts of refused deliveries, and looks at Stripe's list that found nothing; the last one stays, since the
 * next begins where it ended.
 */
export function forgetOldFigures() {
  return build.execute(sql`
    with rejections as (
      delete from webhook_rejections where minute < now() - make_interval(days => ${rejectionsDays}::int)
    )
    delete from gap_checks
    where stored = 0 and finished_at < now() - make_interval(days => ${idleChecksDays}::int)
      and id <> (select max(id) from gap_checks where finished_at is not null)`);
}
