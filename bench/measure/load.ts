import { Agent, request } from 'node:http';

/** One request, made before the clock runs. */
export interface LoadRequest {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadResult {
  readonly requests: number;
  /** Answers of another status than 200. */
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
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  const databaseCalls: number[] = [];
  let errors = 0;
  let next = 0;
  const connection = async (): Promise<void> => {
    for (let mine = requests[next++]; mine !== undefined; mine = requests[next++]) {
      const sent = performance.now();
      const answer = await send(agent, url, mine);
      if (answer.status !== 200) errors += 1;
      if (answer.databaseCalls !== null) databaseCalls.push(answer.databaseCalls);
      latencies.push(performance.now() - sent);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, connection));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  latencies.sort((one, other) => one - other);
  const quantile = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  return {
    requests: latencies.length,
    errors,
    requestsPerSecond: latencies.length / seconds,
    p50Milliseconds: quantile(0.5),
    p99Milliseconds: quantile(0.99),
    databaseCallsAtMost: databaseCalls.length === 0 ? null : Math.max(...databaseCalls),
  };
}

interface Answer {
  readonly status: number;
  readonly databaseCalls: number | null;
}

function send(agent: Agent, url: string, { path, method, headers, body }: LoadRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url).href, { agent, method, headers }, (answer) => {
      const [, calls] = /db;desc="n=(\d+)"/.exec(String(answer.headers['server-timing'])) ?? [];
      const databaseCalls = calls === undefined ? null : Number(calls);
      answer.resume();
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, databaseCalls }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
