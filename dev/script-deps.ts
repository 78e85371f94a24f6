import { createLog } from '../src/core/log.ts';
import { systemClock, type Clock } from '../src/core/time.ts';
import { createUsage } from '../src/core/usage.ts';
import { connect, openDatabase } from '../src/db/index.ts';
import type { Deps } from '../src/deps.ts';
import { createStripeClient, openStripe } from '../src/stripe/index.ts';

/** Which database and which Stripe account a script works on. */
export interface ScriptTargets {
  readonly databaseUrl: string;
  /** Where the local gateway takes SQL over HTTP; undefined for Neon. */
  readonly fetchEndpoint: string | undefined;
  readonly stripeSecretKey: string;
  /** The local stand-in; undefined for Stripe. */
  readonly stripeApiBase: string | undefined;
  /** The machine's unless it is given: what works on the sandbox goes by the sandbox's time. */
  readonly clock?: Clock;
}

/** What a verb needs when a script calls it, outside of the Worker and its bindings. */
export function createScriptDeps(
  targets: ScriptTargets,
): Pick<Deps, 'db' | 'replica' | 'stripe' | 'clock' | 'log' | 'requestId'> {
  const { databaseUrl, fetchEndpoint, stripeSecretKey, stripeApiBase, clock = systemClock } = targets;
  const db = openDatabase(connect({ url: databaseUrl, fetchEndpoint }), createUsage());
  const sdk = createStripeClient({ secretKey: stripeSecretKey, apiBase: stripeApiBase });
  const requestId = `script_${crypto.randomUUID().replaceAll('-', '')}`;
  return {
    db,
    replica: db,
    stripe: openStripe(sdk, createUsage()),
    clock,
    log: createLog({ request_id: requestId }),
    requestId,
  };
}
