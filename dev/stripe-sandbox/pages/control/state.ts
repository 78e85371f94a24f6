import type { Context } from '../../state/context.ts';
import type { Controls } from './controls.ts';

/** The JSON of `GET /_sandbox/state`. */
export type SandboxState = ReturnType<typeof stateOf>;

/** All that the sandbox knows, newest first. `now` is the sandbox's own time in Unix seconds. */
export function stateOf({ sandboxClock, store }: Context, { api, chaos, deliveries }: Controls) {
  return {
    now: sandboxClock.now(),
    settings: store.settings,
    products: store.all('product'),
    prices: store.all('price'),
    customers: store.all('customer'),
    sessions: store.all('checkout.session'),
    payment_intents: store.all('payment_intent'),
    charges: store.all('charge'),
    subscriptions: store.all('subscription'),
    invoices: store.all('invoice'),
    events: store.all('event'),
    deliveries: deliveries.records.toReversed(),
    requests: api.requests.toReversed(),
    coupons: store.all('coupon'),
    promotion_codes: store.all('promotion_code'),
    discounts: store.all('discount'),
    payment_methods: store.all('payment_method'),
    setup_intents: store.all('setup_intent'),
    refunds: store.all('refund'),
    disputes: store.all('dispute'),
    subscription_schedules: store.all('subscription_schedule'),
    invoice_items: store.all('invoiceitem'),
    invoice_payments: store.all('invoice_payment'),
    portal_configurations: store.all('billing_portal.configuration'),
    portal_sessions: store.all('billing_portal.session'),
    test_clocks: store.all('test_helpers.test_clock'),
    webhook_endpoints: store.all('webhook_endpoint'),
    chaos: chaos.state(),
  };
}
