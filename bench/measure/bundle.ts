import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hold } from './held.ts';

/** Bundles a Worker as `npm run deploy` does: ours, or another one with the same settings. */
export async function bundleWorker(entry?: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'ratecard-bundle-'));
  hold(() => rm(directory, { recursive: true, force: true }));
  const entries = entry === undefined ? [] : [entry];
  const bundling = promisify(execFile)(
    'wrangler',
    ['deploy', ...entries, '--dry-run', '--outdir', directory],
    {
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
    },
  );
  const stop = hold(async () => {
    bundling.child.kill();
    await bundling.catch(() => undefined);
  });
  await bundling.finally(stop);
  return directory;
}

/** By what rules workerd runs a Worker; both are wrangler.toml's. */
export interface Compatibility {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
}

export async function compatibility(): Promise<Compatibility> {
  const file = await readFile('wrangler.toml', 'utf8');
  const [, date] = /^compatibility_date = "(.*)"$/m.exec(file) ?? [];
  const [, flags] = /^compatibility_flags = (\[.*\])$/m.exec(file) ?? [];
  if (date === undefined || flags === undefined) throw new Error('wrangler.toml tells no compatibility');
  return { compatibilityDate: date, compatibilityFlags: JSON.parse(flags) };
}
