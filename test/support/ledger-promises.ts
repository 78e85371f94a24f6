/** Each finds accounts, lots, holds or transactions that break what the ledger's rules promise; no row: all is well. */
export const ledgerViolations: Readonly<Record<string, string>> = {
  'balance = sum of the ledger': `
    select customer_id, balance from credit_accounts as a
    where balance <> (select coalesce(sum(amount), 0) from credit_transactions as t where t.customer_id = a.customer_id)`,
  'balance = what the lots have left - debt': `
    select customer_id, balance, debt from credit_accounts as a
    where balance <> (select coalesce(sum(remaining), 0) from credit_lots as l where l.customer_id = a.customer_id) - debt`,
  'debt = sum of what the ledger changed it by': `
    select customer_id, debt from credit_accounts as a
    where debt <> (select coalesce(sum(debt_change), 0) from credit_transactions as t where t.customer_id = a.customer_id)`,
  'held = what active holds have reserved': `
    select customer_id, held from credit_accounts as a
    where held <> (select coalesce(sum(amount), 0) from credit_holds as h
      where h.customer_id = a.customer_id and status = 'active')`,
  'held = what is reserved of the lots': `
    select customer_id, held from credit_accounts as a
    where held <> (select coalesce(sum(held), 0) from credit_lots as l where l.customer_id = a.customer_id)`,
  'a lot has reserved what active holds have reserved of it': `
    select id, held from credit_lots as l
    where held <> (select coalesce(sum(r.amount), 0) from credit_hold_lots as r join credit_holds as h on h.id = r.hold_id
      where r.lot_id = l.id and h.status = 'active')`,
  'a hold has reserved its amount': `
    select id, amount from credit_holds as h
    where amount <> (select coalesce(sum(amount), 0) from credit_hold_lots as r where r.hold_id = h.id)`,
  'a hold that was captured, and no other, has a transaction of what was captured': `
    select h.id, h.status, h.captured from credit_holds as h
    left join credit_transactions as t on t.transaction_type = 'capture' and t.source_ref = h.id::text
    where h.captured is distinct from -t.amount or (h.status = 'captured') <> (t.id is not null)
      or (h.status = 'active') <> (h.settled_at is null)`,
  'what a lot has left = sum of its movements': `
    select id, remaining from credit_lots as l
    where remaining <> (select coalesce(sum(amount), 0) from credit_transaction_lots as m where m.lot_id = l.id)`,
  'a transaction = what its lots changed by - what the debt changed by': `
    select id, amount, debt_change from credit_transactions as t
    where amount <> (select coalesce(sum(amount), 0) from credit_transaction_lots as m where m.transaction_id = t.id)
      - debt_change`,
  'nothing is below zero but a balance in debt, and a debt leaves nothing to spend': `
    select customer_id, balance, held, debt from credit_accounts
    where held < 0 or debt < 0 or (debt = 0 and balance < held) or (debt > 0 and balance - held > -debt)`,
  'used = sum of what was spent and captured': `
    select customer_id, used from credit_accounts as a
    where used <> (select coalesce(-sum(amount), 0) from credit_transactions as t
      where t.customer_id = a.customer_id and transaction_type in ('spend', 'capture'))`,
  'purchased = sum of the purchases': `
    select customer_id, purchased from credit_accounts as a
    where purchased <> (select coalesce(sum(amount), 0) from credit_transactions as t
      where t.customer_id = a.customer_id and transaction_type = 'purchase')`,
  'sequences are 1, 2, 3, … without gaps, up to the last one': `
    select a.customer_id, last_sequence, numbered.highest, numbered.entries from credit_accounts as a
    cross join lateral (
      select coalesce(max(sequence), 0) as highest, count(*) as entries, coalesce(min(sequence), 1) as lowest
      from credit_transactions as t where t.customer_id = a.customer_id
    ) as numbered
    where (last_sequence, highest, lowest) is distinct from (numbered.entries, numbered.entries, 1)`,
  'each transaction leads from the balance and debt before it to those after it': `
    select * from (
      select id, sequence, balance_after, debt_after,
        coalesce(lag(balance_after) over entry, 0) + amount as expected_balance,
        coalesce(lag(debt_after) over entry, 0) + debt_change as expected_debt
      from credit_transactions window entry as (partition by customer_id order by sequence)
    ) as chain where balance_after <> expected_balance or debt_after <> expected_debt`,
  'the account is as its last transaction left it': `
    select a.customer_id, balance, balance_after from credit_accounts as a
    join credit_transactions as t on t.customer_id = a.customer_id and t.sequence = a.last_sequence
    where balance <> balance_after or debt <> debt_after`,
  'a movement is of a lot of the same customer': `
    select m.transaction_id, m.lot_id from credit_transaction_lots as m
    join credit_transactions as t on t.id = m.transaction_id join credit_lots as l on l.id = m.lot_id
    where t.customer_id <> l.customer_id`,
};
