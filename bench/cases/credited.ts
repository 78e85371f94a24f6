import { setTimeout as delay } from 'node:timers/promises';
import { ledgerViolations } from '../../test/support/ledger-promises.ts';
import { load, type LoadRequest, type LoadResult } from '../measure/load.ts';
import type { Result } from '../measure/results.ts';
import { setUpStage, type Stage } from '../measure/stage.ts';
import { forkStripe, type RunningStripe } from '../measure/stripe.ts';
import { startWorkerd, type WorkerSetup } from '../measure/workerd.ts';
import type { Bench, BenchCase } from './bench-case.ts';
import { putOnSale, sell, type Sale } from './sales.ts';
import { signed } from './webhook-intake.ts';

const connections = 16;
const salesEach = 100;
const warmUpSales = 30;
const secondsAtMost = 60;

/** One round: how it was answered, and how soon the credits were there. */
interface Round {
  readonly intake: LoadResult;
  readonly perSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
}

/**
 * From the delivery of a paid checkout to the credits that were bought: intake, queue, the question to Stripe, the
 * ledger. Each tenth event is delivered twice, as Stripe may. In the end everybody has what was bought, once.
 */
export const credited: BenchCase = {
  key: 'credited',
  run: async (bench) => {
    const stripe = await forkStripe();
    // Tells when a row could first be seen.
    const stage = await setUpStage(bench.bundles, { track_commit_timestamp: 'on' });
    try {
      return await measureCredits({ ...bench, stage }, stripe);
    } finally {
      await stage.tearDown();
      await stripe.stop();
    }
  },
};

async function measureCredits(bench: Bench, stripe: RunningStripe): Promise<readonly Result[]> {
  const { stage, effort, progress } = bench;
  const setup = await withStripe(stage, stripe);
  await putOnSale(setup.variables);
  const workerd = await startWorkerd(setup);
  try {
    const { url } = workerd;
    const count = Math.max(1, Math.round(salesEach * effort.scale));
    progress(`${warmUpSales + effort.rounds * count} sales`);
    const sales = await sell(warmUpSales + effort.rounds * count, { stage, stripe, url });
    await deliver(stage, url, stripe, sales.slice(0, warmUpSales));
    const rounds: Round[] = [];
    for (let round = 1; round <= effort.rounds; round += 1) {
      progress(`round ${round} of ${effort.rounds}`);
      const start = warmUpSales + (round - 1) * count;
      rounds.push(await deliver(stage, url, stripe, sales.slice(start, start + count)));
    }
    await expectCreditedOnce(stage, sales);
    return resultsOf(rounds, await attemptsOf(stage, sales));
  } finally {
    await workerd.stop();
  }
}

/** The Worker with Stripe behind it, and as the consumer of its queue. */
async function withStripe(stage: Stage, { url, apiKey, webhookSecret }: RunningStripe): Promise<WorkerSetup> {
  const setup = await stage.ratecard();
  const ofStripe = {
    STRIPE_API_BASE: url,
    STRIPE_SECRET_KEY: apiKey,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
  };
  return { ...setup, queue: 'consumed', variables: { ...setup.variables, ...ofStripe } };
}

/** Delivers, and waits for the last credits. */
async function deliver(
  stage: Stage,
  url: string,
  { webhookSecret }: RunningStripe,
  sales: readonly Sale[],
): Promise<Round> {
  const again = sales.filter((_, place) => place % 10 === 0);
  const requests = [...sales, ...again].map(({ event: { payload } }): LoadRequest => ({
    path: '/payment/webhook',
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...signed(payload, webhookSecret) },
    body: payload,
  }));
  const intake = await load(url, requests, connections);
  const ids = sales.map(({ event }) => event.id);
  const deadline = Date.now() + secondsAtMost * 1000;
  while (await areWaiting(stage, ids)) {
    if (Date.now() > deadline) throw new Error(`there are no credits after ${secondsAtMost} s`);
    await delay(50);
  }
  return { intake, ...(await timesOf(stage, ids)) };
}

async function areWaiting(stage: Stage, eventIds: readonly string[]): Promise<boolean> {
  const [row] = await stage.query<{ done: number }>(
    `select count(*)::int as done from webhook_events where event_id = any($1) and status = 'processed'`,
    [eventIds],
  );
  return row?.done !== eventIds.length;
}

