import type { FaultAction, FaultRequest } from '../../dev/neon-gateway/faults.ts';
import type { Buyer } from './shop.ts';
import { bookkeeping } from './crash-books.ts';
import type { TestWorker } from './worker.ts';

/**
 * Every way in which a call may be cut: before anything ran (by the network or by Neon, in turn), while it runs, and
 * after it has happened.
 */
const cutsOf = (index: number) =>
  [index % 2 === 0 ? 'refuse' : 'error', 'rollback', 'lose-answer'] as const satisfies readonly FaultAction[];

/** A message of something before that comes late makes calls of its own: a run without any is among these. */
const wholeRuns = 3;

/** One way in which credits move, to be cut off at each of its calls to the database. */
export interface CrashPath<Case extends { readonly buyer: Buyer }> {
  readonly name: string;
  /** As many customers as asked for, each just before the act. */
  arrange(worker: TestWorker, count: number): Promise<readonly Case[]>;
  /** What must come just before the act, and not for all customers ahead. */
  prepare?(worker: TestWorker, subject: Case): Promise<unknown>;
  /** Resolves when it is over, also when it has failed. */
  act(worker: TestWorker, subject: Case): Promise<unknown>;
  /** What the world does until the act has succeeded. Answers what it is told in the end. */
  retry(worker: TestWorker, subject: Case): Promise<unknown>;
  /** Which calls belong to the act; by default all but those that tell others of it afterwards. */
  concerns?(request: FaultRequest, subject: Case): boolean;
}

/** A path whose cases are nobody else's business. */
export interface CheckedPath {
  readonly name: string;
  /**
   * Runs the path whole, then with each of its calls cut in each way and retried. Answers how many calls it takes, and
   * where the books, or what the caller is told, differ from the whole run's.
   */
  check(worker: TestWorker): Promise<{ readonly calls: number; readonly differences: readonly Difference[] }>;
}

interface Difference {
  readonly at: string;
  /** Lines that only the whole run has (`-`), or only this one (`+`). */
  readonly lines: readonly string[];
}

export function crashPath<Case extends { readonly buyer: Buyer }>(path: CrashPath<Case>): CheckedPath {
  return { name: path.name, check: (worker) => check(worker, path) };
}

async function check<Case extends { readonly buyer: Buyer }>(worker: TestWorker, path: CrashPath<Case>) {
  const runs: { whole: Case; calls: readonly string[] }[] = [];
  for (const whole of await path.arrange(worker, wholeRuns)) {
    runs.push({ whole, calls: await runWhole(worker, path, whole) });
  }
  const [run] = runs.toSorted((one, other) => one.calls.length - other.calls.length);
  if (run === undefined) throw new Error(`${path.name}: nothing is arranged`);
  const { whole, calls } = run;
  const expected = await outcome(worker, path, whole);
  const variants = calls.flatMap((call, index) =>
    cutsOf(index)
      .map((cut) => ({ call, index, cut }))
      // Paths share their calls: in turn each call of a path is cut in one way, unless all ways are asked for.
      .filter((_, way) => process.env['CRASH_CUTS'] === 'all' || (way + index + path.name.length) % 3 === 0),
  );
  const cases = await path.arrange(worker, variants.length);
  const differences: Difference[] = [];
  for (const [position, { call, index, cut }] of variants.entries()) {
    const subject = cases[position];
    if (subject === undefined) throw new Error(`${path.name}: too few customers are arranged`);
    const at = `call ${index + 1} of ${calls.length}, ${cut}: ${call}`;
    const met = await runCut(worker, path, subject, index + 1, cut);
    const found = met ? await outcome(worker, path, subject) : ['the call was never made'];
    const lines = [...without(expected, found, '-'), ...without(found, expected, '+')];
    if (lines.length > 0) differences.push({ at, lines });
  }
  return { calls: calls.length, differences };
}

function isOf<Case extends { readonly buyer: Buyer }>(
  path: CrashPath<Case>,
  request: FaultRequest,
  subject: Case,
): boolean {
  const tells = request.queries.some((query) => query.includes('dispatch_deliveries'));
  return !tells && (path.concerns?.(request, subject) ?? true);
}

/** The calls of the path, in their order. */
async function runWhole<Case extends { readonly buyer: Buyer }>(
  worker: TestWorker,
  path: CrashPath<Case>,
  subject: Case,
): Promise<readonly string[]> {
  await path.prepare?.(worker, subject);
  const calls: string[] = [];
  worker.gateway.setFault((request) => {
    if (isOf(path, request, subject)) calls.push(request.queries.join('; ').slice(0, 120));
    return 'none';
  });
  await path.act(worker, subject);
  worker.gateway.setFault(undefined);
  return calls;
}

/** Cuts the n-th call. False when there was none. */
async function runCut<Case extends { readonly buyer: Buyer }>(
  worker: TestWorker,
  path: CrashPath<Case>,
  subject: Case,
  place: number,
  cut: FaultAction,
): Promise<boolean> {
  await path.prepare?.(worker, subject);
  let seen = 0;
  worker.gateway.setFault((request) => {
    if (!isOf(path, request, subject)) return 'none';
    seen += 1;
    return seen === place ? cut : 'none';
  });
  await path.act(worker, subject);
  worker.gateway.setFault(undefined);
  return seen >= place;
}

/** The books once the world has tried until it worked; the whole run is tried once more, too. */
async function outcome<Case extends { readonly buyer: Buyer }>(
  worker: TestWorker,
  path: CrashPath<Case>,
  subject: Case,
): Promise<readonly string[]> {
  const answer = await path.retry(worker, subject);
  return [`answer ${JSON.stringify(answer)}`, ...(await bookkeeping(worker, subject.buyer))];
}

/** Those lines of the one that the other lacks; each of several same ones counts. */
function without(some: readonly string[], others: readonly string[], sign: '-' | '+'): readonly string[] {
  const left = [...others];
  return some.flatMap((line) => {
    const place = left.indexOf(line);
    if (place < 0) return [`${sign} ${line}`];
    left.splice(place, 1);
    return [];
  });
}

/** Makes things a few at a time: as many as one machine does well. */
export async function severally<T>(count: number, make: () => Promise<T>): Promise<readonly T[]> {
  const made: T[] = [];
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      made.push(await make());
    }
  };
  await Promise.all(Array.from({ length: 6 }, lane));
  return made;
}
