import { join } from 'node:path';
import { connectRunner } from '../database/connect.ts';
import { migrationsDirectory, readMigrations } from '../database/migrations.ts';
import { startIssuer } from '../issuer/index.ts';
import { startMailbox } from '../mailbox/index.ts';
import { startGateway } from '../neon-gateway/index.ts';
import { startPostgres } from '../postgres.ts';
import { DEFAULT_API_KEY, startStripeSandbox, StateFileOutdated } from '../stripe-sandbox/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { StackRefused, type StackOptions } from './settings.ts';

/** A service that runs here, or one of the outside world: then there is nothing to stop. */
interface Service {
  stop(): Promise<void>;
}

export interface DatabaseService extends Service {
  readonly url: string;
  /** Where the gateway takes SQL over HTTP; null for Neon, which does so itself. */
  readonly gateway: string | null;
  readonly description: string;
}

const loopback: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** The database of `DATABASE_URL`, or a PostgreSQL of our own; migrated. A gateway stands before any that is not Neon. */
export async function startDatabase(
  ownUrl: string | undefined,
  { stateFolder, fresh }: StackOptions,
): Promise<DatabaseService> {
  if (ownUrl !== undefined && !loopback.includes(new URL(ownUrl).hostname)) {
    if (!new URL(ownUrl).hostname.endsWith('.neon.tech')) {
      throw new StackRefused('DATABASE_URL in .dev.vars must be a database of Neon, or one on this machine.');
    }
    await migrateTo(ownUrl);
    return { url: ownUrl, gateway: null, description: 'Neon, of DATABASE_URL', stop: async () => undefined };
  }
  const postgres =
    ownUrl === undefined
      ? await startPostgres({ dataDirectory: join(stateFolder, 'postgres'), persistent: true, fresh })
      : { url: ownUrl, dataDirectory: undefined, stop: async () => undefined };
  try {
    await migrateTo(postgres.url);
    const gateway = await startGateway();
    return {
      url: postgres.url,
      gateway: gateway.url,
      description:
        postgres.dataDirectory === undefined
          ? 'PostgreSQL, of DATABASE_URL'
          : `${postgres.url}  (PostgreSQL, data in ${postgres.dataDirectory})`,
      stop: async () => {
        await gateway.stop();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function migrateTo(url: string): Promise<void> {
  const connection = await connectRunner(url);
  try {
    await migrate(connection.run, readMigrations(migrationsDirectory));
  } finally {
    await connection.close();
  }
}

export interface StripeService extends Service {
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Where the sandbox listens; null for Stripe itself. */
  readonly url: string | null;
  /** What the sandbox's time is asked from; null: Stripe's is the machine's. */
  readonly clockUrl: string | null;
  /** Lets the sandbox deliver its events, as adding an endpoint in Stripe's dashboard does. */
  deliverTo(webhookUrl: string): void;
}

/** Stripe's own test mode where a key is given, else the sandbox. */
export async function startStripe(
  own: { readonly secretKey: string | undefined; readonly webhookSecret: string },
  { stateFolder }: StackOptions,
): Promise<StripeService> {
  const { secretKey, webhookSecret } = own;
  if (secretKey !== undefined) {
    return {
      secretKey,
      webhookSecret,
      url: null,
      clockUrl: null,
      deliverTo: () => undefined,
      stop: async () => undefined,
    };
  }
  const sandbox = await startStripeSandbox({
    webhookSecret,
    stateFile: join(stateFolder, 'stripe-sandbox.json'),
  }).catch((error: unknown) => {
    if (!(error instanceof StateFileOutdated)) throw error;
    throw new StackRefused(`${error.message} Start over: npm run dev -- --fresh`);
  });
  return {
    secretKey: DEFAULT_API_KEY,
    webhookSecret,
    url: sandbox.url,
    clockUrl: sandbox.clockUrl,
    deliverTo: (url) => sandbox.setWebhookEndpoint({ url }),
    stop: () => sandbox.stop(),
  };
}

export interface MailService extends Service {
  /** Where the mails are shown; null: the developer's own provider has them. */
  readonly pageUrl: string | null;
  /** What the Worker sends by. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The provider of the developer's own MAIL_API_URL, else a mailbox on this machine. */
export async function startMail(own: Readonly<Record<string, string>>): Promise<MailService> {
  if (own.MAIL_API_URL !== undefined) {
    return { pageUrl: null, variables: {}, stop: async () => undefined };
  }
  const mailbox = await startMailbox();
  return {
    pageUrl: mailbox.pageUrl,
    variables: {
      MAIL_API_URL: mailbox.apiUrl,
      MAIL_API_KEY: mailbox.apiKey,
      MAIL_FROM: own.MAIL_FROM ?? 'Ratecard <ratecard@example.com>',
    },
    stop: () => mailbox.stop(),
  };
}

export interface IssuerService extends Service {
  /** Where it makes tokens for anybody; null: the developer's own issuers are configured. */
  readonly tokenUrl: string | null;
  readonly variables: Readonly<Record<string, string>>;
}

/** The issuers of the developer's own OUTSIDE_ISSUERS, else one on this machine. */
export async function startOutsideIssuer(own: Readonly<Record<string, string>>): Promise<IssuerService> {
  if (own.OUTSIDE_ISSUERS !== undefined) {
    return { tokenUrl: null, variables: {}, stop: async () => undefined };
  }
  const issuer = await startIssuer();
  return {
    tokenUrl: issuer.tokenUrl,
    variables: { OUTSIDE_ISSUERS: JSON.stringify([issuer.entry]) },
    stop: () => issuer.stop(),
  };
}
