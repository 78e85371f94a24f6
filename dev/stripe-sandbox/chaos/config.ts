import { invalid } from '../api/errors.ts';

/** How often each misbehaviour happens: a probability from 0 to 1. */
export const MISBEHAVIOURS = {
  /** An event is delivered twice. */
  duplicate: 'webhooks',
  /** Later events overtake one, by three at most. */
  reorder: 'webhooks',
  /** An event comes late, by `delay_ms` at most. */
  delay: 'webhooks',
  /** Everything for an endpoint is held back for `burst_ms`, then comes at once. */
  burst: 'webhooks',
  /** 429 before the work. */
  rate_limit: 'api',
  /** 500 before the work. */
  error: 'api',
  /** 500 saved under the Idempotency-Key; before the work where there is none. */
  saved_error: 'api',
  /** The work is done, the answer is lost. */
  lost_answer: 'api',
  /** No work and no answer, until the client gives up. */
  hang: 'api',
} as const;

export type Misbehaviour = keyof typeof MISBEHAVIOURS;
export const MISBEHAVIOUR_NAMES = Object.keys(MISBEHAVIOURS).filter(isMisbehaviour);

/** What chaos does, all repeatable by its seed. What is left out does not happen. */
export interface ChaosConfig extends Partial<Readonly<Record<Misbehaviour, number>>> {
  readonly seed: string;
  /** The longest delay, and the longest wait to be overtaken, in milliseconds. 300 by default. */
  readonly delay_ms?: number;
  /** How long a burst gathers, in milliseconds. 300 by default. */
  readonly burst_ms?: number;
  /** Beginnings of the API paths that are hit, with or without a method: `POST /v1/refunds`. All by default. */
  readonly paths?: readonly string[];
}

const LONGEST_MILLISECONDS = 60_000;

/** The configuration that a request's fields describe. Throws Stripe's 400 for what is no such thing. */
export function readChaosConfig(fields: URLSearchParams): ChaosConfig {
  const settings = ['seed', 'delay_ms', 'burst_ms', 'paths', 'back', ...MISBEHAVIOUR_NAMES];
  const unknown = [...fields.keys()].find((name) => !settings.includes(name));
  if (unknown !== undefined) throw invalid(`There is no setting '${unknown}'.`, unknown);
  const numbers = new Map<string, number>();
  for (const name of [...MISBEHAVIOUR_NAMES, 'delay_ms', 'burst_ms']) {
    const value = fields.get(name) ?? '';
    if (value !== '') numbers.set(name, numberOf(value, name));
  }
  const ofApi = MISBEHAVIOUR_NAMES.filter((name) => MISBEHAVIOURS[name] === 'api');
  if (ofApi.reduce((sum, name) => sum + (numbers.get(name) ?? 0), 0) > 1) {
    throw invalid(`${ofApi.join(', ')} must be 1 at most together.`);
  }
  const paths = (fields.get('paths') ?? '').split(',').map((path) => path.trim());
  const wanted = paths.filter((path) => path !== '');
  return {
    seed: fields.get('seed') || '1',
    ...Object.fromEntries(numbers),
    ...(wanted.length > 0 && { paths: wanted }),
  };
}

function numberOf(text: string, name: string): number {
  const largest = name.endsWith('_ms') ? LONGEST_MILLISECONDS : 1;
  const number = Number(text);
  if (number >= 0 && number <= largest) return number;
  throw invalid(`${name} must be from 0 to ${largest}.`, name);
}

function isMisbehaviour(name: string): name is Misbehaviour {
  return Object.hasOwn(MISBEHAVIOURS, name);
}
