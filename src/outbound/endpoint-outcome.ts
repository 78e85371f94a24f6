import { actorLabel, type Actor } from '../core/actor.ts';
import { conflict, DomainError, invalid, notFound } from '../core/errors.ts';
import { signChanges } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { storedEndpoint, type Endpoint } from './admin-schemas.ts';

/** What the verbs about endpoints have in common. */

export type EndpointDeps = Pick<
  Deps,
  'db' | 'clock' | 'config' | 'mail' | 'sealing' | 'requestId' | 'operationId'
>;

/** First in the batch: the change is written down under this name. */
export function signedBy({ requestId, operationId }: EndpointDeps, actor: Actor) {
  return signChanges({ actor: actorLabel(actor), reason: undefined, requestId, operationId });
}

interface Outcome {
  readonly outcome: string;
  readonly version?: number | null;
  readonly until?: string | null;
}

/** The row that a function of endpoints answered; throws what its outcome means, where it has done nothing. */
export function doneOutcome<Row extends Outcome>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('a function that always answers a row has answered none');
  const refusal = refusalOf(row);
  if (refusal !== undefined) throw refusal;
  return row;
}

function refusalOf({ outcome, version, until }: Outcome): DomainError | undefined {
  switch (outcome) {
    case 'not_found':
      return endpointNotFound();
    case 'delivery_not_found':
      return deliveryNotFound();
    case 'version_conflict':
      return new DomainError(
        'precondition_failed',
        'version_conflict',
        'The endpoint has changed since it was read.',
        { members: { version } },
      );
    case 'too_many':
      return conflict('too_many_endpoints', 'There are as many endpoints as there may be: delete one first.');
    case 'other_format':
      return refusedUrl('an endpoint of mail stays one, and the others none: make another endpoint');
    case 'unsigned':
      return conflict('endpoint_unsigned', 'Mails are not signed: this endpoint has no secret.');
    case 'rotating':
      return conflict(
        'rotation_under_way',
        'The secret before the present one still signs. Wait, or end both at once with `overlap_hours` 0.',
        { previous_secret_until: typeof until === 'string' ? new Date(until).toISOString() : null },
      );
    case 'disabled':
      return conflict('endpoint_disabled', 'The endpoint is disabled: enable it first.');
    case 'in_progress':
      return conflict('delivery_in_progress', 'The delivery waits for its next try, or is being made.');
    default:
      return undefined;
  }
}

export function endpointNotFound(): DomainError {
  return notFound('endpoint_not_found', 'There is no such endpoint.');
}

export function deliveryNotFound(): DomainError {
  return notFound('delivery_not_found', 'This endpoint has no such delivery.');
}

export function refusedUrl(detail: string): DomainError {
  return invalid('endpoint_url_refused', 'Events cannot be told there.', [
    { pointer: '/url', code: 'endpoint_url_refused', detail },
  ]);
}

/** An endpoint that was read. Throws `endpoint_not_found` where there was none. */
export function shownEndpoint([row]: readonly { readonly endpoint: unknown }[]): Endpoint {
  if (row === undefined) throw endpointNotFound();
  return storedEndpoint.parse(row.endpoint);
}
