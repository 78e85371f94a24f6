import type { AccountReference } from '../core/actor.ts';

/** What becomes of an event, in the order in which it usually does. */
export const eventStatuses = ['pending', 'processing', 'processed', 'ignored', 'failed', 'dead'] as const;
export type EventStatus = (typeof eventStatuses)[number];

/** Who told of an event. */
export const eventSources = ['webhook', 'events_api', 'replay'] as const;
export type EventSource = (typeof eventSources)[number];

/** Which events of the inbox are meant: those that all of it is true of. */
export interface EventFilter {
  readonly statuses: readonly EventStatus[] | undefined;
  /** A type of Stripe's, or a family of them: `invoice.*`. */
  readonly type: string | undefined;
  readonly customer: AccountReference | undefined;
  /** Received then or later. */
  readonly since: string | undefined;
  /** Received before then. */
  readonly until: string | undefined;
}
