import { expect } from 'vitest';
import type { StripeEvent } from '../crash-events.ts';
import type { TestWorker } from '../worker.ts';
import type { DeliveryCounts } from './deliveries.ts';
import type { Fact } from './facts.ts';
import type { FaultCounts } from './faults.ts';
import type { Course } from './schedule.ts';

/** How a soak went, and what of it can be repeated. */
interface Run {
  readonly seed: number;
  readonly facts: readonly Fact[];
  readonly events: readonly StripeEvent[];
  readonly counts: DeliveryCounts;
  readonly course: Course;
  readonly faults: FaultCounts;
  readonly milliseconds: Readonly<Record<string, number>>;
}

type Tally = Readonly<Record<string, number>>;

export interface Report {
  readonly seed: number;
  readonly facts: Tally;
  /** How many events were delivered, each under its id, and how often. */
  readonly events: number;
  readonly deliveries: { readonly attempts: number; readonly accepted: number } & DeliveryCounts;
  readonly worker: { readonly kills: number; readonly deafTimes: number; readonly cronRuns: number };
  readonly faults: FaultCounts;
  /** What the inbox says: rows by status, why those that are ignored are, how many tries they took, and their ends. */
  readonly inbox: Tally;
  readonly ignored: Tally;
  readonly tries: Tally;
  readonly outcomes: Tally;
  readonly milliseconds: Tally;
}

export async function reportOf(worker: TestWorker, run: Run): Promise<Report> {
  const tally = async (column: string, from = 'webhook_events') =>
    tallied(
      await worker.database.query<{ name: string; count: number }>(
        `select coalesce(${column}::text, 'none') as name, count(*)::int as count from ${from} group by 1`,
      ),
    );
  const { stored, duplicates, refused, unanswered } = run.counts;
  const { kills, deafTimes, cronRuns } = run.course;
  return {
    seed: run.seed,
    facts: tallied(run.facts.map(({ kind }) => ({ name: kind, count: 1 }))),
    events: new Set(run.events.map(({ id }) => id)).size,
    deliveries: {
      attempts: stored + duplicates + refused + unanswered,
      accepted: stored + duplicates,
      ...run.counts,
    },
    worker: { kills, deafTimes, cronRuns },
    faults: run.faults,
    inbox: await tally('status'),
    ignored: await tally('ignored_reason', "webhook_events where status = 'ignored'"),
    tries: await tally('attempts'),
    outcomes: await tally('outcome', 'webhook_attempts'),
    milliseconds: run.milliseconds,
  };
}

function tallied(entries: readonly { readonly name: string; readonly count: number }[]): Tally {
  const sums: Record<string, number> = {};
  for (const { name, count } of entries) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

const sum = (tally: Tally) => Object.values(tally).reduce((total, count) => total + count, 0);

/** The report adds up: all was told, all is done, and all that can go wrong did. */
export function expectConsistent(report: Report, asked: { facts: number; deliveries: number }): void {
  const { facts, events, deliveries, worker, faults, inbox, ignored, tries, outcomes } = report;
  expect(sum(facts)).toBe(asked.facts);
  expect(Object.keys(facts).toSorted()).toEqual([
    'foreign',
    'invoice',
    'package',
    'plan checkout',
    'refund',
    'subscription',
  ]);
  expect(deliveries.accepted).toBe(asked.deliveries);
  // Nothing but done; and one row for each event that was delivered.
  expect(Object.keys(inbox).toSorted()).toEqual(['ignored', 'processed']);
  expect(sum(inbox)).toBe(events);
  // Of events that were stored without an answer nobody heard but that they are duplicates.
  expect(deliveries.stored).toBeLessThanOrEqual(events);
  expect(events - deliveries.stored).toBeLessThanOrEqual(deliveries.refused + deliveries.unanswered);
  expect(Object.keys(ignored).toSorted()).toEqual(['no_handler', 'not_ours', 'other_account']);
  // Each attempt has an end, and each event one that did it; some failed, and some died with their worker.
  expect(Object.keys(outcomes).toSorted()).toEqual(['failed', 'ignored', 'lost', 'processed']);
  expect(outcomes['processed']).toBe(inbox['processed']);
  expect(sum(outcomes)).toBe(
    Object.entries(tries).reduce((total, [number, count]) => total + Number(number) * count, 0),
  );
  expect(worker.kills).toBeGreaterThanOrEqual(3);
  expect(worker.deafTimes).toBeGreaterThanOrEqual(1);
  const happened = [...Object.entries(faults.database), ...Object.entries(faults.stripe)];
  expect(happened.filter(([, times]) => times === 0)).toEqual([]);
  expect(deliveries.refused).toBeGreaterThan(0);
  expect(deliveries.unanswered).toBeGreaterThan(0);
}
