import type { Store } from '../state/store.ts';

/** An endpoint that has not taken the event. */
interface Undelivered {
  readonly endpoint: string;
  /** It is not tried again by itself. */
  readonly given_up: boolean;
}

/** How an event fares outside of the API. */
export interface EventFacts {
  /** Unix seconds of the sandbox's own time, whatever the time of a test clock was. */
  readonly recorded: number;
  readonly undelivered: readonly Undelivered[];
}

/** Says to whom the event is to be delivered. */
export function expectDelivery(
  store: Store,
  eventId: string,
  recorded: number,
  endpoints: readonly string[],
): void {
  const undelivered = endpoints.map((endpoint) => ({ endpoint, given_up: false }));
  store.setFacts('event', eventId, { recorded, undelivered });
}

/** Whether the endpoint has still to take the event. */
export function isUndelivered(store: Store, eventId: string, endpointId: string): boolean {
  return undeliveredOf(store, eventId).some(({ endpoint }) => endpoint === endpointId);
}

/** The events, oldest first, that an endpoint has not taken and is still to get. */
export function waitingFor(store: Store, endpointId: string): string[] {
  return store
    .all('event')
    .filter(({ id }) =>
      undeliveredOf(store, id).some(({ endpoint, given_up }) => endpoint === endpointId && !given_up),
    )
    .map(({ id }) => id)
    .toReversed();
}

/** The endpoint has taken the event: `pending_webhooks` counts one less. */
export function markTaken(store: Store, eventId: string, endpointId: string): void {
  update(store, eventId, (undelivered) => undelivered.filter(({ endpoint }) => endpoint !== endpointId));
}

/** The endpoint will not be tried again; it still counts in `pending_webhooks`. */
export function markGivenUp(store: Store, eventId: string, endpointId: string): void {
  update(store, eventId, (undelivered) =>
    undelivered.map((one) => (one.endpoint === endpointId ? { ...one, given_up: true } : one)),
  );
}

function undeliveredOf(store: Store, eventId: string): readonly Undelivered[] {
  return store.facts('event', eventId)?.undelivered ?? [];
}

function update(
  store: Store,
  eventId: string,
  change: (undelivered: readonly Undelivered[]) => readonly Undelivered[],
): void {
  const facts = store.facts('event', eventId);
  if (!facts) return;
  const undelivered = change(facts.undelivered);
  store.setFacts('event', eventId, { ...facts, undelivered });
  store.put({ ...store.must('event', eventId), pending_webhooks: undelivered.length });
}
