/** `npm run deploy`: refuses a configuration that the Worker would refuse, then deploys it with its secrets. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkVariables, variableNames, type ConfigProblem } from '../src/env.ts';
import { readEnvFileIfPresent } from './env-file.ts';

const usage = `Usage: npm run deploy -- [--variables .env.production] [--dry-run]

Takes the variables from the file and, over it, from the environment. docs/operate.md lists them.
--dry-run builds and checks, and uploads nothing.`;

/** They stand in for services of the outside world in dev and test. */
const localOnly: readonly string[] = ['DATABASE_FETCH_ENDPOINT', 'STRIPE_API_BASE', 'CLOCK_URL'];

function readVariables(file: string): Readonly<Record<string, string>> {
  const given: Readonly<Record<string, string | undefined>> = {
    ...readEnvFileIfPresent(file),
    ...process.env,
  };
  return Object.fromEntries(
    variableNames.flatMap((name) => {
      const value = given[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

function problemsOf(variables: Readonly<Record<string, string>>): readonly ConfigProblem[] {
  const result = checkVariables(variables);
  const local = localOnly
    .filter((variable) => variables[variable] !== undefined)
    .map((variable) => ({ variable, reason: 'is for dev and test only' }));
  return [...local, ...(result.ok ? [] : result.problems)];
}

/** Runs wrangler and returns its exit code; the secrets travel in a file that only we can read. */
function deploy(variables: Readonly<Record<string, string>>, dryRun: boolean): number {
  const folder = mkdtempSync(join(tmpdir(), 'ratecard-deploy-'));
  try {
    const secrets = join(folder, 'secrets.json');
    writeFileSync(secrets, JSON.stringify(variables), { mode: 0o600 });
    const how = dryRun ? ['--dry-run', '--outdir', 'dist'] : ['--secrets-file', secrets];
    const { status } = spawnSync('wrangler', ['deploy', ...how], {
      stdio: 'inherit',
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
    });
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(): number {
  let options;
  try {
    options = parseArgs({
      options: {
        variables: { type: 'string', default: '.env.production' },
        'dry-run': { type: 'boolean', default: false },
      },
    }).values;
  } catch {
    console.error(usage);
    return 2;
  }
  const variables = readVariables(options.variables);
  const problems = problemsOf(variables);
  if (problems.length > 0) {
    console.error(`${options['dry-run'] ? 'A deployment would be refused' : 'Not deployed'}:`);
    for (const { variable, reason } of problems) console.error(`  ${variable} ${reason}`);
    if (!options['dry-run']) return 1;
  }
  return deploy(variables, options['dry-run']);
}

process.exitCode = run();
