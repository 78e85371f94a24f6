/** What one request asked of one service: shown by Server-Timing, and asserted by tests. */
export interface Usage {
  calls: number;
  milliseconds: number;
  /** Told each call as well: what an isolate asks, whoever makes it ask. `fault` says how it failed. */
  readonly onCall?: CallListener | undefined;
}

export type CallListener = (milliseconds: number, fault: string | undefined) => void;

export function createUsage(onCall?: CallListener): Usage {
  return { calls: 0, milliseconds: 0, onCall };
}

/** Counts a call that began at `started` (`performance.now()`). */
export function countCall(usage: Usage, started: number, fault?: string): void {
  const milliseconds = performance.now() - started;
  usage.calls += 1;
  usage.milliseconds += milliseconds;
  usage.onCall?.(milliseconds, fault);
}
