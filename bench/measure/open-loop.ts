import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { send, summaryOf, type Answer, type LoadRequest, type LoadResult } from './load.ts';

/** How requests follow each other, and how many can be sent. */
export interface Schedule {
  readonly ratePerSecond: number;
  /** How many can be under way at one time; a request that is due while all are waits. */
  readonly connections: number;
  /** One that has waited so long is not sent any more: who wanted it has gone. */
  readonly patienceMilliseconds: number;
}

export interface Timing {
  now(): number;
  until(instant: number): Promise<void>;
}

const machineTiming: Timing = {
  now: () => performance.now(),
  until: async (instant) => {
    const wait = instant - performance.now();
    if (wait > 0) await delay(wait);
  },
};

const patienceMilliseconds = 5000;

/** Sends requests at a fixed rate, whatever has become of those before, and counts each from when it was due. */
export async function loadAtRate(
  url: string,
  requests: readonly LoadRequest[],
  { connections, ratePerSecond }: Pick<Schedule, 'connections' | 'ratePerSecond'>,
): Promise<LoadResult> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const schedule = { ratePerSecond, connections, patienceMilliseconds };
  const started = performance.now();
  const answers = await sendOnTime(schedule, machineTiming, (request) => send(pool, request), requests);
  const seconds = (performance.now() - started) / 1000;
  await pool.destroy();
  return {
    connections,
    offered: requests.length,
    offeredPerSecond: ratePerSecond,
    ...summaryOf(answers, seconds),
  };
}

/** What came of each request. Its time goes from when it was due: what it waited for a connection is not hidden. */
export async function sendOnTime<Request>(
  { ratePerSecond, connections, patienceMilliseconds: patience }: Schedule,
  timing: Timing,
  sendOne: (request: Request) => Promise<Answer>,
  requests: readonly Request[],
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const places = requests.entries();
  const started = timing.now();
  const connection = async (): Promise<void> => {
    for (const [place, request] of places) {
      const due = started + (place * 1000) / ratePerSecond;
      await timing.until(due);
      const isGivenUp = timing.now() - due > patience;
      const answer: Answer = isGivenUp
        ? { milliseconds: 0, outcome: 'dropped', databaseCalls: null }
        : await sendOne(request);
      answers.push({ ...answer, milliseconds: timing.now() - due });
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return answers;
}
