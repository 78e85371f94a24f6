import type { Operation } from '../api/operations.ts';
import { charges } from './charges.ts';
import { checkoutSessions } from './checkout-sessions.ts';
import { customers } from './customers.ts';
import { events } from './events.ts';
import { invoicePayments } from './invoice-payments.ts';
import { invoices } from './invoices.ts';
import { paymentIntents } from './payment-intents.ts';
import { portalSessions } from './portal-sessions.ts';
import { prices } from './prices.ts';
import { products } from './products.ts';
import { subscriptions } from './subscriptions.ts';

/** Every endpoint of the API. A new resource is a file here and a line below. */
export const OPERATIONS: readonly Operation[] = [
  ...products,
  ...prices,
  ...customers,
  ...checkoutSessions,
  ...paymentIntents,
  ...charges,
  ...subscriptions,
  ...invoices,
  ...invoicePayments,
  ...portalSessions,
  ...events,
];
