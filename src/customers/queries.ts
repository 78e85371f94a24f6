import { and, desc, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { build, instant } from '../db/index.ts';
import { customerNotices, customers } from './tables.ts';

/** The condition that a row of `customers` is this account's. */
export function isAccount(account: AccountReference): SQL {
  return sql`${customers.id} = ${customerIdOf(account)}`;
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

export function findCustomer(account: AccountReference) {
  return build
    .select({ id: customers.id, stripeCustomerId: customers.stripeCustomerId })
    .from(customers)
    .where(isAccount(account));
}

export function findCustomerAtStripe(stripeCustomerId: string | null) {
  return build
    .select({ id: customers.id, stripeCustomerId: customers.stripeCustomerId })
    .from(customers)
    .where(eq(customers.stripeCustomerId, sql`${stripeCustomerId}`));
}

/**
 * Brings an account's row up to date for each row of `source`, and locks it; makes it where there is none. A customer
 * that is named and not there is made under that name, as one of our own issuer; but no name is an id at Stripe. One that was
 * deleted is locked, and stays as it is.
 */
export function readyAccount(account: AccountReference, source: SQL): SQL {
  const { issuer, subject, email } =
    'user' in account ? account.user : { issuer: account.issuer, subject: account.named, email: undefined };
  const isName = 'user' in account || !account.named.startsWith('cus_');
  return sql`
    insert into customers (issuer, subject, email)
    select coalesce(known.issuer, ${issuer}), coalesce(known.subject, ${subject}), ${email ?? null}::text
    from ${source} left join customers as known on known.id = ${customerIdOf(account)}
    where known.id is not null or ${isName}::boolean
    on conflict (issuer, subject) do update
    set email = coalesce(excluded.email, customers.email), updated_at = now()
    where customers.closed_at is null`;
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

/** An account's notices before `before`, newest first. */
export function listNotices(
  account: AccountReference,
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
    .where(and(isAccount(account), isBefore))
    .orderBy(desc(customerNotices.createdAt), desc(customerNotices.id))
    .limit(limit);
}
