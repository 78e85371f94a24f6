import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MILLISECONDS = 20;

/**
 * Asks again and again until the condition holds.
 * @throws Error naming what was waited for when it does not within the time
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMilliseconds = 45_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMilliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not within ${timeoutMilliseconds} ms: ${what}`);
    await delay(INTERVAL_MILLISECONDS);
  }
}
