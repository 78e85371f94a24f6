/** `npm run stripe:sync`: brings the catalogue of a database into a Stripe account. Safe to run at any time, again. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { businessClock } from '../src/core/time.ts';
import { syncCatalogue } from '../src/pricing/index.ts';
import { readEnvFile } from './env-file.ts';
import { createScriptDeps, type ScriptTargets } from './script-deps.ts';
import { stackFile } from './stack/settings.ts';

const usage = `Usage: npm run stripe:sync -- [--variables .env.production]

Works on DATABASE_URL and STRIPE_SECRET_KEY of the file, else of the environment, else on the running \`npm run dev\`.`;

const variablesSchema = z.object({
  DATABASE_URL: z.string(),
  STRIPE_SECRET_KEY: z.string(),
  DATABASE_FETCH_ENDPOINT: z.string().optional(),
  STRIPE_API_BASE: z.string().optional(),
  CLOCK_URL: z.string().optional(),
});

const stackSchema = z.object({
  database_url: z.string(),
  gateway: z.string().nullable(),
  stripe: z.string().nullable(),
  stripe_secret_key: z.string(),
  clock_url: z.string().nullable(),
});

async function findTargets(file: string | undefined): Promise<ScriptTargets> {
  const variables = variablesSchema.safeParse(file === undefined ? process.env : readEnvFile(file));
  if (file !== undefined && !variables.success) throw new Error(`${file} lacks variables.\n\n${usage}`);
  if (variables.success) {
    return {
      databaseUrl: variables.data.DATABASE_URL,
      fetchEndpoint: variables.data.DATABASE_FETCH_ENDPOINT,
      stripeSecretKey: variables.data.STRIPE_SECRET_KEY,
      stripeApiBase: variables.data.STRIPE_API_BASE,
      clock: await businessClock(variables.data.CLOCK_URL),
    };
  }
  if (!existsSync(stackFile)) throw new Error(usage);
  const stack = stackSchema.parse(JSON.parse(readFileSync(stackFile, 'utf8')));
  return {
    databaseUrl: stack.database_url,
    fetchEndpoint: stack.gateway ?? undefined,
    stripeSecretKey: stack.stripe_secret_key,
    stripeApiBase: stack.stripe ?? undefined,
    clock: await businessClock(stack.clock_url ?? undefined),
  };
}

try {
  const { values } = parseArgs({ options: { variables: { type: 'string' } } });
  const done = await syncCatalogue(createScriptDeps(await findTargets(values.variables)));
  for (const [what, count] of Object.entries(done)) console.log(`${what.padEnd(20)} ${count}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
