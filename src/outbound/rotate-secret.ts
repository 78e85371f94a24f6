import type { Actor } from '../core/actor.ts';
import type { Endpoint } from './admin-schemas.ts';
import { doneOutcome, shownEndpoint, signedBy, type EndpointDeps } from './endpoint-outcome.ts';
import { findEndpoint, rotateSecretRow } from './endpoint-queries.ts';
import { makeSecret, openSecret, sealSecret } from './endpoint-secret.ts';

/**
 * Gives an endpoint a new secret. The present one goes on signing beside it for `overlapHours`, and is not pushed out
 * by another rotation meanwhile.
 * @throws DomainError `endpoint_not_found`, `endpoint_unsigned` (mail), `rotation_under_way`, `sealing_not_configured`
 */
export async function rotateSecret(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
  overlapHours: number,
): Promise<{ endpoint: Endpoint; secret: string }> {
  const { db, sealing } = deps;
  const sealed = await sealSecret(sealing, id, makeSecret());
  const [, rotated, found] = await db.batch([
    signedBy(deps, actor),
    rotateSecretRow(id, sealed, overlapHours),
    findEndpoint(id),
  ]);
  // An operation that is made again answers the secret that it made the first time.
  const { sealed_secret: present } = doneOutcome(rotated.rows);
  return { endpoint: shownEndpoint(found.rows), secret: await openSecret(sealing, id, present ?? sealed) };
}
