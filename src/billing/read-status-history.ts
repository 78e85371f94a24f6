import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeCursor, page } from '../core/cursor.ts';
import { expectCustomer, findCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import { listSubscriptionChanges } from './status-queries.ts';
import type { statusHistory, StatusHistoryQuery, subscriptionChanges } from './status-schemas.ts';

type Changes = z.input<typeof subscriptionChanges>;

/** A page of what became of an account's subscriptions, newest first, from the replica. Throws `invalid_cursor`, `customer_not_found`. */
export async function readStatusHistory(
  deps: Pick<Deps, 'replica'>,
  account: AccountReference,
  { limit, cursor }: Omit<StatusHistoryQuery, 'customer'>,
): Promise<Omit<z.input<typeof statusHistory>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeCursor(cursor);
  const [[customer], rows] = await deps.replica.batch([
    findCustomer(account),
    listSubscriptionChanges(account, before, limit + 1),
  ]);
  expectCustomer(account, customer?.id);
  const { entries, nextCursor } = page(rows, limit, ({ id }) => id);
  const history = entries.map((entry) => ({
    id: entry.id,
    stripe_subscription_id: entry.stripeSubscriptionId,
    changes: toChanges(storedChanges.parse(entry.changes), storedOffers.parse(entry.offers)),
    event_id: entry.eventId,
    changed_at: entry.changedAt.toISOString(),
  }));
  return { history, next_cursor: nextCursor };
}

function pair<Value extends z.ZodType>(value: Value) {
  return z.tuple([value.nullable(), value.nullable()]).optional();
}

const text = pair(z.string());
/** As JSON made by Postgres: in whatever offset its session has. */
const instant = pair(z.iso.datetime({ offset: true }).transform((value) => new Date(value).toISOString()));

/** What the trigger wrote: of each column its old and its new value. */
const storedChanges = z.strictObject({
  status: text,
  offer_id: text,
  quantity: pair(z.int()),
  started_at: instant,
  current_period_start: instant,
  current_period_end: instant,
  cancel_at_period_end: pair(z.boolean()),
  cancel_at: instant,
  canceled_at: instant,
  ended_at: instant,
  trial_start: instant,
  trial_end: instant,
  pause_behavior: text,
  pause_resumes_at: instant,
  next_offer_id: text,
  next_offer_at: instant,
});

const storedOffers = z.record(
  z.string(),
  z.object({ plan: z.string(), price_id: z.string().nullable(), amount: z.int() }),
);

function toChanges(
  { offer_id, next_offer_id, ...stored }: z.output<typeof storedChanges>,
  offers: z.output<typeof storedOffers>,
): Changes {
  const offerOf = (id: string | null) => (id === null ? null : (offers[id] ?? null));
  const named = {
    ...stored,
    offer: offer_id && [offerOf(offer_id[0]), offerOf(offer_id[1])],
    next_offer: next_offer_id && [offerOf(next_offer_id[0]), offerOf(next_offer_id[1])],
  };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, change]) =>
      change === undefined ? [] : [[name, { from: change[0], to: change[1] }]],
    ),
  );
}
