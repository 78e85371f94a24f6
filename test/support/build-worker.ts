import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Bundles the Worker as `npm run deploy` does, into a folder of its own: once for a run, since every test file starts
 * Workers from it.
 */
export async function buildWorker(): Promise<{ readonly directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'ratecard-worker-'));
  await promisify(execFile)('npx', ['wrangler', 'deploy', '--dry-run', '--outdir', directory], {
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
  });
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
