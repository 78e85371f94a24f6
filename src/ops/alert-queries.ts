import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import { build } from '../db/index.ts';
import type { AlertKind } from './alert-kinds.ts';
import { alerts } from './tables.ts';

/** Opens and closes alerts by what is wrong now; the SQL function says how. Answers those that changed. */
export function evaluateConditions(failuresInARow: number) {
  return build.execute<{
    change: 'opened' | 'closed';
    alert_id: string;
    alert_kind: string;
    alert_subject: string;
  }>(sql`select * from evaluate_alerts(${failuresInARow}::int)`);
}

/** An alert's place in the list, which is the newest first: when it opened (microseconds since 1970), and its id. */
export type AlertPosition = readonly [microseconds: number, id: string];

export interface AlertFilter {
  readonly status: 'open' | 'closed' | undefined;
  readonly kind: AlertKind | undefined;
  readonly acknowledged: boolean | undefined;
  readonly before: AlertPosition | undefined;
  readonly limit: number;
}

const shown = {
  id: alerts.id,
  kind: alerts.kind,
  subject: alerts.subject,
  data: alerts.data,
  openedAt: alerts.openedAt,
  lastSeenAt: alerts.lastSeenAt,
  closedAt: alerts.closedAt,
  acknowledgedAt: alerts.acknowledgedAt,
  acknowledgedBy: alerts.acknowledgedBy,
  note: alerts.note,
};

/** Alerts of some kind and state, newest first. */
export function findAlerts({ status, kind, acknowledged, before, limit }: AlertFilter) {
  const isSet = (
    wanted: boolean | undefined,
    column: typeof alerts.closedAt | typeof alerts.acknowledgedAt,
  ) => (wanted === undefined ? undefined : wanted ? isNotNull(column) : isNull(column));
  return build
    .select({
      ...shown,
      microseconds: sql<string>`(extract(epoch from ${alerts.openedAt}) * 1000000)::bigint::text`,
    })
    .from(alerts)
    .where(
      and(
        isSet(status && status === 'closed', alerts.closedAt),
        isSet(acknowledged, alerts.acknowledgedAt),
        kind && eq(alerts.kind, kind),
        before &&
          sql`(${alerts.openedAt}, ${alerts.id}) < (timestamptz 'epoch' + ${before[0]}::bigint * interval '1 microsecond',
            ${before[1]}::uuid)`,
      ),
    )
    .orderBy(sql`${alerts.openedAt} desc`, sql`${alerts.id} desc`)
    .limit(limit);
}

export function findAlert(id: string) {
  return build.select(shown).from(alerts).where(eq(alerts.id, id));
}

/** Notes who has taken note of an alert, unless somebody has before: then theirs stays. No row: there is no such alert. */
export function noteAcknowledged(
  id: string,
  { by, note }: { readonly by: string; readonly note: string | null },
) {
  const first = sql`${alerts.acknowledgedAt} is null`;
  return build
    .update(alerts)
    .set({
      acknowledgedAt: sql`coalesce(${alerts.acknowledgedAt}, now())`,
      acknowledgedBy: sql`case when ${first} then ${by} else ${alerts.acknowledgedBy} end`,
      note: sql`case when ${first} then ${note} else ${alerts.note} end`,
    })
    .where(eq(alerts.id, id))
    .returning(shown);
}

export type AlertRow = Awaited<ReturnType<typeof findAlert>>[number];
