import { Pool } from 'undici';

/** One request, made before the clock runs. */
export interface LoadRequest {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What its answer must be; 200 if nothing is said. */
  readonly status?: number;
  /** What its answer's Server-Timing must say among other things. */
  readonly timing?: string;
}

export interface LoadResult {
  readonly connections: number;
  /** Requests that were to be sent. Without a rate each connection sends its next one when it has its answer. */
  readonly offered: number;
  /** At which they were due, where that was fixed: then latencies count from when each was due. */
  readonly offeredPerSecond?: number;
  /** Requests that no answer came to. */
  readonly dropped: number;
  /** Answers of another status than they must have, or that say they came about in another way. */
  readonly errors: number;
  readonly requestsPerSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  /** The most database calls that one answer says it took (Server-Timing); null where none says. */
  readonly databaseCallsAtMost: number | null;
}

/** Sends requests over so many connections, each of which waits for its answer before it sends the next. */
export async function load(
  url: string,
  requests: readonly LoadRequest[],
  connections: number,
): Promise<LoadResult> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const answers: Answer[] = [];
  let next = 0;
  const connection = async (): Promise<void> => {
    for (let mine = requests[next++]; mine !== undefined; mine = requests[next++]) {
      answers.push(await send(pool, mine));
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, connection));
  const seconds = (performance.now() - started) / 1000;
  await pool.destroy();
  return { connections, offered: requests.length, ...summaryOf(answers, seconds) };
}

/** What one request came to. */
export interface Answer {
  readonly milliseconds: number;
  readonly outcome: 'expected' | 'unexpected' | 'dropped';
  readonly databaseCalls: number | null;
}

export function summaryOf(answers: readonly Answer[], seconds: number) {
  const answered = answers.filter(({ outcome }) => outcome !== 'dropped');
  const latencies = answered.map(({ milliseconds }) => milliseconds).toSorted((one, other) => one - other);
  const quantile = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  const told = answered.flatMap(({ databaseCalls }) => (databaseCalls === null ? [] : [databaseCalls]));
  return {
    dropped: answers.length - answered.length,
    errors: answers.filter(({ outcome }) => outcome === 'unexpected').length,
    requestsPerSecond: answered.length / seconds,
    p50Milliseconds: quantile(0.5),
    p99Milliseconds: quantile(0.99),
    databaseCallsAtMost: told.length === 0 ? null : told.reduce((most, calls) => Math.max(most, calls), 0),
  };
}

const databaseCallsIn = /db;desc="n=(\d+)"/;

export function send(
  pool: Pool,
  { path, method, headers, body, status = 200, timing = '' }: LoadRequest,
): Promise<Answer> {
  const sent = performance.now();
  let databaseCalls: number | null = null;
  let outcome: Answer['outcome'] = 'dropped';
  return new Promise((resolve) => {
    const end = () => resolve({ milliseconds: performance.now() - sent, outcome, databaseCalls });
    pool.dispatch(
      { path, method, headers, body: body ?? null },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, statusCode, answered) => {
          const told = String(answered['server-timing']);
          outcome = statusCode === status && told.includes(timing) ? 'expected' : 'unexpected';
          const calls = databaseCallsIn.exec(told)?.[1];
          if (calls !== undefined) databaseCalls = Number(calls);
        },
        onResponseData: () => undefined,
        onResponseEnd: end,
        onResponseError: () => {
          outcome = 'dropped';
          end();
        },
      },
    );
  });
}
