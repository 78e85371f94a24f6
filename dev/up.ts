/** `npm run dev`: the whole system on this machine, without an account. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSealing, sealingKeys } from '../src/core/seal.ts';
import { businessClock } from '../src/core/time.ts';
import { syncCatalogue } from '../src/pricing/index.ts';
import { WrongCommandLine } from './command-line.ts';
import { createScriptDeps } from './script-deps.ts';
import type { TokenIssuer } from './sign-token.ts';
import { makeDemoUsers, type DemoProofs, type DemoUsers } from './stack/demo.ts';
import { FolderInUse, lockFolder } from './stack/folder-lock.ts';
import { screen, type RunningStack } from './stack/screen.ts';
import {
  startDatabase,
  startMail,
  startOutsideIssuer,
  startStripe,
  type DatabaseService,
  type IssuerService,
  type MailService,
  type StripeService,
} from './stack/services.ts';
import {
  localSecrets,
  readDevVariables,
  readOptions,
  StackRefused,
  type LocalSecrets,
  type StackOptions,
} from './stack/settings.ts';
import { startDemoShop, type DemoShop } from './stack/shop.ts';
import { expectFreePort, startLocalWorker, type LocalWorker } from './stack/worker.ts';

/** What runs, in the order of starting; stopped in the reverse order. */
const running: { stop(): Promise<void> }[] = [];

async function started<Part extends { stop(): Promise<void> }>(starting: Promise<Part>): Promise<Part> {
  const part = await starting;
  running.push(part);
  return part;
}

async function start(options: StackOptions): Promise<{ readonly failed: Promise<never> }> {
  const { port, fresh, stateFolder } = options;
  const own = readDevVariables();
  mkdirSync(stateFolder, { recursive: true });
  const lock = await lockFolder(stateFolder);
  running.push({ stop: () => lock.release() });
  await expectFreePort(port);
  removeState(stateFolder, fresh ? ['dev.json', 'stripe-sandbox.json', 'worker'] : ['dev.json']);
  const url = `http://127.0.0.1:${port}`;
  const secrets = localSecrets(stateFolder);
  const issuer = {
    secret: own.JWT_SECRET ?? secrets.jwt_secret,
    issuer: own.JWT_ISSUER ?? 'http://ratecard.localhost',
    audience: own.JWT_AUDIENCE ?? 'ratecard',
  };
  const ownStripe = {
    secretKey: own.STRIPE_SECRET_KEY,
    webhookSecret: own.STRIPE_WEBHOOK_SECRET ?? secrets.webhook_secret,
  };
  const [database, stripe, mail, outside, shop] = await Promise.all([
    started(startDatabase(own.DATABASE_URL, options)),
    started(startStripe(ownStripe, options)),
    started(startMail(own)),
    started(startOutsideIssuer(own)),
    started(startDemoShop()),
  ]);
  const defaults = { AUTH_ENC_KEY: secrets.auth_enc_key, PUBLIC_URL: url, ...own };
  const proofs = demoProofs(database, secrets, defaults.AUTH_ENC_KEY);
  const users = await fillIn(database, stripe, issuer, proofs);
  const variables = workerVariables(defaults, { database, stripe, mail, outside, shop, issuer });
  const worker = await started(startLocalWorker(port, variables, stateFolder));
  stripe.deliverTo(`${url}/payment/webhook`);
  shop.open({ worker: url, customerToken: users.customer.token });
  const isLimited = own.RATE_LIMITS !== 'off';
  announce({ stateFolder, isLimited, worker, database, stripe, mail, outside, shop, issuer, users });
  return { failed: worker.failed };
}

interface Parts {
  readonly database: DatabaseService;
  readonly stripe: StripeService;
  readonly mail: MailService;
  readonly outside: IssuerService;
  readonly shop: DemoShop;
  readonly issuer: TokenIssuer;
}

/**
 * What the demo people sign in with. None in a database that is not this machine's: an admin there would be one for
 * everybody who uses it. Nor with a key that seals nothing: the Worker says so, and serves nothing.
 */
function demoProofs(
  { gateway }: DatabaseService,
  { demo_password: password, demo_totp_secret: totpSecret }: LocalSecrets,
  sealingKey: string,
): DemoProofs | undefined {
  const keys = sealingKeys.safeParse(sealingKey);
  if (gateway === null || !keys.success) return undefined;
  return { password, totpSecret, sealing: createSealing(keys.data) };
}

