/**
 * A stateful stand-in for Stripe: the official SDK is pointed at it, a browser
 * pays on its hosted page, and its events are delivered as signed webhooks.
 * It listens on 127.0.0.1 and keeps everything in memory, and in a file if it is
 * given one.
 *
 * Its layers, each of which knows only those before it: `state` (what is known,
 * and what time it is), `api` (how it speaks), `banks` (what test cards and
 * accounts do), `objects` (what a new object looks like), `payments` (where money
 * moves), `billing` (discounts, invoices, subscriptions, schedules), `checkout`
 * and `portal` (what a buyer does), `resources` (the endpoints), `pages` (what a
 * person sees), `server`. Beside them `time` lets happen what happens by itself,
 * `webhooks` tells of it, and `chaos` gets in the way.
 */
import { Api, type RequestRecord } from './server/api.ts';
import { hostedPages } from './billing/invoices/finalize-invoice.ts';
import { payPageUrl } from './checkout/new-session.ts';
import { sandboxClock } from './state/clock.ts';
import { NO_REQUEST, type Context } from './state/context.ts';
import { ChaosControl } from './chaos/control.ts';
import type { ChaosConfig } from './chaos/config.ts';
import { Deliveries } from './webhooks/deliveries.ts';
import { setOwnEndpoint } from './webhooks/own-endpoint.ts';
import { newSecret } from './webhooks/secrets.ts';
import { EventLog } from './state/events.ts';
import type { FaultRule } from './api/faults.ts';
import { HOME } from './pages/html.ts';
import { authenticationPages } from './pages/authentication-page.ts';
import { controlPages } from './pages/control/routes.ts';
import { invoicePages } from './pages/invoice-page.ts';
import { payPages } from './pages/pay-page.ts';
import { portalPages } from './pages/portal/routes.ts';
import { close, listen, type Handlers } from './server/server.ts';
import { keepInFile } from './state/state-file.ts';
import type { AccountSettings } from './state/settings.ts';
import { Store } from './state/store.ts';
import { catchUp } from './time/pass.ts';

export type { RequestRecord } from './server/api.ts';
export type { FaultRule } from './api/faults.ts';
export type { ChaosConfig } from './chaos/config.ts';
export { StateFileOutdated } from './state/state-file.ts';

/** The secret key that the sandbox takes unless it is given another. */
export const DEFAULT_API_KEY = 'sk_test_sandbox0000000000000000';
const DEFAULT_RETRY_DELAYS_SECONDS = [2, 10, 60, 300, 1800, 7200, 18_000];
const DUE_CHECK_MILLISECONDS = 1000;

/** What buyers see. */
const HOSTED_PAGES = [...payPages, ...authenticationPages, ...invoicePages, ...portalPages];

export interface StripeSandboxOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly webhookSecret?: string;
  readonly apiKey?: string;
  readonly webhookEndpoint?: { url: string };
  readonly log?: (line: string) => void;
  /** Delay before the second, third, … attempt to deliver an event; then it gives up. */
  readonly retryDelaysSeconds?: readonly number[];
  /** How long the endpoint may take to answer an event. */
  readonly deliveryTimeoutSeconds?: number;
  /** Keeps the objects in this file, and begins with those that are there. */
  readonly stateFile?: string;
  /** What the account is set to from the start. */
  readonly settings?: Partial<AccountSettings>;
  /** The time that objects and events show; deliveries always use the wall clock. */
  readonly now?: () => Date;
}

export interface StripeSandbox {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  /** Tells the sandbox's own time: `{ now, seconds_ahead }`. */
  readonly clockUrl: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** What was asked of the API, in order. */
  readonly requests: readonly Readonly<RequestRecord>[];
  /** Where every event goes from now on, beside the endpoints that the API made; undefined: nowhere. */
  setWebhookEndpoint(endpoint: { url: string } | undefined): void;
  /** Sets the account, as its dashboard does. */
  changeSettings(settings: Partial<AccountSettings>): void;
  /** Failures on demand; `undefined` ends them. */
  setFault(rule: FaultRule | undefined): void;
  /** Misbehaviour by chance, repeatable by its seed; `undefined` ends it, and what it held back goes out. */
  setChaos(config: ChaosConfig | undefined): void;
  /** Resolves when no webhook delivery is in flight, held back by chaos or due now. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Sessions and invoices of an earlier run are paid where this one listens. */
function moveHostedPages(store: Store, url: string): void {
  for (const session of store.all('checkout.session')) {
    if (session.url !== null) store.put({ ...session, url: payPageUrl(url, session.id) });
  }
  for (const session of store.all('billing_portal.session')) {
    store.put({ ...session, url: `${url}${new URL(session.url).pathname}` });
  }
  for (const invoice of store.all('invoice')) {
    if (invoice.hosted_invoice_url) store.put({ ...invoice, ...hostedPages(url, invoice.id) });
  }
}

/** Starts a sandbox that listens on 127.0.0.1 until it is stopped. Throws when the port is taken. */
export async function startStripeSandbox(options: StripeSandboxOptions = {}): Promise<StripeSandbox> {
  const { log = () => undefined, now = () => new Date(), apiKey = DEFAULT_API_KEY } = options;
  const webhookSecret = options.webhookSecret ?? newSecret();
  const store = new Store();
  const kept = options.stateFile === undefined ? undefined : keepInFile(store, options.stateFile);
  if (options.settings) store.changeSettings(options.settings);
  const handlers = Promise.withResolvers<Handlers>();
  const { server, port } = await listen(options.port ?? 0, handlers.promise);
  const url = `http://127.0.0.1:${port}`;
  moveHostedPages(store, url);
  const clock = sandboxClock(store, now);
  const deliveries = new Deliveries(store, {
    log,
    now: () => clock.now(),
    retryDelaysSeconds: options.retryDelaysSeconds ?? DEFAULT_RETRY_DELAYS_SECONDS,
    timeoutSeconds: options.deliveryTimeoutSeconds ?? 20,
  });
  const context: Context = {
    cause: NO_REQUEST,
    clock,
    events: new EventLog(deliveries),
    now: () => clock.now(),
    sandboxClock: clock,
    store,
    url,
  };
  const api = new Api(context, apiKey);
  const chaos = new ChaosControl(api, deliveries);
  handlers.resolve({
    api,
    context,
    log,
    pages: [...HOSTED_PAGES, ...controlPages({ api, chaos, deliveries })],
  });
  const setWebhookEndpoint = (endpoint: { url: string } | undefined): void => {
    deliveries.resume(setOwnEndpoint(context, webhookSecret, endpoint?.url));
  };
  setWebhookEndpoint(options.webhookEndpoint);
  deliveries.resume();
  const passing = setInterval(() => catchUp(context), DUE_CHECK_MILLISECONDS);
  return {
    url,
    port,
    clockUrl: `${url}${HOME}/time`,
    apiKey,
    webhookSecret,
    requests: api.requests,
    setWebhookEndpoint,
    changeSettings: (settings) => store.changeSettings(settings),
    setFault: (rule) => void (api.faultRule = rule),
    setChaos: (config) => void chaos.set(config),
    settled: () => deliveries.settled(),
    async stop() {
      clearInterval(passing);
      await deliveries.stop();
      kept?.save();
      await close(server);
    },
  };
}
