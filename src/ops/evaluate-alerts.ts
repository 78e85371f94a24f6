import type { Deps } from '../deps.ts';
import { evaluateConditions } from './alert-queries.ts';

/** So many failures in a row are too many, unless the configuration says otherwise. */
const defaultFailuresInARow = 5;

/**
 * Opens an alert for each thing that is wrong and has none, and closes those that are over. For the scheduled job.
 * Whoever wants to be told has an endpoint for outbound events of the types `alert.*`.
 */
export async function evaluateAlerts(deps: Pick<Deps, 'db' | 'config' | 'log'>): Promise<void> {
  const { rows } = await deps.db.run(
    evaluateConditions(deps.config.alertFailuresInARow ?? defaultFailuresInARow),
  );
  for (const { change, alert_id, alert_kind: kind, alert_subject: subject } of rows) {
    if (change === 'opened') deps.log.error('alert_opened', { alert_id, kind, subject });
    else deps.log.info('alert_closed', { alert_id, kind, subject });
  }
}
