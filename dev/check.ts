/**
 * `npm run check`: runs every `check:*` script of package.json, as many at a time as there are cores. Prints a line for
 * each, and the whole output of those that fail; exits with 1 when any did.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const projectRoot = path.resolve(import.meta.dirname, '..');

interface Outcome {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly output: string;
}

async function checkNames(): Promise<readonly string[]> {
  const text = await readFile(path.join(projectRoot, 'package.json'), 'utf8');
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(text));
  return Object.keys(scripts).filter((name) => name.startsWith('check:'));
}

/** Runs one script; `wrangler` is kept from asking the network for anything. */
function runCheck(name: string): Promise<Outcome> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', name], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false' },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const finish = (passed: boolean, output: string): void =>
      resolve({ name, passed, seconds: (performance.now() - startedAt) / 1000, output });
    child.on('error', (error) => finish(false, `npm could not be started: ${error.message}`));
    child.on('close', (code) => finish(code === 0, Buffer.concat(chunks).toString().trim()));
  });
}

function print({ name, passed, seconds, output }: Outcome): void {
  const label = name.replace('check:', '');
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${label.padEnd(12)} ${seconds.toFixed(1).padStart(5)} s`);
  if (!passed) console.log(output.replaceAll(/^/gm, '      '));
}

async function runAll(names: readonly string[]): Promise<readonly Outcome[]> {
  const waiting = [...names];
  const outcomes: Outcome[] = [];
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const outcome = await runCheck(name);
      print(outcome);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return outcomes;
}

const failed = (await runAll(await checkNames())).filter(({ passed }) => !passed);
if (failed.length > 0) {
  console.log(`\n${failed.map(({ name }) => `npm run ${name}`).join(', ')} failed.`);
  process.exitCode = 1;
}
