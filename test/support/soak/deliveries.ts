import type { Random } from '../../stripe-sandbox/stories/random.ts';
import type { StripeEvent } from '../crash-events.ts';
import { deliver } from '../shop.ts';
import type { TestWorker } from '../worker.ts';
import { renamed, type Fact } from './facts.ts';
import type { Course } from './schedule.ts';
import { shuffled } from './shuffled.ts';

const tellingsAtMost = 5;

/** Each fact one to five times, so many deliveries together, in no order. */
export function planDeliveries(
  facts: readonly Fact[],
  count: number,
  random: Random,
): readonly StripeEvent[] {
  if (count < facts.length || count > facts.length * tellingsAtMost) {
    throw new Error(`${facts.length} facts cannot be delivered ${count} times`);
  }
  const tellings = facts.map((fact) => ({ fact, events: [random.find(fact.events)] }));
  const open = [...tellings];
  for (let left = count - facts.length; left > 0 && open.length > 0; left -= 1) {
    const chosen = random.between(0, open.length - 1);
    const telling = open[chosen];
    if (telling === undefined) continue;
    telling.events.push(anotherTelling(telling.fact, telling.events[0], random));
    if (telling.events.length === tellingsAtMost) open.splice(chosen, 1);
  }
  return shuffled(
    tellings.flatMap(({ events }) => events.flatMap((event) => event ?? [])),
    random,
  );
}

/** The same event once more, or another one of the same fact: Stripe's own, or one that was made again. */
function anotherTelling({ events }: Fact, first: StripeEvent | undefined, random: Random) {
  if (first === undefined || random.chance(0.5)) return first;
  return random.chance(0.5) ? random.find(events) : renamed(first);
}

/** What became of the attempts to deliver. */
export interface DeliveryCounts {
  /** Answered 200, the event's first time and again. */
  stored: number;
  duplicates: number;
  /** Answered with a 5xx. */
  refused: number;
  /** Not answered: the connection was lost, or nobody was there. */
  unanswered: number;
}

interface World {
  readonly worker: TestWorker;
  readonly course: Course;
  readonly atOnce: number;
}

/** Delivers as Stripe does: what is not accepted is delivered again later. Resolves when everything is. */
export async function deliverAll(
  events: readonly StripeEvent[],
  { worker, course, atOnce }: World,
): Promise<DeliveryCounts> {
  const counts: DeliveryCounts = { stored: 0, duplicates: 0, refused: 0, unanswered: 0 };
  const waiting = [...events];
  const lane = async () => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      const outcome = await attempt(worker, event);
      counts[outcome] += 1;
      if (outcome === 'stored' || outcome === 'duplicates') {
        course.advance(counts.stored + counts.duplicates);
      } else {
        waiting.push(event);
        if (outcome === 'unanswered') await course.whenUp();
      }
      await course.whenInStep();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return counts;
}

async function attempt(worker: TestWorker, event: StripeEvent): Promise<keyof DeliveryCounts> {
  const answer = await deliver(worker, event).catch(connectionLost);
  if (answer === undefined) return 'unanswered';
  if (answer.status >= 500) return 'refused';
  if (answer.status !== 200 || answer.json.event_id !== event.id) {
    throw new Error(`${event.id} is answered ${answer.status}: ${answer.text}`);
  }
  return answer.json.duplicate === true ? 'duplicates' : 'stored';
}

/** What fetch throws when nobody answers. */
function connectionLost(error: unknown): undefined {
  if (!(error instanceof TypeError)) throw error;
}
