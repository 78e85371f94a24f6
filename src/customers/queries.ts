import { and, eq, isNull, sql } from 'drizzle-orm';
import type { User } from '../core/actor.ts';
import { build } from '../db/index.ts';
import { customers } from './tables.ts';

/** The condition that a row of `customers` is this user's. */
export function isUser(user: User) {
  return and(eq(customers.issuer, user.issuer), eq(customers.subject, user.subject));
}

export function findCustomer(user: User) {
  return build
    .select({ id: customers.id, stripeCustomerId: customers.stripeCustomerId })
    .from(customers)
    .where(isUser(user));
}

export function findCustomerAtStripe(stripeCustomerId: string | null) {
  return build
    .select({ id: customers.id, stripeCustomerId: customers.stripeCustomerId })
    .from(customers)
    .where(eq(customers.stripeCustomerId, sql`${stripeCustomerId}`));
}

/** Keeps the first Stripe customer that a customer got: of several that come at once, one wins. */
export function keepStripeCustomer(customerId: string, stripeCustomerId: string) {
  return build
    .update(customers)
    .set({ stripeCustomerId, updatedAt: sql`now()` })
    .where(and(eq(customers.id, customerId), isNull(customers.stripeCustomerId)));
}
