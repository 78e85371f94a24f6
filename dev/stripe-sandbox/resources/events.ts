import { invalid, noSuch, onlyOneOf } from '../api/errors.ts';
import { equals, inRange, page } from '../api/lists.ts';
import { operation, own, type Operation } from '../api/operations.ts';
import type { Context } from '../state/context.ts';
import type { EventObject } from '../state/wire.ts';

const PATH = '/v1/events';
const KEPT_SECONDS = 30 * 24 * 60 * 60;
const TYPES_AT_MOST = 20;

/** What happened in the last 30 days of the sandbox's own time (https://docs.stripe.com/api/events). */
export const events: readonly Operation[] = [
  operation('GET', `${PATH}/:id`, 'expandOnly', (context, _params, id) => {
    const event = own(context, 'event', id);
    if (!isKept(context, event)) throw noSuch('event', id, 'id', 404);
    return event;
  }),
  operation('GET', PATH, 'eventList', (context, params) => {
    const { created, delivery_success, type, types } = params;
    if (type !== undefined && types !== undefined) {
      throw onlyOneOf(['type', 'types'], 'types');
    }
    if (types && types.length > TYPES_AT_MOST) {
      throw invalid(`You may only specify up to ${TYPES_AT_MOST} types.`, 'types');
    }
    const patterns = types ?? [type ?? '*'];
    return page(
      // A cursor names one of those that are kept, too.
      context.store.all('event').filter((event) => isKept(context, event)),
      params,
      PATH,
      (event) =>
        inRange(event.created, created) &&
        equals(event.pending_webhooks === 0, delivery_success) &&
        patterns.some((pattern) => matches(event.type, pattern)),
    );
  }),
];

/** On a test clock an event may be of any time: what counts is when it was made. */
function isKept({ store, sandboxClock }: Context, event: EventObject): boolean {
  const { recorded } = store.facts('event', event.id) ?? { recorded: event.created };
  return recorded > sandboxClock.now() - KEPT_SECONDS;
}

/** `pattern` may end in a wildcard: `charge.*`. */
export function matches(type: string, pattern: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
