import { systemClock } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { addRejections } from './rejection-queries.ts';

/** How long refusals are gathered: an isolate writes them once a second at most, however many there are. */
const gatherMilliseconds = 1000;

/**
 * Counts a delivery that is refused, by its code. Whoever floods the endpoint costs no call to the database for it: the
 * first refusal has all that are counted meanwhile written a second later, after its own answer.
 */
export function countRejection(
  { rejections, counts, later }: Pick<Deps, 'rejections' | 'counts' | 'later'>,
  code: string,
): void {
  counts.add('webhook_rejections', code);
  if (rejections.add(code, systemClock.now())) later('write_rejections', writeRejections);
}

/** What cannot be written is counted again, and written with the next. (If only the answer was lost, that is twice.) */
async function writeRejections({ db, rejections }: Deps): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, gatherMilliseconds));
  const counts = rejections.take();
  try {
    await db.run(addRejections(counts));
  } catch (error) {
    rejections.putBack(counts);
    throw error;
  }
}
