import { sum, type LotNow, type NextGrant } from './balance-state.ts';

/** Credits that come, or go, at an instant. */
export interface Upcoming {
  readonly at: Date;
  readonly credits: number;
}

/** The next credits that come by themselves. */
export function nextGrantOf(grants: readonly NextGrant[]): Upcoming | null {
  return soonest(grants);
}

/**
 * The next unspent credits that go by themselves: of lots that do not renew, at their end; of a plan's lots that wait
 * for its next grant, what is then more than may roll over. Credits that are held do not go.
 */
export function nextExpiryOf(lots: readonly LotNow[], grants: readonly NextGrant[]): Upcoming | null {
  const ends = lots.flatMap(({ renews, expires_at: at, free }) =>
    renews || at === null ? [] : [{ at, credits: free }],
  );
  const cuts = grants.map((grant) => ({ at: grant.at, credits: aboveCap(lots, grant) }));
  return soonest([...ends, ...cuts].filter(({ credits }) => credits > 0));
}

function aboveCap(lots: readonly LotNow[], grant: NextGrant): number {
  const { rollover_cap: cap, stripe_subscription_id: id } = grant;
  if (cap === null) return 0;
  const waiting = lots.filter((lot) => lot.renews && lot.stripe_subscription_id === id);
  const excess = sum(waiting.map(({ remaining }) => remaining)) - cap;
  return Math.min(excess, sum(waiting.map(({ free }) => free)));
}

/** All that happens at the soonest of the instants. */
function soonest(events: readonly Upcoming[]): Upcoming | null {
  const [first] = events.map(({ at }) => at.getTime()).toSorted((one, other) => one - other);
  if (first === undefined) return null;
  const together = events.filter(({ at }) => at.getTime() === first);
  return { at: new Date(first), credits: sum(together.map(({ credits }) => credits)) };
}
