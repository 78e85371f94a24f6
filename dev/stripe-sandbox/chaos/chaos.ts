import { createHash } from 'node:crypto';
import type { Fault, FaultRequest } from '../api/faults.ts';
import { MISBEHAVIOUR_NAMES, MISBEHAVIOURS, type ChaosConfig, type Misbehaviour } from './config.ts';

const DEFAULT_MILLISECONDS = 300;
const OVERTAKERS_AT_MOST = 3;

/** What an event meets on its way to an endpoint. */
export interface DeliveryPlan {
  readonly isDuplicated: boolean;
  /** How many later events overtake it; it waits for them only so long. */
  readonly overtakers: number;
  readonly overtakenWithinMilliseconds: number;
  readonly delayMilliseconds: number;
  /** Above 0: a burst gathers from now on, for so long. */
  readonly burstMilliseconds: number;
}

/**
 * Misbehaviour by chance, but repeatable: what the n-th call of a kind meets
 * depends on the seed, the kind and n alone. A kind is a method and a path
 * without ids, or an event's type.
 */
export class Chaos {
  readonly config: ChaosConfig;
  /** How often each misbehaviour has happened. */
  readonly counts: Record<Misbehaviour, number> = {
    duplicate: 0,
    reorder: 0,
    delay: 0,
    burst: 0,
    rate_limit: 0,
    error: 0,
    saved_error: 0,
    lost_answer: 0,
    hang: 0,
  };
  readonly #calls = new Map<string, number>();

  constructor(config: ChaosConfig) {
    this.config = config;
  }

  /** What a request to the API meets. */
  faultOf(request: FaultRequest): Fault {
    const { method, path, route } = request;
    const { paths } = this.config;
    if (paths && !paths.some((start) => path.startsWith(start) || `${method} ${path}`.startsWith(start))) {
      return 'none';
    }
    const chance = chanceOf([this.config.seed, ...this.#count(`${method} ${route}`)]);
    let bound = 0;
    for (const name of MISBEHAVIOUR_NAMES) {
      if (MISBEHAVIOURS[name] !== 'api') continue;
      bound += this.config[name] ?? 0;
      if (chance >= bound) continue;
      this.counts[name] += 1;
      return faultNamed(name, request.hasKey);
    }
    return 'none';
  }

  /** What an event of this type meets when it is first delivered. */
  planOf(type: string): DeliveryPlan {
    const { burst_ms = DEFAULT_MILLISECONDS, delay_ms = DEFAULT_MILLISECONDS } = this.config;
    const call = [this.config.seed, ...this.#count(type)];
    const happens = (name: Misbehaviour): boolean => {
      const isHit = chanceOf([...call, name]) < (this.config[name] ?? 0);
      if (isHit) this.counts[name] += 1;
      return isHit;
    };
    const howMuch = chanceOf([...call, 'how much']);
    return {
      isDuplicated: happens('duplicate'),
      overtakers: happens('reorder') ? 1 + Math.floor(howMuch * OVERTAKERS_AT_MOST) : 0,
      overtakenWithinMilliseconds: delay_ms,
      delayMilliseconds: happens('delay') ? Math.ceil(howMuch * delay_ms) : 0,
      burstMilliseconds: happens('burst') ? burst_ms : 0,
    };
  }

  /** The kind, and how often it was called before. */
  #count(kind: string): [kind: string, n: number] {
    const n = this.#calls.get(kind) ?? 0;
    this.#calls.set(kind, n + 1);
    return [kind, n];
  }
}

function faultNamed(name: Misbehaviour, hasKey: boolean): Fault {
  if (name === 'rate_limit') return { status: 429 };
  if (name === 'error') return { status: 500 };
  if (name === 'saved_error') return { status: 500, saved: hasKey };
  return name === 'hang' ? 'hang' : 'lose-answer';
}

/** A number from 0 to below 1 that depends on `parts` alone. */
function chanceOf(parts: readonly (string | number)[]): number {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest();
  return hash.readUInt32BE(0) / 2 ** 32;
}
