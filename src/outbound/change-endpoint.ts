import type { Actor } from '../core/actor.ts';
import type { Endpoint } from './admin-schemas.ts';
import { checkUrl, isMail } from './create-endpoint.ts';
import { doneOutcome, shownEndpoint, signedBy, type EndpointDeps } from './endpoint-outcome.ts';
import {
  changeEndpointRow,
  deleteEndpointRow,
  findEndpoint,
  type EndpointRowChange,
  type Versions,
} from './endpoint-queries.ts';

/**
 * Changes what the change has members for. Disabled, the endpoint is told nothing more, what waits for it included;
 * enabled, it is told of what happens from then on.
 * @throws DomainError `endpoint_not_found`, `version_conflict` (with the present version), `endpoint_url_refused`
 */
export async function changeEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
  change: EndpointRowChange,
  ifVersion: Versions,
): Promise<Endpoint> {
  if (change.url !== undefined) checkUrl(deps, change.url, isMail(change.url) ? 'mail' : 'standard');
  const [, changed, found] = await deps.db.batch([
    signedBy(deps, actor),
    changeEndpointRow(id, ifVersion, change),
    findEndpoint(id),
  ]);
  doneOutcome(changed.rows);
  return shownEndpoint(found.rows);
}

/**
 * Ends an endpoint: it is told nothing more, what waits for it included.
 * @throws DomainError `endpoint_not_found`, `version_conflict`
 */
export async function deleteEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
  ifVersion: Versions,
): Promise<void> {
  const [, deleted] = await deps.db.batch([signedBy(deps, actor), deleteEndpointRow(id, ifVersion)]);
  doneOutcome(deleted.rows);
}
