import { sql, type SQL } from 'drizzle-orm';

/** An instant as a parameter of a statement. */
export function instant(moment: Date | null): SQL {
  return sql`${moment?.toISOString() ?? null}::timestamptz`;
}
