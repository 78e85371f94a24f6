import { addSeconds } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import type { ListedEvent } from '../stripe/index.ts';
import { describeEvent } from './describe-event.ts';
import { openGapCheck, passGapPage, restartGapCheck, storeGap, type GapStep } from './gap-queries.ts';
import { handlerOf } from './handlers.ts';
import { reasonToIgnoreAnyway } from './judge-event.ts';
import type { ReceivedEvent } from './queries.ts';
import { ringDoorbells } from './ring-doorbell.ts';

type GapDeps = Pick<Deps, 'db' | 'stripe' | 'config' | 'clock' | 'log' | 'webhookQueue'>;

/** What Stripe is delivering right now is no gap. */
const graceSeconds = 60;
/** Of Stripe's list, in one run. After a long outage the next runs go on. */
const pagesPerRun = 50;

/** A look at Stripe's list of what happened in a time, and how far it has come. */
interface GapCheck {
  readonly id: string;
  readonly since: Date;
  readonly until: Date;
  readonly resumeAfter: string | null;
  /** Another run has begun it. */
  readonly isResumed: boolean;
}

/** What one run has found; events oldest last, as Stripe lists them. */
interface Findings {
  listed: number;
  readonly stored: ListedEvent[];
}

/**
 * Reads Stripe's own list of events since the last time, and stores what the inbox lacks, as if it had been delivered:
 * what happened while the endpoint could not be reached, or had the wrong secret. A run that is cut off is gone on with
 * by the next. For the scheduled job.
 */
export async function findGaps(deps: GapDeps): Promise<void> {
  const findings: Findings = { listed: 0, stored: [] };
  try {
    await readList(deps, findings);
  } finally {
    await report(deps, findings);
  }
}

async function readList(deps: GapDeps, findings: Findings): Promise<void> {
  let check = await openCheck(deps);
  for (let pages = 0; pages < pagesPerRun && check !== undefined; pages += 1) {
    const resumeAfter = await readPage(deps, check, findings);
    if (resumeAfter !== 'end') check = { ...check, resumeAfter };
    // What an earlier run had begun ends in the past: the time since then comes next.
    else check = check.isResumed ? await openCheck(deps) : undefined;
  }
}

async function openCheck({ db, clock }: GapDeps): Promise<GapCheck | undefined> {
  const { rows } = await db.run(openGapCheck(addSeconds(clock.now(), -graceSeconds)));
  const [row] = rows;
  return (
    row && {
      id: row.id,
      since: new Date(row.since_seconds * 1000),
      until: new Date(row.until_seconds * 1000),
      resumeAfter: row.resume_after,
      isResumed: row.is_resumed,
    }
  );
}

/** Answers behind which event the next page begins; `end`: there is none. */
async function readPage(deps: GapDeps, check: GapCheck, findings: Findings): Promise<string | null | 'end'> {
  const { db, log, stripe } = deps;
  const page = await stripe.listEvents(check, check.resumeAfter);
  if (page === undefined) {
    await db.run(restartGapCheck(check.id, check.resumeAfter));
    return null;
  }
  if (page.unreadable > 0) log.error('webhook_gap_unreadable', { count: page.unreadable });
  const events = page.events.filter(({ event }) => isExpected(deps, event));
  const step = { checkId: check.id, from: check.resumeAfter, to: page.next, listed: events.length };
  findings.listed += events.length;
  findings.stored.push(...(await storeLacking(deps, step, events)));
  return page.next ?? 'end';
}

/** The endpoint need not be sent what nothing is done about. */
function isExpected({ config }: GapDeps, { type, livemode }: ListedEvent['event']): boolean {
  return handlerOf(type) !== undefined && livemode === config.stripe.livemode;
}

async function storeLacking(
  { db }: GapDeps,
  step: GapStep,
  events: readonly ListedEvent[],
): Promise<readonly ListedEvent[]> {
  const byId = new Map(events.map((listed) => [listed.event.id, listed]));
  const chosen = (rows: readonly { event_id: string }[]) =>
    rows.flatMap(({ event_id: id }) => byId.get(id) ?? []);
  const lacking = chosen((await db.run(passGapPage(step, [...byId.keys()]))).rows);
  const [first, ...others] = lacking.map(received);
  if (first === undefined) return [];
  return chosen((await db.run(storeGap(step, [first, ...others]))).rows);
}

/**
 * Stripe lists an event in the account's API version of that time, whatever the endpoint's is. What is read of it, the
 * ids of objects, is the same in all of them.
 */
function received({ event, payload }: ListedEvent): ReceivedEvent {
  const ignoredReason = reasonToIgnoreAnyway(event);
  return {
    ...describeEvent(event),
    payload,
    receivedBy: 'events_api',
    status: ignoredReason === null ? 'pending' : 'ignored',
    ignoredReason,
  };
}

/** Tells of a gap, and has it processed in the order in which it happened, as far as the queue keeps one. */
async function report(deps: GapDeps, { listed, stored }: Findings): Promise<void> {
  if (stored.length === 0) return;
  deps.log.error('webhook_gap', { listed, stored: stored.length });
  await ringDoorbells(deps, stored.map(({ event }) => event.id).toReversed());
}
