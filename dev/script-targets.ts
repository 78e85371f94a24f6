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

const installationSchema = z.object({
  DATABASE_URL: z.string().min(1),
  DATABASE_FETCH_ENDPOINT: z.string().optional(),
});
const publicUrl = z.object({ PUBLIC_URL: z.url({ protocol: /^https?$/ }) });
const installationStack = z.object({
  database_url: z.string(),
  gateway: z.string().nullable(),
  worker: z.string(),
});

/** The database of an installation, and where it is reached. */
export interface Installation {
  readonly databaseUrl: string;
  readonly fetchEndpoint: string | undefined;
  /** What links of it begin with. */
  readonly publicOrigin: string;
}

/** The same, for what needs no Stripe: DATABASE_URL and PUBLIC_URL. Throws where either is missing. */
export function findInstallation(file: string | undefined, usage: string): Installation {
  const given = file === undefined ? process.env : readEnvFile(file);
  const variables = installationSchema.safeParse(given);
  if (variables.success) {
    const { DATABASE_URL: databaseUrl, DATABASE_FETCH_ENDPOINT: fetchEndpoint } = variables.data;
    const found = publicUrl.safeParse(given);
    if (!found.success) throw new Error(`PUBLIC_URL is not set: links would lead nowhere.\n\n${usage}`);
    return { databaseUrl, fetchEndpoint, publicOrigin: new URL(found.data.PUBLIC_URL).origin };
  }
  if (file !== undefined) throw new Error(`${file} lacks DATABASE_URL.\n\n${usage}`);
  if (!existsSync(stackFile)) throw new Error(usage);
  const stack = installationStack.parse(JSON.parse(readFileSync(stackFile, 'utf8')));
  return {
    databaseUrl: stack.database_url,
    fetchEndpoint: stack.gateway ?? undefined,
    publicOrigin: stack.worker,
  };
}
