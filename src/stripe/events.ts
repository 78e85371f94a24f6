import type Stripe from 'stripe';
import type { Asking } from './asking.ts';
import { StripeRefusal } from './errors.ts';
import { event, type StripeEvent } from './schemas.ts';

/** Stripe's pages are no larger. */
const pageSize = 100;

/** An event with its text, which is kept in the place of a delivery's. */
export interface ListedEvent {
  readonly event: StripeEvent;
  readonly payload: string;
}

export interface EventPage {
  /** Newest first. */
  readonly events: readonly ListedEvent[];
  /** How many there were beside them that are no events as we know them. */
  readonly unreadable: number;
  /** Behind which event the next page begins; null when this one is the last. */
  readonly next: string | null;
}

/** What happened in an account, as Stripe remembers it for 30 days. */
export interface StripeEvents {
  /**
   * The events of a time, to the second, both ends included: newest first, from behind the event `after`. Undefined
   * when Stripe does not know that one (any more).
   * Source: https://docs.stripe.com/api/events/list
   */
  listEvents(time: { since: Date; until: Date }, after: string | null): Promise<EventPage | undefined>;
}

/** The part of the gateway that lists events. */
export function openStripeEvents(sdk: Stripe, { call }: Asking): StripeEvents {
  return {
    listEvents: async ({ since, until }, after) => {
      const created = { gte: unixSeconds(since), lte: unixSeconds(until) };
      const from = after === null ? {} : { starting_after: after };
      try {
        return readPage(await call(() => sdk.events.list({ created, limit: pageSize, ...from })));
      } catch (error) {
        if (error instanceof StripeRefusal && error.parameter === 'starting_after') return undefined;
        throw error;
      }
    },
  };
}

/** One event that cannot be read does not hide the others. */
function readPage({ data, has_more: hasMore }: Stripe.ApiList<Stripe.Event>): EventPage {
  const events = data.flatMap((object): readonly ListedEvent[] => {
    const payload = JSON.stringify(object);
    const parsed = event.safeParse(JSON.parse(payload));
    return parsed.success ? [{ event: parsed.data, payload }] : [];
  });
  return {
    events,
    unreadable: data.length - events.length,
    next: hasMore ? (data.at(-1)?.id ?? null) : null,
  };
}

function unixSeconds(moment: Date): number {
  return Math.floor(moment.getTime() / 1000);
}
