import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom';
import { expect, test } from 'vitest';
import { runRecordSchema } from '../../bench/report/run-record.ts';

test('the benchmark leaves its results as JSON and as a plot, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ratecard-bench-test-'));
  const [results, temporary] = [join(folder, 'results'), join(folder, 'temporary')];
  try {
    await mkdir(temporary);
    // PostgreSQL runs as another user where the test runs as root.
    await Promise.all([folder, temporary].map((entered) => chmod(entered, 0o777)));
    const options = ['--only', 'intake', '--rounds', '1', '--scale', '0.01', '--results', results];
    const { stdout } = await promisify(execFile)(process.execPath, ['bench/index.ts', ...options], {
      env: { ...process.env, TMPDIR: temporary },
    });

    expect(stdout).toContain('webhook intake');
    const record = runRecordSchema.parse(JSON.parse(await readFile(join(results, 'latest.json'), 'utf8')));
    expect(record.cases).toMatchObject([
      {
        key: 'intake',
        failure: null,
        results: [{ kind: 'ratio', subject: { offered: 20, dropped: 0, errors: 0 } }],
      },
    ]);
    const svg = await readFile(join(results, 'latest.svg'), 'utf8');
    const plot = new DOMParser({ onError: onErrorStopParsing }).parseFromString(svg, 'image/svg+xml');
    expect(plot.documentElement?.tagName).toBe('svg');
    // Wrangler leaves a file of its own.
    expect((await readdir(temporary)).filter((name) => name.startsWith('ratecard'))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
