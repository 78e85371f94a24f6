import type { Api } from '../server/api.ts';
import type { Deliveries } from '../webhooks/deliveries.ts';
import { Chaos } from './chaos.ts';
import type { ChaosConfig } from './config.ts';

interface ChaosState {
  /** null when chaos is off. */
  readonly config: ChaosConfig | null;
  /** How often each misbehaviour of the latest chaos happened. */
  readonly counts: Chaos['counts'] | null;
}

/** Begins and ends the chaos of one sandbox. */
export class ChaosControl {
  /** The latest chaos, also when it has ended. */
  #latest: Chaos | undefined;
  #isOn = false;
  readonly #api: Api;
  readonly #deliveries: Deliveries;

  constructor(api: Api, deliveries: Deliveries) {
    this.#api = api;
    this.#deliveries = deliveries;
  }

  /** Begins anew, with the first call of each kind; undefined ends it, and what was held back goes out. */
  set(config: ChaosConfig | undefined): ChaosState {
    this.#isOn = config !== undefined;
    if (config) this.#latest = new Chaos(config);
    const chaos = this.#isOn ? this.#latest : undefined;
    this.#api.chaosRule = chaos && ((request) => chaos.faultOf(request));
    this.#deliveries.setChaos(chaos);
    return this.state();
  }

  state(): ChaosState {
    const { config = null, counts = null } = this.#latest ?? {};
    return { config: this.#isOn ? config : null, counts };
  }
}
