import { ledgerViolations } from '../../test/support/ledger-promises.ts';
import type { Outcome } from '../measure/compare.ts';
import type { Stage } from '../measure/stage.ts';
import type { Account } from './accounts.ts';
import { cost } from './spend-requests.ts';

/** How many spends were answered, and how many may have happened without an answer that says so. */
export class Tally {
  #done = 0;
  #unsure = 0;

  readonly note = ({ offered, dropped, errors }: Outcome): void => {
    this.#done += offered - dropped - errors;
    this.#unsure += dropped + errors;
  };

  /** @throws when the books have another number of spends than were answered */
  expect(what: string, found: number): void {
    if (found >= this.#done && found <= this.#done + this.#unsure) return;
    const unsure = this.#unsure === 0 ? '' : ` and ${this.#unsure} without a good answer`;
    throw new Error(`${what}: ${found} spends in the books, ${this.#done} answered${unsure}`);
  }
}

/** How many spends the ledger has of these accounts; their sum must be theirs. */
async function spendsInLedger(stage: Stage, accounts: readonly Account[]): Promise<number> {
  const ids = accounts.map(({ customerId }) => customerId);
  const [row] = await stage.query<{ spends: number; spent: number; used: number }>(
    `select count(*)::int as spends, coalesce(-sum(amount), 0)::int as spent,
       (select sum(used)::int from credit_accounts where customer_id = any($1)) as used
     from credit_transactions where customer_id = any($1) and transaction_type = 'spend'`,
    [ids],
  );
  const { spends, spent, used } = row ?? { spends: 0, spent: 0, used: 0 };
  if (spent !== spends * cost || used !== spent) {
    throw new Error(`the ledger has ${spends} spends of ${spent} credits together, the accounts say ${used}`);
  }
  return spends;
}

/**
 * What the ledger says is what was answered, no account has spent more than it had, and the ledger keeps all of its
 * promises: what is measured with wrong books is worth nothing. @throws when it is not so
 */
export async function expectBooks(stage: Stage, accounts: readonly Account[], tally: Tally): Promise<void> {
  tally.expect('the ledger', await spendsInLedger(stage, accounts));
  for (const [promise, sql] of Object.entries(ledgerViolations)) {
    const broken = await stage.query(sql);
    if (broken.length > 0) throw new Error(`the ledger breaks a promise: ${promise}`);
  }
}

const rawCredits = 2_000_000_000;

/** A row for each account that has as much as the account itself. */
export async function makeRawAccounts(stage: Stage, accounts: readonly Account[]): Promise<void> {
  await stage.query('create table raw_accounts (id uuid primary key, balance bigint not null)');
  await stage.query('insert into raw_accounts select unnest($1::uuid[]), $2', [
    accounts.map(({ customerId }) => customerId),
    rawCredits,
  ]);
}

/** @throws when the rows have lost another number of spends than were answered */
export async function expectRawBooks(stage: Stage, tally: Tally): Promise<void> {
  const [row] = await stage.query<{ spent: number }>(
    'select (count(*) * $1::bigint - sum(balance))::int as spent from raw_accounts',
    [rawCredits],
  );
  tally.expect('the bare rows', (row?.spent ?? Number.NaN) / cost);
}
