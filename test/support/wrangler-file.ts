import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';

/** What becomes of the messages that a Worker sends to its queues. */
export type QueueFate = 'delivered' | 'dropped';

/**
 * The Worker's configuration: the project's own, or the same with its messages going to queues that nobody reads,
 * where they are taken and lost.
 */
export async function wranglerFile(queues: QueueFate): Promise<string> {
  if (queues === 'delivered') return './wrangler.toml';
  const configuration = await readFile('./wrangler.toml', 'utf8');
  const unheard = configuration.replaceAll(
    /(\[\[queues\.producers\]\]\n(?:(?!\[).*\n)*?queue = ")([^"]+)"/g,
    '$1$2-unheard"',
  );
  if (unheard === configuration) throw new Error('wrangler.toml names no queue that the Worker sends to');
  const directory = join(inject('workerDirectory'), 'unheard');
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'wrangler.toml');
  await writeFile(path, unheard);
  return path;
}
