import { sql } from 'drizzle-orm';
import { build } from '../db/index.ts';

export function ping() {
  return build.execute(sql`select 1`);
}
