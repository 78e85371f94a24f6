import type { Actor } from '../core/actor.ts';
import { doneOutcome, signedBy, type EndpointDeps } from './endpoint-outcome.ts';
import { tellTest } from './endpoint-queries.ts';

/**
 * Tells one endpoint, whatever it asked for, of an event `endpoint.test`. Answers the delivery's id.
 * @throws DomainError `endpoint_not_found`, `endpoint_disabled`
 */
export async function testEndpoint(deps: EndpointDeps, actor: Actor, id: string): Promise<string> {
  const [, told] = await deps.db.batch([signedBy(deps, actor), tellTest(id, deps.clock.now())]);
  const { outcome, delivery_id: deliveryId } = doneOutcome(told.rows);
  if (deliveryId === null) throw new Error(`a test that was ${outcome} has no delivery`);
  return deliveryId;
}
