import { and, desc, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { AccountReference, User } from '../core/actor.ts';
import { build, instant } from '../db/index.ts';
import { customerNotices, customers } from './tables.ts';

/** The condition that a row of `customers` is this user's. */
export function isUser(user: User) {
  return and(eq(customers.issuer, user.issuer), eq(customers.subject, user.subject));
}

/**
 * The id of an account's customer, as a subselect; null where there is no such customer. A name is a subject of the
 * issuer before it is one of our ids, or an id at Stripe.
 */
export function customerIdOf(account: AccountReference): SQL {
  if ('user' in account) {
    const { issuer, subject } = account.user;
    return sql`(select id from customers where issuer = ${issuer} and subject = ${subject})`;
  }
  const { named, issuer } = account;
  return sql`coalesce(
    (select id from customers where issuer = ${issuer} and subject = ${named}),
    (select id from customers where id = ${isUuid(named) ? named : null}::uuid),
    (select id from customers where stripe_customer_id = ${named}))`;
}

function isUuid(name: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name);
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

/** Something that a customer is to be told of; its id names the fact, so that it is told once. */
export function addNotice(notice: typeof customerNotices.$inferInsert & { readonly id: string }) {
  return build.insert(customerNotices).values(notice).onConflictDoNothing();
}

export function findNotice(id: string) {
  return build.select({ id: customerNotices.id }).from(customerNotices).where(eq(customerNotices.id, id));
}

/** A user's notices before `before`, newest first. */
export function listNotices(
  user: User,
  before: readonly [createdAt: Date, id: string] | undefined,
  limit: number,
) {
  const isBefore =
    before &&
    sql`(${customerNotices.createdAt}, ${customerNotices.id}) < (${instant(before[0])}, ${before[1]}::uuid)`;
  return build
    .select({
      id: customerNotices.id,
      noticeType: customerNotices.noticeType,
      data: customerNotices.data,
      createdAt: customerNotices.createdAt,
    })
    .from(customerNotices)
    .innerJoin(customers, eq(customers.id, customerNotices.customerId))
    .where(and(isUser(user), isBefore))
    .orderBy(desc(customerNotices.createdAt), desc(customerNotices.id))
    .limit(limit);
}
