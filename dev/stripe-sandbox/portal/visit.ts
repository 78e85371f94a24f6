import { invalid } from '../api/errors.ts';
import { isOver } from '../billing/subscriptions/end-subscription.ts';
import { subscriptionIdOf } from '../objects/invoice.ts';
import type { Configuration } from '../objects/portal-configuration.ts';
import { inTimeOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { hasExpired, type PortalSession } from './new-session.ts';

type Customer = ObjectTypes['customer'];
type Invoice = ObjectTypes['invoice'];
type Subscription = ObjectTypes['subscription'];

/** A customer in the portal, and what is allowed there. */
export interface Visit {
  /** In the customer's time. */
  readonly context: Context;
  readonly session: PortalSession;
  readonly configuration: Configuration;
  readonly customer: Customer;
}

/** Whose portal a link opens, by the last part of its address. */
export function visitOf(context: Context, token: string): Visit | 'unknown' | 'over' {
  const session = context.store
    .all('billing_portal.session')
    .find((one) => one.url.endsWith(`/p/session/${token}`));
  const customer = session && context.store.get('customer', session.customer);
  if (!session || !customer) return 'unknown';
  if (hasExpired(context, session)) return 'over';
  return {
    context: inTimeOf(context, customer.id),
    session,
    configuration: context.store.must('billing_portal.configuration', String(session.configuration)),
    customer,
  };
}

/** The customer's subscriptions that have not ended, newest first. */
export function runningSubscriptions({ context, customer }: Visit): Subscription[] {
  return context.store.all('subscription').filter((one) => one.customer === customer.id && !isOver(one));
}

/** The customer's subscription of this id, if it has not ended. */
export function runningSubscription(visit: Visit, id: string): Subscription | undefined {
  return runningSubscriptions(visit).find((one) => one.id === id);
}

/** The running subscription that a form names. Throws when the customer has none of this id. */
export function ownSubscription(visit: Visit, fields: URLSearchParams): Subscription {
  const subscription = runningSubscription(visit, fields.get('subscription') ?? '');
  if (!subscription) throw invalid('There is no such subscription.', 'subscription');
  return subscription;
}

/** The customer's invoices that were sent to them, newest first. */
export function invoicesOf({ context, customer }: Visit): Invoice[] {
  return context.store.all('invoice').filter((one) => one.customer === customer.id && one.status !== 'draft');
}

/** The invoice that a subscription still waits for. */
export function openInvoiceOf(visit: Visit, subscription: Subscription): Invoice | undefined {
  return invoicesOf(visit).find((one) => one.status === 'open' && subscriptionIdOf(one) === subscription.id);
}
