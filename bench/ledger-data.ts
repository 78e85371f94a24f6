import { dataIssuer, formerCustomers, named } from './former-customers.ts';

/** How much to make. Each account's transactions are rounded down to whole hundreds. */
export interface LedgerSize {
  readonly customers: number;
  /** Further ones without credits, who had a plan and left. */
  readonly former: number;
  /** Of all accounts together. */
  readonly transactions: number;
  /** Of one of them: a customer who has used the service for years. */
  readonly hotTransactions: number;
  /** Rows of the webhook inbox; a few of them are due. */
  readonly events: number;
}

/** Runs one statement on a session of its own: settings stay, and so do temporary tables. */
export type Run = (sql: string) => Promise<unknown>;

/** Customers are known by `customer-1`, `customer-2`, …; this is the hot one. */
export const hotSubject = 'customer-1';

const lotSize = 990;
const spent = 10;
/** Transactions of a lot: the purchase, and what is spent of it. */
const perLot = 100;

/**
 * A sound ledger as years would leave it: lots that are used up, each by its transactions, with their payments, and
 * holds that have ended; by set-based SQL, a million rows in seconds. What is open in the end — lots of each kind, a
 * subscription, a year that is paid for, a hold — is made by the ledger's own functions. For the tables' owner, and a
 * database without a ledger of its own: their indices and foreign keys are dropped, and made again from all rows at once.
 */
export async function fillLedger(run: Run, size: LedgerSize): Promise<void> {
  await run('begin');
  await run(dropAids);
  for (const sql of past(size)) await run(sql);
  await run(makeAids);
  // The ledger's functions look at what there is.
  await run(`analyze ${filledTables.join(', ')}`);
  for (const sql of present) await run(sql);
  for (const sql of formerCustomers(size)) await run(sql);
  // What is counted as it happens was not.
  await run('select recount_metrics()');
  await run('commit');
  await run('analyze');
}

const filledTables = [
  'credit_transactions',
  'credit_transaction_lots',
  'credit_lots',
  'credit_holds',
  'credit_hold_lots',
  'payments',
  'checkouts',
  'webhook_events',
  'webhook_attempts',
];

const tables = filledTables.map((name) => `'${name}'::regclass`).join(', ');

/**
 * What makes a row dear: kept in a table, with the statement that makes it again. Triggers that look for other rows
 * would read all of them for each.
 */
const dropAids = `do $$
declare
  aid record;
begin
  create temp table aids on commit drop as
  select format('alter table %s drop constraint %I', conrelid::regclass, conname) as away,
    format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as again
  from pg_constraint
  where contype in ('p', 'u', 'f') and conrelid in (${tables}) or contype = 'f' and confrelid in (${tables})
  union all
  select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
  from pg_index where indrelid in (${tables})
    and not exists (select from pg_constraint where conindid = indexrelid);
  for aid in select * from aids order by again like '%FOREIGN KEY%' desc loop
    execute aid.away;
  end loop;
  alter table credit_transaction_lots disable trigger user;
  alter table credit_lots disable trigger user;
  alter table webhook_events disable trigger user;
  alter table webhook_attempts disable trigger user;
end $$`;

/** Keys and indices first: foreign keys rest on them. */
const makeAids = `do $$
declare
  aid record;
begin
  for aid in select * from aids order by again like '%FOREIGN KEY%' loop
    execute aid.again;
  end loop;
  alter table credit_transaction_lots enable trigger user;
  alter table credit_lots enable trigger user;
  alter table webhook_events enable trigger user;
  alter table webhook_attempts enable trigger user;
end $$`;

/** The offers that were sold, of the initial catalogue. */
const offers = `
  select max(prices.id::text) filter (where package_id is not null)::uuid as package,
    max(prices.id::text) filter (where plan.interval = 'month' and prices.credits > 0)::uuid as month,
    max(prices.id::text) filter (where plan.interval = 'year' and prices.credits > 0)::uuid as year
  from prices left join subscription_plans as plan on plan.id = prices.plan_id`;

const payment = named(`'payment ' || n || ' ' || block`);

