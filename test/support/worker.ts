import { randomBytes, randomUUID } from 'node:crypto';
import { startMailbox, type Mailbox } from '../../dev/mailbox/index.ts';
import { startGateway, type NeonGateway } from '../../dev/neon-gateway/index.ts';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import { startStripeSandbox, type StripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import type { Role } from '../../src/core/actor.ts';
import { createSealing, sealingKeys, type Sealing } from '../../src/core/seal.ts';
import { watchForLeaks } from './leaks.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { Runtime } from './runtime.ts';
import { migratedTemplate } from './template.ts';
import { advance, timeOf, type TimeStep } from './time.ts';
import { wranglerFile, type QueueFate } from './wrangler-file.ts';

const audience = 'ratecard-test';
const issuer = 'https://issuer.test';

/** What a test says of a request beside its path. */
export interface TestRequest {
  readonly method?: string;
  readonly token?: string | undefined;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, read. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; tests look into it without types. */
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked at, not computed with
  readonly json: any;
  /** How many database calls the answer took, by its Server-Timing. */
  readonly databaseCalls: number;
}

/** The real Worker in workerd, before a database, a gateway, a Stripe sandbox and a mailbox of its own. */
export interface TestWorker {
  readonly url: string;
  readonly database: TestDatabase;
  readonly gateway: NeonGateway;
  readonly stripe: StripeSandbox;
  /** Where its mails go. */
  readonly mailbox: Mailbox;
  /** Seals as it does, for rows that a test writes itself. */
  readonly sealing: Sealing;
  readonly tokens: { readonly secret: string; readonly issuer: string; readonly audience: string };
  request(path: string, request?: TestRequest): Promise<TestAnswer>;
  /** A token as `npm run token` makes it; the subject is a new one unless it is given. */
  token(role: Role, subject?: string): Promise<string>;
  /** Runs a cron trigger; that of every minute unless it is said. */
  scheduled(cron?: string): Promise<void>;
  /**
   * Moves the sandbox's time ahead, and the Worker's with it: by a step, or to an instant. Stripe's events of that time
   * are delivered and processed, and the cron trigger has run, when it resolves.
   */
  advance(step: TimeStep | Date): Promise<void>;
  /** What time it is for the business of the Worker. */
  now(): Promise<Date>;
  /** The Worker's cached documents. */
  catalogue(): Promise<KVNamespace>;
  /** The queue that the Worker's doorbells go through. */
  queue(): Promise<Queue>;
  /** All that the Worker logged. */
  logs(): readonly string[];
  /**
   * The Worker's processes end at once, whatever they are at, and with them the messages of its queues: connections
   * are lost, then refused, until `restart`.
   */
  kill(): Promise<void>;
  /**
   * The same Worker anew: empty memory, empty KV, empty queues; database and Stripe stay. `dropped`: what it sends to
   * queues from now on reaches nobody; `tried-once`: a message that fails is dead at once.
   */
  restart(queues?: QueueFate): Promise<void>;
  /** Throws when an answer or a log line has told what it must not (leaks.ts). */
  stop(): Promise<void>;
}

export interface TestWorkerOptions {
  /** Variables on top of good ones; undefined leaves a variable out. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly retryDelaysSeconds?: readonly number[];
  /** Whose time the Worker's business follows; the sandbox's by default. */
  readonly clock?: 'sandbox' | 'machine';
  /** Whether Stripe's events come by themselves (true), or the test delivers them. */
  readonly stripeDelivers?: boolean;
}

export async function startWorker(options: TestWorkerOptions = {}): Promise<TestWorker> {
  const database = await createTestDatabase({ template: migratedTemplate });
  const gateway = await startGateway();
  const stripe = await startStripeSandbox({
    retryDelaysSeconds: options.retryDelaysSeconds ?? [0.1, 0.2, 0.5, 1, 2],
  });
  const mailbox = await startMailbox();
  const secret = randomUUID() + randomUUID();
  const sealingKey = `1:${randomBytes(32).toString('base64')}`;
  const tokens = { secret, issuer, audience };
  const variables: Readonly<Record<string, string | undefined>> = {
    DATABASE_URL: database.url,
    DATABASE_FETCH_ENDPOINT: gateway.url,
    JWT_SECRET: secret,
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    STRIPE_SECRET_KEY: stripe.apiKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_BASE: stripe.url,
    CLOCK_URL: options.clock === 'machine' ? undefined : stripe.clockUrl,
    CHECKOUT_SUCCESS_URL: 'https://shop.test/success',
    CHECKOUT_CANCEL_URL: 'https://shop.test/pricing',
    PORTAL_RETURN_URL: 'https://shop.test/account',
    AUTH_ENC_KEY: sealingKey,
    PUBLIC_URL: 'https://ratecard.test',
    MAIL_API_URL: mailbox.apiUrl,
    MAIL_API_KEY: mailbox.apiKey,
    MAIL_FROM: 'Ratecard <ratecard@shop.test>',
    LOOPBACK_ENDPOINTS: 'allowed',
    // All of a test's requests come from one machine, and more of them in a minute than from anybody.
    RATE_LIMITS: 'off',
    // Tests count calls of the database, and let some fail: there are no others than theirs.
    METRICS_FLUSH_SECONDS: 'off',
    ...options.variables,
  };
  const leaks = watchForLeaks(variables);
  const runtime = new Runtime();
  let url: URL;
  const start = async (queues: QueueFate) => {
    url = await runtime.start({
      configPath: await wranglerFile(queues),
      variables: withoutAbsent(variables),
    });
    if (options.stripeDelivers ?? true) {
      stripe.setWebhookEndpoint({ url: new URL('/payment/webhook', url).href });
    }
  };
  await start('delivered');
  const scheduled = (cron = '* * * * *') => runtime.scheduled(cron);

  return {
    get url() {
      return url.origin;
    },
    database,
    gateway,
    stripe,
    mailbox,
    sealing: createSealing(sealingKeys.parse(sealingKey)),
    tokens,
    request: async (path, request = {}) => {
      const sent = init(request);
      const answer = await readAnswer(await fetch(`${url.origin}${path}`, sent));
      leaks.answered({
        ...answer,
        method: sent.method,
        path,
        sent: request.body,
        idempotencyKey: request.headers?.['Idempotency-Key'],
      });
      return answer;
    },
    token: (role, subject = randomUUID()) =>
      signToken(tokens, accessClaims(tokens, { subject, role, email: `${subject}@example.com` }, 3600)),
    scheduled,
    advance: (step) => advance(step, { database, stripe, scheduled }),
    now: () => timeOf(stripe),
    catalogue: async () => (await runtime.bindings()).CATALOGUE,
    queue: async () => (await runtime.bindings()).WEBHOOK_QUEUE,
    logs: () => runtime.logs(),
    kill: async () => {
      if ((await runtime.kill()) === 0) throw new Error('there is no workerd to kill');
    },
    restart: async (queues = 'delivered') => {
      leaks.logged(runtime.logs());
      await runtime.stop();
      await start(queues);
    },
    stop: async () => {
      leaks.logged(runtime.logs());
      await runtime.stop();
      await Promise.all([stripe.stop(), gateway.stop(), mailbox.stop()]);
      await database.drop();
      const findings = leaks.findings();
      if (findings.length > 0) throw new Error(`secrets were told:\n${findings.join('\n')}`);
    },
  };
}

function withoutAbsent(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function init({ method, token, body, headers }: TestRequest) {
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    redirect: 'manual' as const,
    headers: {
      'CF-Connecting-IP': newAddress(),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  };
}

let addresses = 0;

/** Each request comes from an address of its own unless the test gives one: nobody is counted together with others. */
function newAddress(): string {
  addresses += 1;
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
}

async function readAnswer(response: Response): Promise<TestAnswer> {
  const text = await response.text();
  const calls = /db;desc="n=(\d+)"/.exec(response.headers.get('Server-Timing') ?? '')?.[1];
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: parseJson(text),
    databaseCalls: Number(calls),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
