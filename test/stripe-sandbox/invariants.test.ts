import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { playStory } from './stories/story.ts';

/**
 * Stories of random steps; a failure names its seed. To play others:
 * `STORY_SEEDS=1000-1099 npx vitest run test/stripe-sandbox/invariants.test.ts`
 */
const [first = '1', last = '3'] = (process.env['STORY_SEEDS'] ?? '1-3').split('-');
const SEEDS = Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
const STEPS = Number(process.env['STORY_STEPS'] ?? 80);

test.each(SEEDS)('whatever happens, all that the sandbox shows fits together (seed %i)', async (seed) => {
  const folder = await mkdtemp(join(tmpdir(), 'ratecard-story-'));
  try {
    await playStory({ seed, steps: STEPS, stateFile: join(folder, 'state.json') });
  } finally {
    await rm(folder, { recursive: true });
  }
});
