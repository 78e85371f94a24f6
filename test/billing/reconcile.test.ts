import { execFile } from 'node:child_process';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createScriptDeps } from '../../dev/script-deps.ts';
import { reconcile } from '../../src/billing/index.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { balanceOf, buy, tryAgain, newBuyer, pay, processed, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker | undefined;

/** Each test compares whole books: it has books of its own. */
beforeEach(async () => {
  await worker?.stop();
  worker = await startWorker();
  await syncToStripe(worker);
});
afterAll(() => worker?.stop());

function ours(): TestWorker {
  if (worker === undefined) throw new Error('There is no Worker.');
  return worker;
}

const targets = () => ({
  databaseUrl: ours().database.url,
  fetchEndpoint: ours().gateway.url,
  stripeSecretKey: ours().stripe.apiKey,
  stripeApiBase: ours().stripe.url,
});

const compare = (fix = false) => reconcile(createScriptDeps(targets()), { fix });

async function found(fix = false) {
  const { differences } = await compare(fix);
  return differences
    .map(({ kind, problem, repair, outcome }) => `${kind} ${problem} ${repair} ${outcome}`)
    .toSorted();
}

/** A customer with a plan and a package, of which half was refunded. */
async function story(): Promise<Buyer> {
  const buyer = await newBuyer(ours());
  await pay((await buy(ours(), buyer, { plan: 'starter_monthly' })).checkoutUrl);
  await pay((await buy(ours(), buyer, { package: 'credits_1000' })).checkoutUrl);
  const stripe = stripeOf(ours());
  const charges = await stripe.charges.list({ limit: 10 });
  const charge = charges.data.find(({ amount }) => amount === 200);
  await stripe.refunds.create({ charge: charge?.id ?? '', amount: 100 });
  return buyer;
}

/** Every event is processed, also one that came before what it needs. */
async function heard(): Promise<void> {
  await processed(ours());
  await tryAgain(ours());
}

describe('a comparison with Stripe', () => {
  test('finds nothing where every event has come, and keeps that it looked', async () => {
    const buyer = await story();
    await heard();
    expect(await found()).toEqual([]);
    expect(await balanceOf(ours(), buyer)).toBe(1000);
    const rows = await ours().database.query('select compared, differences from reconciliations');
    expect(rows).toEqual([
      {
        compared: { subscriptions: 1, invoices: 1, checkouts: 2, reversals: 1, payments: 2 },
        differences: [],
      },
    ]);
  });

  test('finds what no event has told, and repairs it once, however many repair', async () => {
    ours().stripe.setWebhookEndpoint(undefined);
    const buyer = await story();
    expect(await balanceOf(ours(), buyer)).toBe(0);
    const lost = [
      'checkout credits_missing settle_session',
      'invoice credits_missing settle_invoice',
      'subscription missing sync_subscription',
    ];
    expect(await found()).toEqual(lost.map((difference) => `${difference} open`));
    expect(await balanceOf(ours(), buyer)).toBe(0);
    await Promise.all([compare(true), compare(true), compare(true)]);
    expect(await found(true)).toEqual([]);
    expect(await balanceOf(ours(), buyer)).toBe(1000);
    await expectSoundLedger((sql) => ours().database.query(sql));
    const actors = await ours().database.query('select distinct actor from credit_transactions');
    expect(actors).toEqual([{ actor: 'system:reconcile' }]);
  });

  test('finds what was changed behind its back, and brings back what Stripe says', async () => {
    const buyer = await story();
    await heard();
    const { query } = ours().database;
    await query("update subscriptions set status = 'canceled', cancel_at_period_end = true");
    await query('update payments set refunded_minor = 0');
    expect(await found()).toEqual([
      'reversal differs settle_reversal open',
      'subscription differs sync_subscription open',
    ]);
    expect(await found(true)).toEqual([
      'reversal differs settle_reversal fixed',
      'subscription differs sync_subscription fixed',
    ]);
    expect(await found()).toEqual([]);
    expect(await balanceOf(ours(), buyer)).toBe(1000);
  });

  test('leaves to people what Stripe does not know, and a ledger that does not add up', async () => {
    await story();
    await heard();
    const { query } = ours().database;
    await query(
      `insert into payments (customer_id, offer_id, stripe_invoice_id, currency, amount_minor, paid_at)
       select customer_id, offer_id, 'in_nowhere', currency, 1, now() from payments limit 1`,
    );
    await query('update credit_accounts set balance = balance + 1');
    const open = ['ledger sums_differ by_hand open', 'payment unknown_at_stripe by_hand open'];
    expect(await found(true)).toEqual(open);
    expect(await found()).toEqual(open);
  });

  test('is a command that says what it found, and ends with 1 while something is open', async () => {
    ours().stripe.setWebhookEndpoint(undefined);
    await story();
    const reported = await command();
    expect(reported.code).toBe(1);
    expect(reported.output).toContain('credits_missing (settle_invoice)');
    const repaired = await command('--fix');
    expect(repaired.code).toBe(0);
    expect(repaired.output).toContain('fixed');
    const again = await command('--json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.output)).toMatchObject({ differences: [] });
    expect((await command('--days', 'x')).code).toBe(1);
  });
});

/** `npm run reconcile` with variables that point at a test's own services. */
function command(...parameters: readonly string[]): Promise<{ code: number; output: string }> {
  const { databaseUrl, fetchEndpoint, stripeSecretKey, stripeApiBase } = targets();
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    DATABASE_FETCH_ENDPOINT: fetchEndpoint,
    STRIPE_SECRET_KEY: stripeSecretKey,
    STRIPE_API_BASE: stripeApiBase,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, ['dev/reconcile.ts', ...parameters], { env }, (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout }),
    );
  });
}