/** From when an event was taken in to when the ledger's row was committed: then a reader sees the credits. */
async function timesOf(stage: Stage, eventIds: readonly string[]): Promise<Omit<Round, 'intake'>> {
  const [row] = await stage.query<{ per_second: number; p50: number; p99: number }>(
    `with credited as (
       select event.received_at, pg_xact_commit_timestamp(entry.xmin) as credited_at
       from webhook_events as event join credit_transactions as entry on entry.event_id = event.event_id
       where event.event_id = any($1)
     ), timed as (
       select *, extract(epoch from credited_at - received_at)::float8 * 1000 as milliseconds from credited
     )
     select count(*) / extract(epoch from max(credited_at) - min(received_at))::float8 as per_second,
       percentile_cont(0.5) within group (order by milliseconds) as p50,
       percentile_cont(0.99) within group (order by milliseconds) as p99
     from timed`,
    [eventIds],
  );
  if (row === undefined) throw new Error('nothing was credited');
  return { perSecond: row.per_second, p50Milliseconds: row.p50, p99Milliseconds: row.p99 };
}

/** @throws unless everybody has exactly what they bought, and the ledger keeps all of its promises */
async function expectCreditedOnce(stage: Stage, sales: readonly Sale[]): Promise<void> {
  const wrong = await stage.query<{ subject: string }>(
    `select sale.subject from unnest($1::text[], $2::bigint[]) as sale (subject, credits)
     left join customers as customer on customer.issuer = $3 and customer.subject = sale.subject
     left join credit_accounts as account on account.customer_id = customer.id
     where account.balance is distinct from sale.credits or 1 <> (
       select count(*) from credit_transactions as entry where entry.customer_id = customer.id)`,
    [sales.map(({ subject }) => subject), sales.map(({ credits }) => credits), stage.issuer],
  );
  if (wrong.length > 0) throw new Error(`${wrong.length} of ${sales.length} customers have other credits`);
  for (const [promise, sql] of Object.entries(ledgerViolations)) {
    const broken = await stage.query(sql);
    if (broken.length > 0) throw new Error(`the ledger breaks a promise: ${promise}`);
  }
}

async function attemptsOf(stage: Stage, sales: readonly Sale[]) {
  const [row] = await stage.query<{ attempts: number; failed: number }>(
    `select count(*)::int as attempts, count(*) filter (where outcome <> 'processed')::int as failed
     from webhook_attempts where event_id = any($1)`,
    [sales.map(({ event }) => event.id)],
  );
  return { retries: (row?.attempts ?? 0) - sales.length, failed: row?.failed ?? 0, sales: sales.length };
}

function resultsOf(
  rounds: readonly Round[],
  { retries, failed, sales }: Awaited<ReturnType<typeof attemptsOf>>,
): readonly Result[] {
  const median = (of: (round: Round) => number) =>
    rounds.map(of).toSorted((one, other) => one - other)[Math.floor(rounds.length / 2)] ?? Number.NaN;
  const sum = (of: (intake: LoadResult) => number) =>
    rounds.reduce((total, { intake }) => total + of(intake), 0);
  const detail = [
    `${sum(({ offered }) => offered)} deliveries over ${connections} connections, each tenth event twice`,
    `answered ${median(({ intake }) => intake.requestsPerSecond).toFixed(0)}/s`,
    `${sum(({ dropped }) => dropped)} dropped, ${sum(({ errors }) => errors)} errors`,
    `${retries} retries, ${failed} failures of processing`,
    `all ${sales} customers have what they bought once`,
  ].join('; ');
  return [
    {
      kind: 'figure',
      name: 'delivered and credited',
      value: median(({ perSecond }) => perSecond),
      unit: 'events a second',
      detail,
    },
    {
      kind: 'figure',
      name: 'received to credited, p50',
      value: median(({ p50Milliseconds }) => p50Milliseconds),
      unit: 'ms',
    },
    {
      kind: 'figure',
      name: 'received to credited, p99',
      value: median(({ p99Milliseconds }) => p99Milliseconds),
      unit: 'ms',
    },
  ];
}
