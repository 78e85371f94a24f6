import { build } from '../db/index.ts';
import { sql } from 'drizzle-orm';

/** Opens and closes alerts by what is wrong now; the SQL function says how. Answers those that changed. */
export function evaluateConditions(failuresInARow: number) {
  return build.execute<{
    change: 'opened' | 'closed';
    alert_id: string;
    alert_kind: string;
    alert_subject: string;
  }>(sql`select * from evaluate_alerts(${failuresInARow}::int)`);
}
