import { equals } from '../api/lists.ts';
import { list, retrieve, type Operation } from '../api/operations.ts';

const PATH = '/v1/events';

export const events: readonly Operation[] = [
  retrieve(PATH, 'event'),
  list(PATH, 'event', 'eventList', (event, params) => {
    return (
      equals(event.pending_webhooks === 0, params.delivery_success) &&
      (params.type === undefined || matches(event.type, params.type)) &&
      (params.types === undefined || params.types.some((type) => matches(event.type, type)))
    );
  }),
];

/** `type` may end in a wildcard: `charge.*`. */
function matches(type: string, pattern: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
