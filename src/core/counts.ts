/** What was counted under some labels, and what that adds up to (seconds), where it has a size. */
export interface CountedRow {
  readonly name: string;
  readonly labels: readonly string[];
  readonly count: number;
  readonly amount: number;
}

/** A request, once it is answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** The pattern, never the path. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/**
 * What one isolate counts of its own work, in memory: counting asks nobody and makes no text. Now and then somebody takes
 * it and writes it down; what is counted when the isolate ends is lost.
 */
export interface Counts {
  request(request: AnsweredRequest): void;
  /** Counts something else, under one label or several. */
  add(name: string, label: string | readonly string[], amount?: number): void;
  /** Whether it is time to write; who is told so is to take what there is. */
  isDue(now: Date, isDatabaseAwake: boolean): boolean;
  take(now: Date): readonly CountedRow[];
  /** Counts again what could not be written. */
  putBack(rows: readonly CountedRow[]): void;
}

/** Bounds of the histogram of requests, in seconds. */
export const requestBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Methods beyond these are whatever somebody made up. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** While nobody needs the database, it is not woken more often than once a minute. */
const asleepSecondsAtLeast = 60;

interface RouteCounts {
  /** By class: 1xx to 5xx. */
  readonly statuses: number[];
  /** By bucket, how many and how long. */
  readonly buckets: number[];
  readonly seconds: number[];
}

interface Counted {
  readonly labels: readonly string[];
  count: number;
  amount: number;
}

/** @param intervalSeconds how often it is written; undefined: never */
export function createCounts(intervalSeconds: number | undefined, startedAt: Date): Counts {
  return new IsolateCounts(intervalSeconds, startedAt);
}

class IsolateCounts implements Counts {
  readonly #intervalSeconds: number | undefined;
  #takenAt: number;
  #routes = new Map<string, Map<string, RouteCounts>>();
  #others = new Map<string, Map<string, Counted>>();

  constructor(intervalSeconds: number | undefined, startedAt: Date) {
    this.#intervalSeconds = intervalSeconds;
    this.#takenAt = startedAt.getTime();
  }

  request({ method, route, status, seconds }: AnsweredRequest): void {
    const counts = this.#routes.get(route)?.get(method) ?? this.#newRoute(route, method);
    increase(counts.statuses, Math.floor(status / 100), 1);
    let bucket = 0;
    while (seconds > (requestBounds[bucket] ?? Infinity)) bucket += 1;
    increase(counts.buckets, bucket, 1);
    increase(counts.seconds, bucket, seconds);
  }

  add(name: string, label: string | readonly string[], amount = 0): void {
    this.#add(name, typeof label === 'string' ? [label] : label, 1, amount);
  }

  isDue(now: Date, isDatabaseAwake: boolean): boolean {
    const interval = this.#intervalSeconds;
    if (interval === undefined) return false;
    const seconds = isDatabaseAwake ? interval : Math.max(interval, asleepSecondsAtLeast);
    return now.getTime() - this.#takenAt >= seconds * 1000;
  }

  take(now: Date): readonly CountedRow[] {
    this.#takenAt = now.getTime();
    for (const [route, byMethod] of this.#routes) {
      for (const [method, counts] of byMethod) this.#addRoute(route, method, counts);
    }
    const rows = [...this.#others].flatMap(([name, counted]) =>
      [...counted.values()].map((row) => ({ name, ...row })),
    );
    this.#routes = new Map();
    this.#others = new Map();
    return rows;
  }

  putBack(rows: readonly CountedRow[]): void {
    for (const { name, labels, count, amount } of rows) this.#add(name, labels, count, amount);
  }

  #newRoute(route: string, method: string): RouteCounts {
    const known = methods.has(method) ? method : 'other';
    const byMethod = this.#routes.get(route) ?? new Map<string, RouteCounts>();
    this.#routes.set(route, byMethod);
    const counts = byMethod.get(known) ?? { statuses: [], buckets: [], seconds: [] };
    byMethod.set(known, counts);
    return counts;
  }

  #addRoute(route: string, method: string, { statuses, buckets, seconds }: RouteCounts): void {
    statuses.forEach((count, status) => {
      this.#add('http_requests', [method, route, `${status}xx`], count, 0);
    });
    const group = groupOf(route);
    buckets.forEach((count, bucket) => {
      const bound = String(requestBounds[bucket] ?? Infinity);
      this.#add('http_request_duration_seconds', [group, bound], count, seconds[bucket] ?? 0);
    });
  }

  #add(name: string, labels: readonly string[], count: number, amount: number): void {
    const counted = this.#others.get(name) ?? new Map<string, Counted>();
    this.#others.set(name, counted);
    const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\n');
    const present = counted.get(key);
    if (present === undefined) {
      counted.set(key, { labels, count, amount });
    } else {
      present.count += count;
      present.amount += amount;
    }
  }
}

/** Arrays begin empty, and have holes where nothing was. */
function increase(numbers: number[], index: number, more: number): void {
  numbers[index] = (numbers[index] ?? 0) + more;
}

/** Routes that are much alike in what they take: by their beginning. */
function groupOf(route: string): string {
  const [first = '', second = ''] = route.split('/').slice(1);
  if (first === 'payment' && ['plans', 'credit-packages', 'webhook'].includes(second)) return second;
  return /^[a-z][a-z.-]*$/.test(first) ? first : 'other';
}
