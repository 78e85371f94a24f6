import { sql } from 'drizzle-orm';
import { build } from '../db/index.ts';

/** Adds refused deliveries, by code, to those of this minute. */
export function addRejections(counts: ReadonlyMap<string, number>) {
  // In one order, so that two writers do not wait for each other.
  const rows = JSON.stringify([...counts].toSorted().map(([code, count]) => ({ code, count })));
  return build.execute(sql`
    insert into webhook_rejections as known (minute, code, count)
    select date_trunc('minute', now()), code, count
    from jsonb_to_recordset(${rows}::jsonb) as refused (code text, count bigint)
    on conflict (minute, code) do update set count = known.count + excluded.count`);
}
