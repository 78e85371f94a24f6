import { sql } from 'drizzle-orm';
import { build } from '../db/index.ts';

/** When each part of the installation was last seen at work; the SQL function says which. */
export function findOperationalState() {
  return build.execute<{ state: unknown }>(
    sql`select to_json(state) as state from operational_state() as state`,
  );
}

/** Notes that a part of the installation was at work so long ago, by the database's clock. */
export function beatHeart(name: 'cron' | 'queue', secondsAgo: number) {
  return build.execute(sql`select beat_heart(${name}, ${secondsAgo}::float8)`);
}
