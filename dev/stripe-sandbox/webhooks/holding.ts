import type { DeliveryPlan } from '../chaos/chaos.ts';

interface Held {
  readonly endpoint: string;
  /** How many later events are to go first. */
  overtakers: number;
  readonly release: () => void;
}

/** What chaos keeps back on its way to an endpoint. All of it goes on by itself, or when chaos ends. */
export class Holding {
  readonly #held = new Set<Held>();
  /** Until when an endpoint gets nothing, by its id: milliseconds of the wall clock. */
  readonly #dams = new Map<string, number>();

  /** Resolves when the event may go on. */
  async keep(endpoint: string, plan: DeliveryPlan): Promise<void> {
    const now = Date.now();
    if (plan.burstMilliseconds > 0 && !this.#isDammed(endpoint, now)) {
      this.#dams.set(endpoint, now + plan.burstMilliseconds);
    }
    if (this.#isDammed(endpoint, now)) {
      await this.#hold(endpoint, Infinity, (this.#dams.get(endpoint) ?? now) - now);
    } else if (plan.overtakers > 0) {
      await this.#hold(endpoint, plan.overtakers, plan.overtakenWithinMilliseconds);
    } else if (plan.delayMilliseconds > 0) {
      await this.#hold(endpoint, Infinity, plan.delayMilliseconds);
    }
  }

  /** An event goes to the endpoint: who waited to be overtaken has one less to wait for. */
  passed(endpoint: string): void {
    for (const held of this.#held) {
      if (held.endpoint !== endpoint) continue;
      held.overtakers -= 1;
      if (held.overtakers <= 0) held.release();
    }
  }

  releaseAll(): void {
    this.#dams.clear();
    for (const held of this.#held) held.release();
  }

  #isDammed(endpoint: string, now: number): boolean {
    return (this.#dams.get(endpoint) ?? 0) > now;
  }

  #hold(endpoint: string, overtakers: number, milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => held.release(), milliseconds);
    const held: Held = {
      endpoint,
      overtakers,
      release: () => {
        clearTimeout(timer);
        this.#held.delete(held);
        resolve();
      },
    };
    this.#held.add(held);
    return promise;
  }
}