function past(size: LedgerSize): readonly string[] {
  const others = Math.floor((size.transactions - size.hotTransactions) / Math.max(1, size.customers - 1));
  const lots = (transactions: number) => Math.floor(transactions / perLot);
  return [
    `create temp table filled on commit drop as
     select n, ${named(`'customer ' || n`)} as id, case n when 1 then ${lots(size.hotTransactions)} else ${lots(others)} end as lots
     from generate_series(1, ${size.customers}) as n`,
    `create temp table sold on commit drop as ${offers}`,
    `create temp table filled_lots on commit drop as
     select n, id as customer_id, block, ${named(`'lot ' || n || ' ' || block`)} as lot_id, now() - interval '1 day' * (lots - block + 1) as begun
     from filled cross join lateral generate_series(1, lots) as block`,
    `create temp table filled_transactions on commit drop as
     select n, customer_id, block, place, sequence, begun + interval '10 minutes' * place as at,
       ${named(`'transaction ' || n || ' ' || sequence`)} as id, lot_id
     from filled_lots cross join generate_series(0, ${perLot - 1}) as place
     cross join lateral (select (block - 1) * ${perLot} + place + 1 as sequence) as numbered`,
    `insert into customers (id, issuer, subject, email, name, stripe_customer_id, created_at)
     select id, '${dataIssuer}', 'customer-' || n, 'person' || n || '@example.com', 'Person ' || n, 'cus_data' || n,
       now() - interval '3 years' + interval '1 minute' * n
     from filled`,
    `insert into credit_accounts (customer_id, used, purchased, last_sequence)
     select id, lots * ${lotSize}, lots * ${lotSize}, lots * ${perLot} from filled`,
    `insert into payments (id, customer_id, offer_id, stripe_payment_intent_id, currency, amount_minor, paid_at)
     select ${payment}, customer_id, (select package from sold), 'pi_data_' || n || '_' || block, 'GBP', 400, begun
     from filled_lots`,
    `insert into checkouts (id, customer_id, offer_id, mode, status, stripe_session_id, completed_at, created_at)
     select ${named(`'checkout ' || n || ' ' || block`)}, customer_id, (select package from sold), 'payment', 'paid',
       'cs_data_' || n || '_' || block, begun, begun
     from filled_lots`,
    `insert into credit_lots
       (id, customer_id, kind, source, source_ref, offer_id, payment_id, granted, remaining, created_at)
     select lot_id, customer_id, 'purchased', 'checkout_session', 'cs_data_' || n || '_' || block,
       (select package from sold), ${payment}, ${lotSize}, 0, begun
     from filled_lots`,
    ...pastTransactions,
    ...pastHolds,
    ...pastEvents(size),
  ];
}

/** The inbox: most events are processed, others ignored, a few dead or due; each but the newest was taken once. */
function pastEvents(size: LedgerSize): readonly string[] {
  return [
    `create temp table filled_events on commit drop as
     select i, 'evt_data' || i as event_id, 1 + i % ${size.customers} as n, now() - interval '1 minute' * i as at,
       case when i % 3 = 0 then 'product.updated' when i % 5 = 0 then 'invoice.paid'
         when i % 1000 = 1 then 'invoice.voided' else 'checkout.session.completed' end as event_type,
       case when i <= 20 then 'failed' when i = 21 then 'processing' when i % 500 = 0 then 'dead'
         when i % 3 = 0 then 'ignored' else 'processed' end as status
     from generate_series(1, ${size.events}) as i`,
    `insert into webhook_events
       (event_id, event_type, livemode, stripe_created, payload, status, attempts, next_attempt_at, customer_id,
         stripe_customer_id, received_by, received_at)
     select event_id, event_type, false, at, '{"id": "' || event_id || '"}', status, 1, at,
       ${named(`'customer ' || n`)}, 'cus_data' || n, case when i % 2000 = 7 then 'events_api' else 'webhook' end, at
     from filled_events`,
    `insert into webhook_attempts (event_id, attempt, event_type, started_at, ended_at, outcome)
     select event_id, 1, event_type, at, case when i <> 21 then at + interval '1 second' end,
       case when status = 'dead' then 'failed' when i <> 21 then status end
     from filled_events`,
  ];
}

