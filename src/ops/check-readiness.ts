import type { Deps } from '../deps.ts';
import { ping } from './queries.ts';

/** Throws `database_unavailable` when the database does not answer. */
export async function checkReadiness(deps: Pick<Deps, 'db'>): Promise<void> {
  await deps.db.run(ping());
}
