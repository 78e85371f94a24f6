import type { FaultAction } from '../../../dev/neon-gateway/faults.ts';
import type { Fault as StripeFault } from '../../../dev/stripe-sandbox/api/faults.ts';
import { Random } from '../../stripe-sandbox/stories/random.ts';
import type { TestWorker } from '../worker.ts';
import { shuffled } from './shuffled.ts';

/** Of a hundred calls to the database, how many meet what. A hung call costs the time until the Worker gives it up. */
const ofDatabase = { refuse: 3, error: 3, 'lose-answer': 4, rollback: 3, hang: 1, none: 86 } as const;

/** Of twenty calls to Stripe, how many meet what. */
const ofStripe = { 'answer 429': 2, 'answer 500': 2, 'lose-answer': 1, none: 15 } as const;

const stripeFaults = {
  'answer 429': { status: 429 },
  'answer 500': { status: 500 },
  'lose-answer': 'lose-answer',
  none: 'none',
} satisfies Readonly<Record<keyof typeof ofStripe, StripeFault>>;

/** How often each thing was met. */
export interface FaultCounts {
  readonly database: Record<keyof typeof ofDatabase, number>;
  readonly stripe: Record<keyof typeof ofStripe, number>;
}

/**
 * Lets calls fail. What the n-th call meets depends on the seed and n alone; few calls suffice to meet everything.
 * Calls to the database hang so many times at most.
 */
export function beginFaults(worker: TestWorker, seed: number, hangsAtMost: number): FaultCounts {
  const counts: FaultCounts = {
    database: { refuse: 0, error: 0, 'lose-answer': 0, rollback: 0, hang: 0, none: 0 },
    stripe: { 'answer 429': 0, 'answer 500': 0, 'lose-answer': 0, none: 0 },
  };
  const drawOfDatabase = deck(ofDatabase, new Random(seed + 1));
  const drawOfStripe = deck(ofStripe, new Random(seed + 2));
  worker.gateway.setFault((): FaultAction => {
    const drawn = drawOfDatabase();
    const met = drawn === 'hang' && counts.database.hang >= hangsAtMost ? 'none' : drawn;
    counts.database[met] += 1;
    return met;
  });
  worker.stripe.setFault((): StripeFault => {
    const met = drawOfStripe();
    counts.stripe[met] += 1;
    return stripeFaults[met];
  });
  return counts;
}

export function endFaults(worker: TestWorker): void {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
}

/** Deals cards of which there are so many of each, and shuffles them anew when all are dealt. */
function deck<Card extends string>(cards: Readonly<Record<Card, number>>, random: Random): () => Card {
  const all: Card[] = [];
  for (const card in cards) for (let count = 0; count < cards[card]; count += 1) all.push(card);
  let left: Card[] = [];
  const deal = (): Card => {
    if (left.length === 0) left = [...shuffled(all, random)];
    return left.pop() ?? deal();
  };
  return deal;
}
