import { dataIssuer } from '../former-customers.ts';
import { fillLedger, type LedgerSize } from '../ledger-data.ts';
import { setUpStage, type Bundles, type Stage } from '../measure/stage.ts';

/**
 * For filling in a minute; of every grown stage, so that none is measured with others. Commits wait for no disk: that
 * takes the same however large a table is, and would hide what does not.
 */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  shared_buffers: '512MB',
  maintenance_work_mem: '512MB',
  work_mem: '128MB',
  autovacuum: 'off',
};

/** More than all rounds spend. */
const credits = 1_000_000;

/** A stage with a ledger and an inbox of that size, whose customers the stage's tokens name. */
export async function setUpGrown(bundles: Bundles, size: LedgerSize): Promise<Stage> {
  const stage = await setUpStage(bundles, settings);
  try {
    await fillLedger((sql) => stage.query(sql), size);
    await stage.query('update customers set issuer = $1 where issuer = $2', [stage.issuer, dataIssuer]);
    await stage.query(
      `select grant_credits(customer_id, $1, 'purchased', 'import', 'bench ' || customer_id, 'purchase', null, null,
         null, null, 'Purchased', null, null, 'bench', now())
       from credit_accounts`,
      [credits],
    );
    return stage;
  } catch (error) {
    await stage.tearDown();
    throw error;
  }
}

/** Plans beside the initial ones, up to so many. */
export async function addPlans({ query }: Stage, count: number): Promise<void> {
  await query(
    `with added as (
       insert into subscription_plans (plan_key, name, interval, sort_order, features)
       select 'plan_' || n, 'Plan ' || n, 'month', 100 + n, '["Priority support", "Brand voices"]'
       from generate_series((select count(*) + 1 from subscription_plans), $1::int) as n
       returning id, sort_order
     )
     insert into prices (plan_id, interval, currency, amount_minor, credits, created_by)
     select id, 'month', 'GBP', sort_order, 10 * sort_order, 'bench' from added`,
    [count],
  );
  await query("update prices set stripe_price_id = 'price_' || id where stripe_price_id is null");
  await query('analyze');
}
