import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { businessClock } from '../src/core/time.ts';
import { readEnvFile } from './env-file.ts';
import type { ScriptTargets } from './script-deps.ts';
import { stackFile } from './stack/settings.ts';

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

/**
 * What a script works on: DATABASE_URL and STRIPE_SECRET_KEY of a file, else of the environment, else the running
 * `npm run dev`. Throws with the script's usage where there is none of these.
 */
export async function findTargets(file: string | undefined, usage: string): Promise<ScriptTargets> {
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
