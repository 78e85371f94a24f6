/**
 * Counts in an isolate's memory what is written down now and then, so that counting asks nobody. What is counted when
 * the isolate ends is lost.
 */
export interface Tally {
  /** Counts one. True: the caller is to see to it that it is written, since nobody else is about to. */
  add(name: string, now: Date): boolean;
  /** What has been counted, which is the caller's to write from now on. */
  take(): ReadonlyMap<string, number>;
  /** Counts again what could not be written. */
  putBack(counts: ReadonlyMap<string, number>): void;
}

/** Who has not written by then has come to an end without it. */
const patienceMilliseconds = 30_000;

export function createTally(): Tally {
  let counts = new Map<string, number>();
  let promisedAt: number | undefined;

  const count = (name: string, more: number) => {
    counts.set(name, (counts.get(name) ?? 0) + more);
  };

  return {
    add(name, now) {
      count(name, 1);
      const isPromised = promisedAt !== undefined && now.getTime() < promisedAt + patienceMilliseconds;
      if (!isPromised) promisedAt = now.getTime();
      return !isPromised;
    },
    take() {
      const taken = counts;
      counts = new Map();
      promisedAt = undefined;
      return taken;
    },
    putBack(taken) {
      for (const [name, more] of taken) count(name, more);
    },
  };
}
