import { moneyAtStripe } from './crash-money.ts';
import type { Buyer } from './shop.ts';
import type { TestWorker } from './worker.ts';

/** Rows of how something was done, and not of what was done. */
const unbooked: readonly string[] = ['webhook_events'];

/** How often something was looked at, what a request that names its customer looked like, and what others did meanwhile. */
const unbookedColumns: ReadonlySet<string> = new Set([
  'version',
  'attempts',
  'request_hash',
  'credit_transactions.position',
]);

/** Tables that hang on another one of a customer's. */
const hanging = {
  credit_transaction_lots: 'transaction_id in (select id from credit_transactions where customer_id = $1)',
  credit_hold_lots: 'hold_id in (select id from credit_holds where customer_id = $1)',
} satisfies Readonly<Record<string, string>>;

/**
 * All rows that a customer has, of whatever table, and all of their money at Stripe, without what no two customers have in common: ids and instants stand
 * there as what kind of thing they are.
 */
export async function bookkeeping(worker: TestWorker, { subject }: Buyer): Promise<readonly string[]> {
  const { query } = worker.database;
  const [customer] = await query<{ id: string; stripe_customer_id: string | null }>(
    'select id, stripe_customer_id from customers where subject = $1',
    [subject],
  );
  if (customer === undefined) return [];
  const tables = await query<{ name: string }>(
    `select table_name as name from information_schema.columns join information_schema.tables using (table_name)
     where column_name = 'customer_id' and table_type = 'BASE TABLE' and columns.table_schema = 'public' order by 1`,
  );
  const conditions = [
    ...tables
      .filter(({ name }) => !unbooked.includes(name))
      .map(({ name }) => [name, 'customer_id = $1'] as const),
    ...Object.entries(hanging),
  ];
  const selects = conditions.map(
    ([name, where]) =>
      `select '${name}' as name, (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from ${name} as t where ${where}) as rows`,
  );
  const books = await query<{ name: string; rows: readonly Record<string, unknown>[] }>(
    selects.join(' union all '),
    [customer.id],
  );
  const atStripe =
    customer.stripe_customer_id === null ? [] : await moneyAtStripe(worker, customer.stripe_customer_id);
  const booked = books.flatMap(({ name, rows }) => comparable(name, rows).map((row) => `${name} ${row}`));
  return [...booked, ...atStripe].toSorted();
}

function comparable(table: string, rows: readonly Record<string, unknown>[]): readonly string[] {
  return rows
    .map((row) => Object.entries(row).filter(([name, value]) => !isUnbooked(`${table}.${name}`, name, value)))
    .map((members) => Object.fromEntries(members))
    .map((row) => anonymous(JSON.stringify(row)));
}

function isUnbooked(column: string, name: string, value: unknown): boolean {
  return (
    unbookedColumns.has(name) || unbookedColumns.has(column) || (name === 'id' && typeof value === 'number')
  );
}

/** A text in which ids and instants are told by their kind alone. */
export function anonymous(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, '<instant>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
    .replaceAll(/\b([a-z]+(?:_[a-z]+)*)_(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{10,}\b/g, '<$1>');
}
