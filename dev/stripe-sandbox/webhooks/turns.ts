/** Lets a few at a time work in one lane, in the order in which they came. */
export class Turns {
  readonly #atOnce: number;
  readonly #lanes = new Map<string, { running: number; queue: (() => void)[] }>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Resolves when it is the caller's turn, to what the caller calls to end it. */
  async take(laneName: string): Promise<() => void> {
    const lane = this.#lanes.get(laneName) ?? { running: 0, queue: [] };
    this.#lanes.set(laneName, lane);
    if (lane.running < this.#atOnce) lane.running += 1;
    else await new Promise<void>((resolve) => lane.queue.push(resolve));
    return () => {
      const next = lane.queue.shift();
      if (next) next();
      else lane.running -= 1;
    };
  }
}