const pastTransactions: readonly string[] = [
  `insert into credit_transactions
     (id, customer_id, sequence, transaction_type, amount, balance_after, operation_type, operation_details, quantity,
       description, source_ref, idempotency_key, request_hash, actor, created_at)
   select id, customer_id, sequence, case place when 0 then 'purchase' else 'spend' end,
     case place when 0 then ${lotSize} else -${spent} end, ${lotSize} - ${spent} * place,
     case when place > 0 then 'blog_post' end, case when place > 0 then '{"length": 800}'::jsonb end,
     case when place > 0 then 1 end, case place when 0 then 'Purchased 990 Credits' else 'blog_post' end,
     case place when 0 then 'cs_data_' || n || '_' || block else id::text end,
     case when place % 2 = 1 then 'key ' || sequence end, case when place % 2 = 1 then md5(sequence::text) end,
     'customer:' || n, at
   from filled_transactions`,
  `insert into credit_transaction_lots (transaction_id, lot_id, amount)
   select id, lot_id, case place when 0 then ${lotSize} else -${spent} end from filled_transactions`,
];

/** Ten of each lot's time, which were released. */
const pastHolds: readonly string[] = [
  `create temp table filled_holds on commit drop as
   select *, ${named(`'hold ' || n || ' ' || block || ' ' || place`)} as hold_id from filled_transactions where place % 10 = 1`,
  `insert into credit_holds
     (id, customer_id, amount, status, description, actor, balance_after, held_after, expires_at, created_at, settled_at)
   select hold_id, customer_id, 5, 'released', 'Held', 'customer:' || n, 900, 5, at + interval '15 minutes', at,
     at + interval '1 minute'
   from filled_holds`,
  `insert into credit_hold_lots (hold_id, position, lot_id, amount) select hold_id, 1, lot_id, 5 from filled_holds`,
];

const present: readonly string[] = [
  "update prices set stripe_price_id = 'price_' || id where stripe_price_id is null",
  `insert into subscriptions
     (stripe_subscription_id, customer_id, stripe_item_id, offer_id, status, started_at, current_period_start,
       current_period_end)
   select 'sub_data' || n, id, 'si_data' || n, (select month from sold), 'active', now() - interval '1 year',
     now() - interval '10 days', now() + interval '20 days'
   from filled`,
  `insert into payments
     (id, customer_id, offer_id, stripe_invoice_id, stripe_subscription_id, currency, amount_minor, period_start,
       period_end, paid_at)
   select ${named(`'invoice ' || n`)}, id, (select month from sold), 'in_data_' || n, 'sub_data' || n, 'GBP', 2900,
     now() - interval '10 days', now() + interval '20 days', now() - interval '10 days'
   from filled`,
  `select grant_credits(id, 500, 'plan', 'invoice_line', 'il_data_' || n, 'subscription_grant', (select month from sold),
     ${named(`'invoice ' || n`)}, 'sub_data' || n, now() + interval '20 days', 'Monthly credits', null, null, 'data',
     now() - interval '10 days') from filled`,
  `select grant_credits(id, 1000, 'purchased', 'import', 'import ' || n, 'purchase', null, null, null, null, 'Purchased',
     null, null, 'data', now() - interval '5 days') from filled`,
  `select grant_credits(id, 70, 'promotional', 'admin', 'welcome ' || n, 'admin_grant', null, null, null,
     now() + interval '5 days', 'Welcome', null, null, 'data', now() - interval '4 days') from filled`,
  `select hold_credits(id, ${named(`'open hold ' || n`)}, null, 30, 1, null, 'Held', now() + interval '1 hour', null, null,
     'data', now()) from filled`,
  `select schedule_plan_grants('il_year_' || n, id, 'sub_year' || n, ${named(`'invoice ' || n`)}, (select year from sold), 1,
     now() - interval '10 days', now() + interval '355 days', now()) from filled`,
];
