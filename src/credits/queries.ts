import { and, desc, eq, getTableColumns, lt, sql } from 'drizzle-orm';
import type { User } from '../core/actor.ts';
import { isUser } from '../customers/index.ts';
import { customers } from '../customers/tables.ts';
import { build } from '../db/index.ts';
import { creditAccounts, creditCosts, creditTransactions } from './tables.ts';

/** Credits for one fact. (source, sourceRef) names the fact: it grants once, however often it is told. */
export interface Grant {
  readonly customerId: string;
  readonly source: 'checkout_session' | 'invoice_line';
  readonly sourceRef: string;
  readonly transactionType: 'purchase' | 'subscription_grant';
  /** The offer that was sold, its credits, and how many times it was sold. */
  readonly offerId: string;
  readonly credits: number;
  readonly quantity: number;
  readonly description: string;
  readonly eventId: string;
  readonly actor: string;
}

/** Lot, ledger row and balance by one SQL function; nothing when the fact has granted before. */
export function grantCredits(grant: Grant) {
  return build.execute(sql`
    select granted, balance from grant_credits(
      ${grant.customerId}::uuid, ${grant.credits}::bigint * ${grant.quantity}::bigint, ${grant.source},
      ${grant.sourceRef}, ${grant.transactionType}, ${grant.offerId}::uuid, null::timestamptz, ${grant.description},
      ${grant.eventId}, ${grant.actor}
    )`);
}

/**
 * What the ledger says of one account, in bigints as text; no row for a customer without an account. Entries that
 * name an operation are uses of credits.
 */
export function summariseAccount(user: User) {
  return build.execute(sql`
    select account.balance, moved.purchased, moved.used, moved.used_since_grant,
      to_json(last_grant.created_at) as last_grant_at
    from customers
    join credit_accounts as account on account.customer_id = customers.id
    left join lateral (
      select sequence, created_at from credit_transactions
      where customer_id = account.customer_id and transaction_type = 'subscription_grant'
      order by sequence desc limit 1
    ) as last_grant on true
    cross join lateral (
      select
        coalesce(sum(amount) filter (where transaction_type = 'purchase'), 0) as purchased,
        coalesce(-sum(amount) filter (where operation_type is not null), 0) as used,
        coalesce(-sum(amount) filter (where operation_type is not null and sequence > last_grant.sequence), 0)
          as used_since_grant
      from credit_transactions where customer_id = account.customer_id
    ) as moved
    where ${isUser(user)}`);
}

/** One account's entries before `before` (a sequence number), newest first. */
export function listTransactions(user: User, before: number | undefined, limit: number) {
  return build
    .select(getTableColumns(creditTransactions))
    .from(creditTransactions)
    .innerJoin(customers, eq(customers.id, creditTransactions.customerId))
    .where(and(isUser(user), before === undefined ? undefined : lt(creditTransactions.sequence, before)))
    .orderBy(desc(creditTransactions.sequence))
    .limit(limit);
}

/** What an operation costs beside what the user has; no row for an operation that does not exist. */
export function compareWithCost(user: User, operationType: string) {
  const balance = build
    .select({ balance: creditAccounts.balance })
    .from(creditAccounts)
    .innerJoin(customers, eq(customers.id, creditAccounts.customerId))
    .where(isUser(user));
  return build
    .select({
      required: creditCosts.credits,
      available: sql`coalesce((${balance}), 0)`.mapWith(creditAccounts.balance),
    })
    .from(creditCosts)
    .where(eq(creditCosts.operationType, operationType));
}

/** All costs and the version of their document, as they are at one instant. */
export function loadCosts() {
  return build.execute(sql`
    select version::int, (
      select coalesce(json_object_agg(operation_type, credits order by operation_type), '{}') from credit_costs
    ) as costs
    from catalogue_versions where document = 'credit_costs'`);
}
