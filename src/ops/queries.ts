import { sql } from 'drizzle-orm';
import { build } from '../db/index.ts';

export function ping() {
  return build.execute(sql`select 1`);
}

/** Notes that a part of the installation was at work so long ago, by the database's clock. */
export function beatHeart(name: 'cron' | 'queue', secondsAgo: number) {
  return build.execute(sql`select beat_heart(${name}, ${secondsAgo}::float8)`);
}
