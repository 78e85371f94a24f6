import type { Operation } from '../api/operations.ts';
import { charges } from './charges.ts';
import { checkoutSessions } from './checkout-sessions.ts';
import { coupons } from './coupons.ts';
import { customerSources } from './customer-sources.ts';
import { customers } from './customers.ts';
import { disputes } from './disputes.ts';
import { events } from './events.ts';
import { invoiceItems } from './invoice-items.ts';
import { invoicePayments } from './invoice-payments.ts';
import { invoices } from './invoices.ts';
import { paymentIntents } from './payment-intents.ts';
import { paymentMethods } from './payment-methods.ts';
import { paymentPages } from './payment-pages.ts';
import { plans } from './plans.ts';
import { portalConfigurations } from './portal-configurations.ts';
import { portalSessions } from './portal-sessions.ts';
import { prices } from './prices.ts';
import { products } from './products.ts';
import { promotionCodes } from './promotion-codes.ts';
import { refunds } from './refunds.ts';
import { setupIntents } from './setup-intents.ts';
import { subscriptionItems } from './subscription-items.ts';
import { subscriptionSchedules } from './subscription-schedules.ts';
import { subscriptions } from './subscriptions.ts';
import { testClocks } from './test-clocks.ts';
import { webhookEndpoints } from './webhook-endpoints.ts';

/** Every endpoint of the API (https://docs.stripe.com/api). A new resource is a file here and a line below. */
export const OPERATIONS: readonly Operation[] = [
  ...products,
  ...prices,
  ...plans,
  ...coupons,
  ...promotionCodes,
  ...customers,
  ...customerSources,
  ...paymentMethods,
  ...paymentIntents,
  ...setupIntents,
  ...charges,
  ...refunds,
  ...disputes,
  ...checkoutSessions,
  ...paymentPages,
  ...subscriptions,
  ...subscriptionItems,
  ...subscriptionSchedules,
  ...invoices,
  ...invoiceItems,
  ...invoicePayments,
  ...portalConfigurations,
  ...portalSessions,
  ...events,
  ...webhookEndpoints,
  ...testClocks,
];
