import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { inject } from 'vitest';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';
import { WorkerdProcesses } from './workerd.ts';

/** How a Worker is started: the file of its configuration, and its variables. */
export interface RuntimeOptions {
  readonly configPath: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * The bundle in workerd, one process at a time. It is Miniflare itself, without what wrangler puts around it for those
 * who develop: a second workerd before the Worker, and Node.js between the Worker and all that it asks, which told it of a
 * connection that broke as of a 500.
 */
export class Runtime {
  readonly #processes = new WorkerdProcesses();
  #miniflare: Miniflare | undefined;
  #logs: string[] = [];

  /** Starts it, with empty memory, KV and queues. Answers where it listens. */
  async start({ configPath, variables }: RuntimeOptions): Promise<URL> {
    const scriptPath = join(inject('workerDirectory'), 'index.js');
    const contents = await readFile(scriptPath, 'utf8');
    // Without its list of secrets: wrangler would look for them in the shell, and say for each Worker what is missing.
    const { workerOptions } = unstable_getMiniflareWorkerOptions({
      ...unstable_readConfig({ config: configPath }),
      secrets: undefined,
    });
    this.#logs = [];
    const logs = this.#logs;
    return this.#processes.watch(() => {
      this.#miniflare = new Miniflare(
        convertV4MiniflareOptions({
          host: '127.0.0.1',
          port: 0,
          unsafeTriggerHandlers: true,
          handleStructuredLogs: ({ message }) => void logs.push(message),
          workers: [
            {
              ...workerOptions,
              name: 'ratecard',
              modulesRoot: inject('workerDirectory'),
              modules: [{ type: 'ESModule', path: scriptPath, contents }],
              bindings: { ...variables },
            },
          ],
        }),
      );
      return this.#miniflare.ready;
    });
  }

  /** All that the Worker logged since it was started. */
  logs(): readonly string[] {
    return [...this.#logs];
  }

  bindings(): Promise<Env> {
    return this.#running().getBindings<Env>();
  }

  /** Runs a cron trigger to its end. */
  async scheduled(cron: string): Promise<void> {
    const path = `/cdn-cgi/local/scheduled?${new URLSearchParams({ format: 'json', cron })}`;
    await this.#running().dispatchFetch(`http://localhost${path}`);
  }

  /** Ends its processes with SIGKILL. Answers how many there were. */
  kill(): Promise<number> {
    return this.#processes.kill();
  }

  async stop(): Promise<void> {
    await this.#miniflare?.dispose();
    this.#miniflare = undefined;
  }

  #running(): Miniflare {
    if (this.#miniflare === undefined) throw new Error('the Worker is not running');
    return this.#miniflare;
  }
}
