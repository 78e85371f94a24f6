import { createScriptDeps } from '../../dev/script-deps.ts';
import { businessClock, type Clock } from '../../src/core/time.ts';
import { syncCatalogue, type CatalogueSync } from '../../src/pricing/index.ts';
import type { TestWorker } from './worker.ts';

/** What `npm run stripe:sync` does, on a test's own database and sandbox. */
export async function syncToStripe(worker: TestWorker, clock?: Clock): Promise<CatalogueSync> {
  const deps = createScriptDeps({
    databaseUrl: worker.database.url,
    fetchEndpoint: worker.gateway.url,
    stripeSecretKey: worker.stripe.apiKey,
    stripeApiBase: worker.stripe.url,
    clock: clock ?? (await businessClock(worker.stripe.clockUrl)),
  });
  return syncCatalogue(deps);
}