/** The catalogue at Stripe, and somebody to try it. */
async function fillIn(
  database: DatabaseService,
  stripe: StripeService,
  issuer: TokenIssuer,
  proofs: DemoProofs | undefined,
): Promise<DemoUsers> {
  const deps = createScriptDeps({
    databaseUrl: database.url,
    fetchEndpoint: database.gateway ?? undefined,
    stripeSecretKey: stripe.secretKey,
    stripeApiBase: stripe.url ?? undefined,
    clock: await businessClock(stripe.clockUrl ?? undefined),
  });
  await syncCatalogue(deps);
  return makeDemoUsers(deps.db, issuer, proofs);
}

/** What the Worker is configured with; the developer's own variables stand over ours. */
function workerVariables(
  own: Readonly<Record<string, string>>,
  { database, stripe, mail, outside, shop, issuer }: Parts,
) {
  return {
    CHECKOUT_SUCCESS_URL: shop.successUrl,
    CHECKOUT_CANCEL_URL: shop.cancelUrl,
    PORTAL_RETURN_URL: shop.url,
    ...own,
    ...mail.variables,
    ...outside.variables,
    DATABASE_URL: database.url,
    ...(database.gateway === null ? {} : { DATABASE_FETCH_ENDPOINT: database.gateway }),
    LOOPBACK_ENDPOINTS: 'allowed',
    JWT_SECRET: issuer.secret,
    JWT_ISSUER: issuer.issuer,
    JWT_AUDIENCE: issuer.audience,
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    ...(stripe.url === null ? {} : { STRIPE_API_BASE: stripe.url }),
    ...(stripe.clockUrl === null ? {} : { CLOCK_URL: stripe.clockUrl }),
  };
}

/** Tells scripts (a file) and people (the screen) that everything runs, and where. */
function announce(
  stack: Parts &
    Pick<RunningStack, 'isLimited'> & {
      readonly stateFolder: string;
      readonly worker: LocalWorker;
      readonly users: DemoUsers;
    },
): void {
  const { stateFolder, isLimited, worker, database, stripe, mail, outside, shop, issuer, users } = stack;
  const stackFile = join(stateFolder, 'dev.json');
  writeWhole(stackFile, {
    worker: worker.url,
    stripe: stripe.url,
    gateway: database.gateway && new URL(database.gateway).origin,
    shop: shop.url,
    mailbox: mail.pageUrl,
    database_url: database.url,
    stripe_secret_key: stripe.secretKey,
    clock_url: stripe.clockUrl,
    webhook_secret: stripe.webhookSecret,
    jwt_secret: issuer.secret,
    jwt_issuer: issuer.issuer,
    jwt_audience: issuer.audience,
    outside_token_url: outside.tokenUrl,
    ...users,
  });
  running.push({ stop: async () => removeState(stateFolder, ['dev.json']) });
  const addresses = {
    worker: worker.url,
    shop: shop.url,
    stripe: stripe.url,
    mailbox: mail.pageUrl,
    database: database.description,
  };
  console.log(
    screen({
      ...addresses,
      people: users,
      workerLog: worker.logFile,
      isLimited,
      refusal: worker.refusal,
      stackFile,
    }),
  );
}

function removeState(stateFolder: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(stateFolder, name), { recursive: true, force: true });
}

/** Whole or not at all: who waits for the file may read it as soon as it is there. */
function writeWhole(file: string, content: Readonly<Record<string, unknown>>): void {
  const unfinished = `${file}.unfinished`;
  writeFileSync(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, file);
}

let stopping: Promise<void> | undefined;

function stop(): Promise<void> {
  stopping ??= (async () => {
    for (const part of running.toReversed()) {
      await part.stop().catch((error: unknown) => console.error(`While stopping: ${String(error)}`));
    }
  })();
  return stopping;
}

function explain(error: unknown): string {
  if (error instanceof FolderInUse) {
    return 'npm run dev is running in this folder already: stop it first, or use the one that runs.';
  }
  if (error instanceof StackRefused || error instanceof WrongCommandLine) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void stop().then(() => process.exit(0)));
}

try {
  const { failed } = await start(readOptions(process.argv.slice(2)));
  await failed;
} catch (error) {
  if (stopping === undefined) console.error(`\n${explain(error)}\n`);
  await stop();
  process.exit(1);
}
