import { randomUUID } from 'node:crypto';
import { existsSync, statfsSync } from 'node:fs';
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

const MEMORY_FOLDER = '/dev/shm';
const MEMORY_NEEDED_BYTES = 4 * 1024 ** 3;

/**
 * Where databases come and go: in memory where there is plenty (Linux), else on disk. Each is some 350 files, and a
 * disk's file system takes longer to find places for them than PostgreSQL does to fill them.
 */
function parentFolder(): string {
  if (!existsSync(MEMORY_FOLDER) || process.availableMemory() < MEMORY_NEEDED_BYTES) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
  return bavail * bsize < MEMORY_NEEDED_BYTES ? tmpdir() : MEMORY_FOLDER;
}

/** One PostgreSQL and one gateway for the whole run; each test file makes a database of its own. */
export default async function setUp({ provide }: TestProject): Promise<() => Promise<void>> {
  const bundle = buildWorker();
  const postgres = await startPostgres({
    dataDirectory: join(parentFolder(), `ratecard-test-${randomUUID()}`),
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
