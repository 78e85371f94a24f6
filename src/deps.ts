import { createCounts, type Counts } from './core/counts.ts';
import { createDocumentMemory, type DocumentContext, type DocumentMemory } from './core/cached-document.ts';
import type { CountedLimit } from './core/limit.ts';
import { createLog, describeFault, type Log } from './core/log.ts';
import { createSealing, type Sealing } from './core/seal.ts';
import { createTally, type Tally } from './core/tally.ts';
import { systemClock, type Clock } from './core/time.ts';
import { createUsage, type CallListener, type Usage } from './core/usage.ts';
import { connect, openDatabase, type Connection, type Database, type RequestDatabase } from './db/index.ts';
import { emailBinding, type Config } from './env.ts';
import {
  createKeyMemory,
  openIssuers,
  openPasswordHasher,
  type Issuers,
  type KeyMemory,
  type PasswordHasher,
} from './identity/index.ts';
import { openMail, type Mailer } from './mail/index.ts';
import {
  createStripeClient,
  openStripe,
  readSignedEvent,
  type StripeEvent,
  type StripeGateway,
} from './stripe/index.ts';

/** What every verb is given: the outside world, for the length of one request, message or scheduled run. */
export interface Deps {
  readonly config: Config;
  readonly db: Database;
  /** For reads that may lag: the replica where one is configured, else the database itself. */
  readonly replica: Database;
  readonly stripe: StripeGateway;
  /** The time that business goes by. What guards or ages things by the machine's time uses `systemClock`. */
  readonly clock: Clock;
  readonly log: Log;
  /** Memory and store of the cached documents. */
  readonly documents: DocumentContext;
  readonly webhookQueue: Queue;
  readonly mail: Mailer;
  /** For secrets that are stored. */
  readonly sealing: Sealing;
  readonly passwords: PasswordHasher;
  /** API keys that the isolate has just verified. */
  readonly keys: KeyMemory;
  /** Those who vouch for people elsewhere. */
  readonly issuers: Issuers;
  /** Deliveries that were refused, by code, and are not yet written down. */
  readonly rejections: Tally;
  /** What the isolate counts of its work, for metrics. */
  readonly counts: Counts;
  /** What a request was counted for, which its answer tells. */
  readonly limits: CountedLimit[];
  /** Named in answers, log lines and history rows. */
  readonly requestId: string;
  /** The same for the same request under the same Idempotency-Key: what it creates is named by it. */
  readonly operationId: string;
  readonly usage: { readonly database: Usage; readonly stripe: Usage; readonly passwords: Usage };
  readSignedEvent(payload: string, signature: string | undefined): Promise<StripeEvent>;
  /** Lets work go on after the answer. */
  waitUntil(promise: Promise<unknown>): void;
  /**
   * Does a work of its own after the answer: what it asks of others is not counted into this request, and its
   * Idempotency-Key is not the request's. A failure is logged.
   */
  later(name: string, work: (deps: Deps) => Promise<void>): void;
}

/** The same, for the HTTP edge, which ends the request's operation, and names it. */
export interface RequestDeps extends Deps {
  readonly db: RequestDatabase;
  operationId: string;
}

/** One request's own part of the dependencies. */
export interface RequestScope {
  readonly requestId: string;
  readonly operationId: string;
  readonly clock: Clock;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/** What an isolate keeps from one request to the next. */
interface Isolate {
  readonly database: Connection;
  readonly replica: Connection;
  readonly stripe: ReturnType<typeof createStripeClient>;
  readonly memory: DocumentMemory;
  readonly sealing: Sealing;
  readonly keys: KeyMemory;
  readonly rejections: Tally;
  readonly counts: Counts;
  readonly onCall: { readonly database: CallListener; readonly stripe: CallListener };
  readonly issuers: Issuers;
}

const isolates = new WeakMap<Config, Isolate>();

function isolateFor(config: Config): Isolate {
  const present = isolates.get(config);
  if (present !== undefined) return present;
  const { url, replicaUrl, fetchEndpoint } = config.database;
  const database = connect({ url, fetchEndpoint });
  const counts = createCounts(config.metricsFlushSeconds, systemClock.now());
  const isolate = {
    database,
    replica: replicaUrl === undefined ? database : connect({ url: replicaUrl, fetchEndpoint }),
    stripe: createStripeClient(config.stripe),
    memory: createDocumentMemory(),
    sealing: createSealing(config.sealingKeys),
    keys: createKeyMemory(systemClock),
    rejections: createTally(),
    counts,
    onCall: { database: countCalls(counts, 'database'), stripe: countCalls(counts, 'stripe') },
    issuers: openIssuers(config.outsideIssuers),
  };
  isolates.set(config, isolate);
  return isolate;
}

/** Counts what is asked of a service, how long that takes, and how it fails. */
function countCalls(counts: Counts, service: 'database' | 'stripe'): CallListener {
  const calls = `${service}_calls`;
  const faults = `${service}_faults`;
  return (milliseconds, fault) => {
    counts.add(calls, [], milliseconds / 1000);
    if (fault !== undefined) counts.add(faults, fault);
  };
}

export function createDeps(env: Env, config: Config, scope: RequestScope): RequestDeps {
  const { requestId, operationId, clock, waitUntil } = scope;
  const isolate = isolateFor(config);
  const usage = {
    database: createUsage(isolate.onCall.database),
    stripe: createUsage(isolate.onCall.stripe),
    passwords: createUsage(),
  };
  const log = createLog({ request_id: requestId });
  let stripe: StripeGateway | undefined;
  let replica: Database | undefined;
  return {
    config,
    db: openDatabase(isolate.database, usage.database),
    // Most requests ask neither of these, and both are large.
    get replica() {
      return (replica ??= openDatabase(isolate.replica, usage.database));
    },
    get stripe() {
      return (stripe ??= openStripe(isolate.stripe, usage.stripe));
    },
    clock,
    log,
    documents: { memory: isolate.memory, store: env.CATALOGUE, clock: systemClock, log, waitUntil },
    webhookQueue: env.WEBHOOK_QUEUE,
    mail: openMail(config.mail, emailBinding(env)),
    sealing: isolate.sealing,
    passwords: openPasswordHasher(usage.passwords),
    keys: isolate.keys,
    issuers: isolate.issuers,
    rejections: isolate.rejections,
    counts: isolate.counts,
    limits: [],
    requestId,
    operationId,
    usage,
    readSignedEvent: (payload, signature) =>
      readSignedEvent(
        isolate.stripe,
        { payload, signature },
        config.stripe.webhookSecrets,
        systemClock.now(),
      ),
    waitUntil,
    later: (name, work) => {
      const apart = { requestId, operationId: crypto.randomUUID(), clock, waitUntil };
      waitUntil(
        work(createDeps(env, config, apart)).catch((error: unknown) => {
          log.error('later_failed', { work: name, ...describeFault(error) });
        }),
      );
    },
  };
}
