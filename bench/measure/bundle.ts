import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Bundles a Worker as `npm run deploy` does: ours, or another one with the same settings. */
export async function bundleWorker(entry?: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ratecard-bundle-'));
  const entries = entry === undefined ? [] : [entry];
  await promisify(execFile)('wrangler', ['deploy', ...entries, '--dry-run', '--outdir', directory], {
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  });
  return directory;
}

export async function compatibilityDate(): Promise<string> {
  const [, date] = /^compatibility_date = "(.*)"$/m.exec(await readFile('wrangler.toml', 'utf8')) ?? [];
  if (date === undefined) throw new Error('wrangler.toml has no compatibility_date');
  return date;
}
