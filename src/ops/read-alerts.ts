import type { z } from 'zod';
import { decodeMicrosecondCursor, page } from '../core/cursor.ts';
import { notFound } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { findAlert, findAlerts, type AlertRow } from './alert-queries.ts';
import type { alertAnswer, alertsAnswer, AlertsQuery } from './alert-schemas.ts';

export type ShownAlert = z.input<typeof alertAnswer>['alert'];

/** One page of alerts, the newest first. Throws `invalid_cursor`. */
export async function readAlerts(
  deps: Pick<Deps, 'db'>,
  { cursor, limit, status, kind, acknowledged }: AlertsQuery,
): Promise<Omit<z.input<typeof alertsAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeMicrosecondCursor(cursor);
  const rows = await deps.db.run(findAlerts({ status, kind, acknowledged, before, limit: limit + 1 }));
  const { entries, nextCursor } = page(rows, limit, ({ microseconds, id }) => [Number(microseconds), id]);
  return { alerts: entries.map(showAlert), count: entries.length, next_cursor: nextCursor };
}

/** Throws `alert_not_found`. */
export async function readAlert(deps: Pick<Deps, 'db'>, id: string): Promise<ShownAlert> {
  return expectAlert(await deps.db.run(findAlert(id)));
}

export function expectAlert([row]: readonly AlertRow[]): ShownAlert {
  if (row === undefined) throw notFound('alert_not_found', 'There is no such alert.');
  return showAlert(row);
}

function showAlert(row: AlertRow): ShownAlert {
  return {
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    status: row.closedAt === null ? 'open' : 'closed',
    details: { ...row.data },
    opened_at: row.openedAt.toISOString(),
    last_seen_at: row.lastSeenAt.toISOString(),
    closed_at: row.closedAt?.toISOString() ?? null,
    acknowledged_at: row.acknowledgedAt?.toISOString() ?? null,
    acknowledged_by: row.acknowledgedBy,
    note: row.note,
  };
}
