import { array, assert, asyncProperty, nat } from 'fast-check';
import { test } from 'vitest';
import type { ChaosConfig } from '../../dev/stripe-sandbox/chaos/config.ts';
import { steps, take, type Step } from './steps.ts';
import { World } from './world.ts';

/**
 * Random histories, played to the Worker and to books that are kept separately. A failure prints its seed and the
 * shortest history that still fails: `HISTORY_SEED=… npx vitest run test/histories` plays it again, and
 * `npm run test:soak` plays as many as `HISTORIES` says.
 */
const HISTORIES = Number(process.env['HISTORIES'] ?? 4);
const STEPS = Number(process.env['HISTORY_STEPS'] ?? 25);
const SEED = process.env['HISTORY_SEED'];

/** Events come twice, out of order, late and all at once. */
const badDeliveries = (seed: number): ChaosConfig => ({
  seed: String(seed),
  duplicate: 0.4,
  reorder: 0.4,
  delay: 0.3,
  burst: 0.05,
  delay_ms: 40,
  burst_ms: 40,
});

test('whatever happens to a customer, in whatever order it is told, the credits are right', async () => {
  await assert(asyncProperty(array(steps, { minLength: STEPS, maxLength: STEPS }), nat(), play), {
    numRuns: HISTORIES,
    endOnFailure: process.env['HISTORY_SHRINK'] === undefined,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  });
}, 3_600_000);

async function play(history: readonly Step[], chaosSeed: number): Promise<void> {
  const world = await World.begin();
  try {
    world.worker.stripe.setChaos(badDeliveries(chaosSeed));
    for (const [index, step] of history.entries()) {
      await take(world, step);
      await world.settle();
      await world.compare().catch((error: unknown) => {
        throw new Error(`after step ${index + 1}, ${JSON.stringify(step)}`, { cause: error });
      });
    }
  } finally {
    await world.end();
  }
}
