import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';

/** What becomes of the messages that a Worker sends to its queues. */
export type QueueFate = 'delivered' | 'dropped' | 'tried-once';

const changes: Readonly<Record<Exclude<QueueFate, 'delivered'>, (configuration: string) => string>> = {
  // To a queue that nobody reads, where they are taken and lost.
  dropped: (configuration) =>
    configuration.replaceAll(
      /(\[\[queues\.producers\]\]\n(?:(?!\[).*\n)*?queue = ")([^"]+)"/g,
      '$1$2-unheard"',
    ),
  'tried-once': (configuration) => configuration.replace(/^max_retries = \d+$/m, 'max_retries = 0'),
};

/** The Worker's configuration: the project's own, or the same with another fate for its messages. */
export async function wranglerFile(queues: QueueFate): Promise<string> {
  if (queues === 'delivered') return './wrangler.toml';
  const configuration = await readFile('./wrangler.toml', 'utf8');
  const changed = changes[queues](configuration);
  if (changed === configuration) throw new Error(`wrangler.toml has nothing that makes messages ${queues}`);
  const directory = join(inject('workerDirectory'), queues);
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'wrangler.toml');
  await writeFile(path, changed);
  return path;
}
