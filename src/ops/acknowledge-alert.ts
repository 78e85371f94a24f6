import { actorLabel, type User } from '../core/actor.ts';
import type { Deps } from '../deps.ts';
import { noteAcknowledged } from './alert-queries.ts';
import { expectAlert, type ShownAlert } from './read-alerts.ts';

/**
 * Notes that somebody has taken note of an alert, open or closed. Whoever was first stays: again, by whomever, it
 * answers the same and changes nothing. Throws `alert_not_found`.
 */
export async function acknowledgeAlert(
  deps: Pick<Deps, 'db'>,
  user: User,
  { id, note }: { readonly id: string; readonly note: string | undefined },
): Promise<ShownAlert> {
  return expectAlert(await deps.db.run(noteAcknowledged(id, { by: actorLabel(user), note: note ?? null })));
}
