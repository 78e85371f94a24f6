/** What one request asked of one service: shown by Server-Timing, and asserted by tests. */
export interface Usage {
  calls: number;
  milliseconds: number;
}

export function createUsage(): Usage {
  return { calls: 0, milliseconds: 0 };
}
