import Stripe from 'stripe';

/** The SDK's own patience is 80 s; a request of ours must be answered long before that. */
const timeoutSeconds = 10;

export interface StripeSettings {
  readonly secretKey: string;
  /** Where a stand-in for Stripe listens: dev and test only (env.ts lets loopback addresses in). */
  readonly apiBase: string | undefined;
}

/** One isolate's client of the SDK, pinned to the API version that the SDK's types describe. */
export function createStripeClient({ secretKey, apiBase }: StripeSettings): Stripe {
  return new Stripe(secretKey, {
    httpClient: Stripe.createFetchHttpClient(),
    timeout: timeoutSeconds * 1000,
    maxNetworkRetries: 2,
    telemetry: false,
    ...(apiBase === undefined ? {} : endpoint(new URL(apiBase))),
  });
}

function endpoint(url: URL) {
  return {
    protocol: url.protocol === 'https:' ? ('https' as const) : ('http' as const),
    host: url.hostname,
    port: url.port,
  };
}
