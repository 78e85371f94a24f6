import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Secret } from 'otpauth';
import { readCommandLine } from '../command-line.ts';
import { readEnvFileIfPresent } from '../env-file.ts';

/** Where the local stack keeps what it needs from one run to the next, unless told. Not under version control. */
export const defaultStateFolder = '.ratecard';

/** What other commands read of the local stack that runs in this folder. */
export const stackFile = join(defaultStateFolder, 'dev.json');

export interface StackOptions {
  readonly port: number;
  readonly fresh: boolean;
  readonly stateFolder: string;
}

/** Wrong words on the command line, or variables that the local stack must not take. */
export class StackRefused extends Error {
  override readonly name = 'StackRefused';
}

const usage = `Usage: npm run dev -- [--port 8787] [--fresh] [--state ${defaultStateFolder}]

Runs the whole system on this machine: database, Stripe sandbox, mailbox, demo shop and the Worker.
--port is the API's; --fresh starts over with an empty database; --state is the folder where everything is kept.
Variables in .dev.vars (a DATABASE_URL, a STRIPE_SECRET_KEY=sk_test_…) take the place of the local ones;
RATE_LIMITS=off npm run dev lifts the limits.`;

export function readOptions(commandLine: readonly string[]): StackOptions {
  const values = readCommandLine(
    {
      port: { type: 'string', default: '8787' },
      fresh: { type: 'boolean', default: false },
      state: { type: 'string', default: defaultStateFolder },
    },
    usage,
    commandLine,
  );
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new StackRefused(`--port ${values.port} is no port`);
  return { port, fresh: values.fresh, stateFolder: values.state };
}

/**
 * The developer's own variables: a `DATABASE_URL` or a `STRIPE_SECRET_KEY=sk_test_…` among them stands for the real
 * service, in place of the local one. `RATE_LIMITS` is taken from the shell too: `RATE_LIMITS=off npm run dev`.
 */
export function readDevVariables(): Readonly<Record<string, string>> {
  const variables = readEnvFileIfPresent('.dev.vars');
  const key = variables.STRIPE_SECRET_KEY;
  if (key?.includes('_live_')) {
    throw new StackRefused(
      'STRIPE_SECRET_KEY in .dev.vars is a live key: here only a test key (sk_test_…) is taken.',
    );
  }
  if (key !== undefined && variables.STRIPE_WEBHOOK_SECRET === undefined) {
    throw new StackRefused(
      'STRIPE_SECRET_KEY in .dev.vars needs a STRIPE_WEBHOOK_SECRET beside it: ' +
        '`stripe listen --forward-to http://127.0.0.1:8787/payment/webhook` prints one.',
    );
  }
  const { RATE_LIMITS = variables.RATE_LIMITS } = process.env;
  return RATE_LIMITS === undefined ? variables : { ...variables, RATE_LIMITS };
}

export interface LocalSecrets {
  readonly jwt_secret: string;
  readonly webhook_secret: string;
  readonly auth_enc_key: string;
  /** What the demo people sign in with. */
  readonly demo_password: string;
  readonly demo_totp_secret: string;
}

/** Made at random once, and kept, so that tokens, webhooks and what was sealed in the run before stay good. */
export function localSecrets(stateFolder: string): LocalSecrets {
  const secretsFile = join(stateFolder, 'secrets.json');
  const kept: Partial<LocalSecrets> = existsSync(secretsFile)
    ? JSON.parse(readFileSync(secretsFile, 'utf8'))
    : {};
  const secrets = {
    jwt_secret: randomBytes(32).toString('base64url'),
    webhook_secret: `whsec_${randomBytes(24).toString('hex')}`,
    auth_enc_key: `1:${randomBytes(32).toString('base64')}`,
    demo_password: `demo-${randomBytes(12).toString('hex')}`,
    demo_totp_secret: new Secret({ size: 20 }).base32,
    ...kept,
  };
  writeFileSync(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}
