import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startGateway } from '../../dev/neon-gateway/index.ts';
import { startPostgres } from '../../dev/postgres.ts';
import { buildWorker } from './build-worker.ts';
import { makeMigratedTemplate } from './template.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The run's PostgreSQL: `postgres://user:password@127.0.0.1:port/ratecard`. */
    readonly postgresUrl: string;
    /** The run's gateway: `http://127.0.0.1:port/sql`. */
    readonly gatewayUrl: string;
    /** The Worker's bundle, as it would be deployed. */
    readonly workerDirectory: string;
  }
}

/** Nothing of a test run outlives a crash of the machine, so waiting for the disk would only cost time. */
const WITHOUT_DISK_WAITS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** One PostgreSQL and one gateway for the whole run; each test file makes a database of its own. */
export default async function setUp({ provide }: TestProject): Promise<() => Promise<void>> {
  const bundle = buildWorker();
  const postgres = await startPostgres({
    dataDirectory: join(tmpdir(), `ratecard-test-${randomUUID()}`),
    persistent: false,
    settings: WITHOUT_DISK_WAITS,
  });
  await makeMigratedTemplate(postgres.url);
  const gateway = await startGateway();
  provide('postgresUrl', postgres.url);
  provide('gatewayUrl', gateway.url);
  const { directory, remove } = await bundle;
  provide('workerDirectory', directory);
  return async () => {
    await remove();
    await gateway.stop();
    await postgres.stop();
  };
}
