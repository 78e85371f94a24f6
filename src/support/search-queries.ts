import { sql, type SQL } from 'drizzle-orm';
import { build } from '../db/index.ts';

/** A customer's place in the list, which is the newest first: when it came (microseconds since 1970), and its id. */
export type CustomerPosition = readonly [microseconds: number, id: string];

export interface CustomerFilter {
  readonly search: string | undefined;
  readonly before: CustomerPosition | undefined;
  readonly limit: number;
}

/** Customers that the search finds, newest first. Each way of searching has an index of its own. */
export function findCustomers({ search, before, limit }: CustomerFilter) {
  const found =
    search === undefined
      ? sql`customers`
      : sql`(
    select * from customers where id in (${sql.join([...branchesOf(search)], sql` union all `)}))`;
  const page =
    before === undefined
      ? sql``
      : sql`where (created_at, id) < (timestamptz 'epoch' + ${before[0]}::bigint * interval '1 microsecond',
          ${before[1]}::uuid)`;
  return build.execute(sql`
    select id, issuer, subject, email, name, stripe_customer_id, to_json(created_at) as created_at,
      (extract(epoch from created_at) * 1000000)::bigint::text as microseconds
    from ${found} as customer ${page} order by customer.created_at desc, customer.id desc limit ${limit}`);
}

/** Selects of customers' ids. A subject may look like anything. */
function branchesOf(search: string): readonly SQL[] {
  const bySubject = sql`select id from customers where subject = ${search}`;
  const kind = /^(cus|sub|pi|in|cs)_/.exec(search)?.[1];
  switch (kind) {
    case 'cus':
      return [bySubject, sql`select id from customers where stripe_customer_id = ${search}`];
    case 'sub':
      return [
        bySubject,
        ...['subscriptions', 'checkouts', 'payments'].map((table) =>
          knownBy(table, 'stripe_subscription_id', search),
        ),
      ];
    case 'pi':
      return [
        bySubject,
        ...['payments', 'top_ups'].map((table) => knownBy(table, 'stripe_payment_intent_id', search)),
      ];
    case 'in':
      return [bySubject, knownBy('payments', 'stripe_invoice_id', search)];
    case 'cs':
      return [bySubject, knownBy('checkouts', 'stripe_session_id', search)];
    default:
      return [bySubject, byEmail(search), ...byId(search)];
  }
}

function knownBy(table: string, column: string, id: string): SQL {
  return sql`select customer_id from ${sql.identifier(table)} where ${sql.identifier(column)} = ${id}`;
}

/** Byte by byte, as the index is sorted: U+10FFFF comes after all that a prefix can go on with. */
function byEmail(prefix: string): SQL {
  return sql`select id from customers
    where lower(email) ~>=~ lower(${prefix}) and lower(email) ~<~ lower(${`${prefix}\u{10ffff}`})`;
}

function byId(search: string): readonly SQL[] {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(search);
  return isUuid ? [sql`select id from customers where id = ${search}::uuid`] : [];
}
