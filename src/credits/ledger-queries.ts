import { and, sql } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { instant } from '../db/index.ts';
import { onAccount } from './account-queries.ts';

export interface TransactionFilter {
  readonly transactionType: string | undefined;
  readonly operationType: string | undefined;
  /** From then on, and before then. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Only entries with a lower sequence number. */
  readonly before: number | undefined;
  readonly limit: number;
}

/** `result`: an array of the account's entries, newest first. */
export function listTransactions(account: AccountReference, filter: TransactionFilter) {
  const { transactionType, operationType, from, to, before, limit } = filter;
  const conditions = [
    sql`entry.customer_id = account.customer_id`,
    ...(before === undefined ? [] : [sql`sequence < ${before}::bigint`]),
    ...(transactionType === undefined ? [] : [sql`transaction_type = ${transactionType}`]),
    ...(operationType === undefined ? [] : [sql`operation_type = ${operationType}`]),
    ...(from === undefined ? [] : [sql`created_at >= ${instant(new Date(from))}`]),
    ...(to === undefined ? [] : [sql`created_at < ${instant(new Date(to))}`]),
  ];
  return onAccount(
    account,
    sql`(select coalesce(jsonb_agg(to_jsonb(found) order by sequence desc), '[]') from (
      select * from credit_transactions as entry where ${and(...conditions)} order by sequence desc limit ${limit}
    ) as found)`,
  );
}

/** What each lot of an entry gained or lost, what it was sold as, and which payment paid for it. */
const lotsOfEntry = sql`(
  select coalesce(jsonb_agg(jsonb_build_object(
    'lot_id', lot.id, 'kind', lot.kind, 'source', lot.source, 'amount', part.amount, 'expires_at', part.expires_at,
    'offer', case when offer.id is not null then jsonb_build_object(
      'item_type', case when offer.plan_id is null then 'package' else 'plan' end,
      'item_key', coalesce(plan.plan_key, package.package_key), 'name', coalesce(plan.name, package.name),
      'price_id', offer.stripe_price_id) end,
    'payment', case when payment.id is not null then jsonb_build_object(
      'payment_intent_id', payment.stripe_payment_intent_id, 'invoice_id', payment.stripe_invoice_id) end
  ) order by part.expires_at nulls last, lot.kind, lot.created_at, lot.id), '[]')
  from credit_transaction_lots as part
  join credit_lots as lot on lot.id = part.lot_id
  left join prices as offer on offer.id = lot.offer_id
  left join subscription_plans as plan on plan.id = offer.plan_id
  left join credit_packages as package on package.id = offer.package_id
  left join payments as payment on payment.id = lot.payment_id
  where part.transaction_id = entry.id)`;

/** The hold that an entry captured, or whose end it followed: these entries are named by it. */
const holdOfEntry = sql`(
  select to_jsonb(hold) from credit_holds as hold
  where hold.customer_id = entry.customer_id and hold.id = case
    when entry.transaction_type in ('capture', 'debt_repayment') and entry.source_ref ~ '^[0-9a-f-]{36}$'
    then entry.source_ref::uuid end)`;

/** `result`: one entry of the account with its lots and its hold, or null. */
export function findTransaction(account: AccountReference, id: string) {
  return onAccount(
    account,
    sql`(select to_jsonb(entry) || jsonb_build_object('lots', ${lotsOfEntry}, 'hold', ${holdOfEntry})
      from credit_transactions as entry
      where entry.id = ${id}::uuid and entry.customer_id = account.customer_id)`,
  );
}

/**
 * `result`: what an operation costs beside what the account has, or null for an operation that does not exist. What
 * is over at `now` does not count, whether or not the ledger has noted it: lots do not, and holds hold nothing.
 */
export function compareWithCost(
  account: AccountReference,
  { operationType, quantity }: { readonly operationType: string; readonly quantity: number },
  now: Date,
) {
  const free = sql`(
    select sum(lot.remaining - lot.held + coalesce(released.amount, 0))
    from credit_lots as lot
    left join (
      select part.lot_id, sum(part.amount) as amount
      from credit_holds as hold join credit_hold_lots as part on part.hold_id = hold.id
      where hold.customer_id = account.customer_id and hold.status = 'active' and hold.expires_at <= ${instant(now)}
      group by part.lot_id
    ) as released on released.lot_id = lot.id
    where lot.customer_id = account.customer_id and lot.is_open
      and (lot.expires_at is null or lot.renews or lot.expires_at > ${instant(now)}))`;
  const debt = sql`(select debt from credit_accounts where customer_id = account.customer_id)`;
  return onAccount(
    account,
    sql`(select jsonb_build_object(
        'required', cost.credits * ${quantity}::bigint, 'left', coalesce(${free}, 0) - coalesce(${debt}, 0))
      from credit_costs as cost where cost.operation_type = ${operationType})`,
  );
}
