import { parser } from '@prometheus-io/lezer-promql';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { createCounts } from '../../src/core/counts.ts';
import { flushCounts } from '../../src/ops/flush-counts.ts';
import { metricFamilies } from '../../src/ops/metric-families.ts';
import { eventually } from '../support/eventually.ts';
import { grant } from '../support/ledger.ts';
import { readScrape, scrape, type Scrape } from '../support/metrics.ts';
import { givePassword, newPerson, newSession } from '../support/people.ts';
import { plantKey } from '../support/keys.ts';
import { press, sell } from '../support/reversals.ts';
import { balanceOf, buy, deliver, newBuyer, pay, processed } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ variables: { METRICS_FLUSH_SECONDS: '0' } });
  await syncToStripe(worker);
  // While there is nothing to sum up yet, nothing is passed over.
  for (let run = 0; run < 3; run += 1) await worker.database.query('select roll_up_metrics()');
});
afterAll(() => worker.stop());

const post = (path: string, token: string, body: unknown = {}) =>
  worker.request(path, { token, body, headers: { 'Idempotency-Key': randomUUID() } });

/** Something of everything that is counted; what it must have added. */
async function traffic(): Promise<void> {
  const { buyer, charge } = await sell(worker, { package: 'credits_500' });
  await eventually('the buyer has credits', async () => (await balanceOf(worker, buyer)) === 500);
  await post('/credits/spend', buyer.token, { amount: 450 });
  const { json } = await post('/credits/holds', buyer.token, { amount: 20 });
  await post(`/credits/holds/${json.hold.id}/capture`, buyer.token, { amount: 15 });
  await post('/credits/holds', buyer.token, { amount: 8 });
  await press(worker, `/charges/${charge.id}/refund`, {});
  await eventually('the refund is known', async () => (await balanceOf(worker, buyer)) < 0);
  for (const plan of ['business_annual', 'starter_monthly']) {
    await pay((await buy(worker, await newBuyer(worker), { plan })).checkoutUrl);
  }
  await processed(worker);
  const person = await newPerson(worker);
  await givePassword(worker, person);
  await givePassword(worker, { ...person, password: 'a wrong password' });
  await worker.request('/payment/plans');
  await worker.request('/payment/plans');
  await worker.request('/credits/balance');
  await deliver(worker, { id: 'evt_forged' }, { secret: 'whsec_somebody_elses_secret' });
}

/** Adds all of it up from the tables themselves, as nobody would who has to be fast. */
const truthSql = `
  with booked as (
    select transaction_type as type, amount::float8 as amount, debt_change::float8 as debt_change from credit_transactions
  ), sold as (
    select s.*, p.currency, p.amount_minor * s.quantity / case p.interval when 'year' then 12.0 else 1 end as monthly
    from subscriptions as s join prices as p on p.id = s.offer_id
  )
  select
    (select sum(amount) from booked where amount > 0) as granted,
    (select -sum(amount) from booked where type = 'spend') as spent,
    (select -sum(amount) from booked where type = 'capture') as captured,
    (select -sum(amount) from booked where type = 'clawback') as clawed_back,
    (select count(*) from booked)::float8 as transactions,
    (select sum(balance)::float8 from credit_accounts) as balance,
    (select sum(held)::float8 from credit_accounts) as held,
    (select sum(debt)::float8 from credit_accounts) as debt,
    (select count(*)::float8 from webhook_events where status = 'processed') as processed,
    (select count(*)::float8 from webhook_events where status = 'ignored') as ignored,
    (select sum(extract(epoch from processed_at - received_at))::float8 from webhook_events where status = 'processed')
      as latency,
    (select count(*)::float8 from webhook_attempts where outcome in ('failed', 'lost')) as failures,
    (select count(*)::float8 from subscriptions where status = 'active') as subscriptions,
    (select sum(monthly)::float8 from sold where status in ('active', 'past_due')) as revenue,
    (select count(*)::float8 from auth_events where event_type = 'sign_in' and outcome = 'success') as signed_in,
    (select count(*)::float8 from auth_events where event_type = 'sign_in' and outcome = 'failure') as refused`;

function told(scraped: Scrape) {
  const value = (name: string, labels?: Readonly<Record<string, string>>) =>
    scraped.value(`ratecard_${name}`, labels);
  return {
    granted: value('credits_granted_total'),
    spent: value('credits_spent_total', { type: 'spend' }),
    captured: value('credits_spent_total', { type: 'capture' }),
    clawed_back: value('credits_clawed_back_total'),
    transactions: value('credit_transactions_total'),
    balance: value('credits_balance'),
    held: value('credits_held'),
    debt: value('credits_debt'),
    processed: value('webhook_events', { status: 'processed' }),
    ignored: value('webhook_events', { status: 'ignored' }),
    latency: expect.closeTo(value('webhook_processing_seconds_sum'), 3),
    failures: value('webhook_failures_total'),
    subscriptions: value('subscriptions', { status: 'active' }),
    revenue: expect.closeTo(value('monthly_recurring_revenue_minor_units', { currency: 'GBP' }), 3),
    signed_in: value('auth_events_total', { event: 'sign_in', outcome: 'success' }),
    refused: value('auth_events_total', { event: 'sign_in', outcome: 'failure' }),
  };
}

async function truth() {
  const [row] = await worker.database.query<Record<string, number | null>>(truthSql);
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, sum]) => [name, sum ?? 0]));
}

const difference = (after: Scrape, before: Scrape, name: string, labels?: Readonly<Record<string, string>>) =>
  after.value(`ratecard_${name}`, labels) - before.value(`ratecard_${name}`, labels);

describe('what the database knows is told exactly', () => {
  test('after real traffic two scrapes differ by what happened, and say what plain SQL adds up to', async () => {
    const before = await scrape(worker);
    await traffic();
    await processed(worker);
    const after = await scrape(worker);
    const added = (name: string, labels?: Readonly<Record<string, string>>) =>
      difference(after, before, name, labels);
    expect(added('credits_granted_total', { type: 'purchase' })).toBe(500);
    expect(added('credits_granted_total', { type: 'subscription_grant' })).toBeGreaterThan(0);
    expect(added('credits_spent_total', { type: 'spend' })).toBe(450);
    expect(added('credits_spent_total', { type: 'capture' })).toBe(15);
    expect(added('credits_clawed_back_total')).toBe(500);
    expect(added('credits_held')).toBe(8);
    expect(added('holds')).toBe(1);
    // What the hold has reserved stays there; all else of the refund that was spent before is owed.
    expect(added('credits_debt')).toBe(473);
    expect(added('subscriptions', { plan: 'business_annual', status: 'active' })).toBe(1);
    expect(added('auth_events_total', { event: 'sign_in', outcome: 'success' })).toBe(1);
    expect(added('auth_events_total', { event: 'sign_in', outcome: 'failure' })).toBe(1);
    expect(await truth()).toEqual(told(after));
  });

  test('summed up or not: a roll-up changes nothing of what is told', async () => {
    const before = told(await scrape(worker));
    await rolledUp();
    expect(await worker.database.query('select 1 from metric_changes')).toEqual([]);
    expect(before).toEqual(await truth());
    expect(await truth()).toEqual(told(await scrape(worker)));
  });

  test('an entry that commits long after later ones is counted, once, however often is rolled up', async () => {
    const [late, early] = await Promise.all([transaction(), transaction()]);
    const before = await scrape(worker);
    const spent = async () => difference(await scrape(worker), before, 'credits_spent_total');
    // Whoever comes first to commit has the lower transaction id and the higher position.
    await early.query('select pg_current_xact_id()');
    const position = await late.spend(3);
    expect(await early.spend(4)).toBeGreaterThan(position);
    await early.query('commit');
    for (let run = 0; run < 4; run += 1) await worker.database.query('select roll_up_metrics()');
    expect(await mark()).toBeLessThan(position);
    expect(await spent()).toBe(4);
    await late.query('commit');
    expect(await spent()).toBe(7);
    await rolledUp();
    expect(await mark()).toBeGreaterThan(position);
    expect(await spent()).toBe(7);
  });

  test('a subscription that changes moves to where it belongs, and one that is over is told no more', async () => {
    const { price } = (await worker.request('/payment/plans')).json.plans.professional_monthly;
    const buyer = await newBuyer(worker);
    await pay((await buy(worker, buyer, { plan: 'professional_monthly' })).checkoutUrl);
    await eventually('there is a subscription', async () => (await subscribed('professional_monthly')) === 1);
    await processed(worker);
    await post('/payment/cancel-subscription', buyer.token);
    await processed(worker);
    const ending = await scrape(worker);
    expect(ending.value('ratecard_monthly_recurring_revenue_minor_units', { ending: 'true' })).toBe(price);
    await worker.database.query(
      `update subscriptions set status = 'past_due', cancel_at_period_end = false
       where customer_id = (select id from customers where subject = $1)`,
      [buyer.subject],
    );
    const late = await scrape(worker);
    const labels = { plan: 'professional_monthly', status: 'past_due' };
    expect(late.value('ratecard_subscriptions', labels)).toBe(1);
    expect(late.value('ratecard_monthly_recurring_revenue_minor_units', { status: 'past_due' })).toBe(price);
    await worker.database.query(
      `update subscriptions set status = 'canceled', ended_at = now()
       where customer_id = (select id from customers where subject = $1)`,
      [buyer.subject],
    );
    expect(await subscribed('professional_monthly')).toBe(0);
  });

  test('counted anew from the tables it is the same', async () => {
    await processed(worker);
    const before = told(await scrape(worker));
    await worker.database.query('select recount_metrics()');
    expect(await truth()).toEqual(told(await scrape(worker)));
    expect(await truth()).toEqual(before);
  });
});

/** A transaction that has begun, of a customer of its own. */
async function transaction() {
  const { subject } = await newBuyer(worker);
  await grant(worker, { subject }, 10);
  const client = await worker.database.connect();
  await client.query('begin');
  return {
    query: (sql: string) => client.query(sql),
    /** Answers the entry's position. */
    spend: async (credits: number) => {
      await client.query(
        `select spend_credits(id, null, $2, 1, null, 'x', $3, null, null, 'test', now()) from customers where subject = $1`,
        [subject, credits, randomUUID()],
      );
      const { rows } = await client.query<{ position: string }>(
        'select max(position) as position from credit_transactions where xmin = pg_current_xact_id()::xid',
      );
      return Number(rows[0]?.position);
    },
  };
}

const mark = async () => {
  const [row] = await worker.database.query<{ position: string }>('select position from ledger_marks');
  return Number(row?.position);
};

/** Whoever writes meanwhile, in any database of the server, delays it. */
async function rolledUp(): Promise<void> {
  await eventually('the ledger is summed up', async () => {
    await worker.database.query('select roll_up_metrics()');
    const [left] = await worker.database.query<{ count: string }>(
      'select count(*) from credit_transactions where position > (select position from ledger_marks)',
    );
    return left?.count === '0';
  });
}

const subscribed = async (plan: string) => (await scrape(worker)).value('ratecard_subscriptions', { plan });

describe('what isolates count is written down after their answers', () => {
  test('requests, problems, limits, caches, keys, calls, jobs', async () => {
    const before = await scrape(worker);
    const { key } = await plantKey(worker, { scopes: ['metrics:read'] });
    await worker.request('/metrics', { token: key });
    await worker.request('/metrics', { token: key });
    await worker.request('/payment/plans');
    await worker.request('/credits/transactions/nonsense', { token: await worker.token('customer') });
    await worker.request('/no/such/path', { token: await worker.token('customer') });
    const { accessToken } = await newSession(worker);
    for (let time = 1; time <= 11; time += 1) {
      await post('/auth/change-email', accessToken, { email: `${randomUUID()}@example.com` });
    }
    await worker.scheduled();
    const expected = [
      ['http_requests_total', { route: '/metrics', method: 'GET', status: '2xx' }, 2],
      ['http_requests_total', { route: '/credits/transactions/:id', status: '4xx' }, 1],
      ['http_requests_total', { route: '/auth/change-email', status: '4xx' }, 1],
      ['http_problems_total', { code: 'too_many_requests' }, 1],
      ['http_problems_total', { code: 'not_found' }, 1],
      ['rate_limited_requests_total', { limit: 'change-email' }, 1],
      ['api_key_checks_total', { source: 'database' }, 1],
      ['api_key_checks_total', { source: 'memory' }, 1],
      ['cache_reads_total', {}, 1],
      ['database_calls_total', {}, 20],
      ['job_runs_total', { task: 'sweepEvents', outcome: 'done' }, 1],
    ] as const;
    await eventually('all of it is written down', async () => {
      const after = await scrape(worker);
      return expected.every(([name, labels, least]) => difference(after, before, name, labels) >= least);
    });
  });

  test('the histogram of requests counts each once, and Stripe’s calls and faults are there', async () => {
    const before = await scrape(worker);
    const token = await worker.token('customer');
    const { status } = await broken(() => worker.request('/credits/balance', { token }));
    expect(status).toBe(503);
    await pay((await buy(worker, await newBuyer(worker), { package: 'credits_500' })).checkoutUrl);
    await eventually('all of it is written down', async () => {
      const after = await scrape(worker);
      const added = (name: string, labels = {}) => difference(after, before, name, labels);
      return (
        added('database_faults_total', { kind: 'unavailable' }) >= 1 &&
        added('stripe_calls_total') >= 2 &&
        added('stripe_call_seconds_total') > 0 &&
        added('http_requests_total', { route: '/credits/balance', status: '5xx' }) === 1 &&
        after.value('ratecard_http_request_duration_seconds_count') ===
          after.value('ratecard_http_requests_total')
      );
    });
  });

  const counted = (counts: ReturnType<typeof createCounts>) => {
    counts.request({ method: 'GET', route: '/x', status: 200, seconds: 0.3 });
    counts.add('cache_reads', 'memory');
  };
  const instant = (seconds: number) => new Date(seconds * 1000);

  test('what could not be written is counted with the next', async () => {
    const counts = createCounts(10, instant(0));
    counted(counts);
    const db = { run: () => Promise.reject(new Error('down')) };
    await expect(flushCounts({ db: db as never, counts })).rejects.toThrow('down');
    counted(counts);
    expect(counts.take(instant(1))).toEqual(
      expect.arrayContaining([
        { name: 'http_requests', labels: ['GET', '/x', '2xx'], count: 2, amount: 0 },
        { name: 'http_request_duration_seconds', labels: ['x', '0.5'], count: 2, amount: 0.6 },
        { name: 'cache_reads', labels: ['memory'], count: 2, amount: 0 },
      ]),
    );
    expect(counts.take(instant(2))).toEqual([]);
  });

  test('every ten seconds where the database is awake anyway, once a minute where it is not, never where it is off', () => {
    const counts = createCounts(10, instant(0));
    expect([9, 10].map((at) => counts.isDue(instant(at), true))).toEqual([false, true]);
    expect([59, 60].map((at) => counts.isDue(instant(at), false))).toEqual([false, true]);
    counts.take(instant(60));
    expect([69, 70].map((at) => counts.isDue(instant(at), true))).toEqual([false, true]);
    expect(createCounts(undefined, instant(0)).isDue(instant(1000), true)).toBe(false);
  });

  test('a method that somebody made up makes no series of its own', () => {
    const counts = createCounts(10, instant(0));
    for (const method of ['A', 'B']) counts.request({ method, route: '/x', status: 404, seconds: 0 });
    expect(counts.take(instant(1))).toContainEqual({
      name: 'http_requests',
      labels: ['other', '/x', '4xx'],
      count: 2,
      amount: 0,
    });
  });
});

describe('the text', () => {
  test('is OpenMetrics, or what Prometheus read before, for who accepts only that: with the same series', async () => {
    await processed(worker);
    const token = await worker.token('viewer');
    const get = (accept?: string, method = 'GET') =>
      worker.request('/metrics', {
        method,
        token,
        ...(accept === undefined ? {} : { headers: { Accept: accept } }),
      });
    const asked = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
    const [open, any, head] = await Promise.all([get(asked), get(), get(asked, 'HEAD')]);
    // What was counted meanwhile may have made more series, and ends none.
    const plain = await get('text/plain;version=0.0.4');
    for (const answer of [open, any, head]) {
      expect(answer.headers.get('Content-Type')).toBe(
        'application/openmetrics-text; version=1.0.0; charset=utf-8',
      );
    }
    expect([head.status, head.text]).toEqual([200, '']);
    expect(plain.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(open.headers.get('Cache-Control')).toBe('no-store');
    expect(open.databaseCalls).toBe(1);
    expect(open.text.endsWith('\n# EOF\n')).toBe(true);
    const seriesOf = (text: string) =>
      text
        .split('\n')
        .flatMap((line) => (/^ratecard_\w+_total|^ratecard_\w+\{/.exec(line) ? [line.split(' ')[0]] : []));
    expect(seriesOf(plain.text)).toEqual(expect.arrayContaining(seriesOf(open.text)));
    expectGrammar(open.text);
    expect(readScrape(plain.text).names.size).toBeGreaterThan(30);
  });
});

/** What of the specification a parser of the older format does not look at. */
function expectGrammar(text: string): void {
  let family = '';
  let type = '';
  const seen = new Set<string>();
  for (const line of text.trimEnd().split('\n').slice(0, -1)) {
    const [, word, name = '', rest = ''] = /^# (TYPE|UNIT|HELP) (\w+) (.*)$/.exec(line) ?? [];
    if (word === 'TYPE') {
      expect(seen, line).not.toContain(name);
      [family, type] = [name, rest];
      seen.add(name);
    } else if (word !== undefined) {
      expect(name, line).toBe(family);
      if (word === 'UNIT') expect(family.endsWith(`_${rest}`), line).toBe(true);
    } else {
      const ends = { counter: '_total', gauge: '', histogram: '_(bucket|count|sum)' }[type] ?? 'none';
      expect(line).toMatch(new RegExp(`^${family}${ends}(\\{(\\w+="[^"\\n]*",?)+\\})? [0-9.e+-]+$`));
    }
  }
}

const dashboardFile = z.object({
  schemaVersion: z.number(),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z
        .array(z.object({ expr: z.string(), datasource: z.object({ uid: z.literal('${datasource}') }) }))
        .default([]),
    }),
  ),
});
const rulesFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({ alert: z.string(), expr: z.string(), annotations: z.object({ summary: z.string() }) }),
      ),
    }),
  ),
});

/** Which metrics a query of PromQL asks for, and by which labels it chooses or groups: read by Prometheus' own grammar. */
function askedBy(query: string): { readonly metrics: readonly string[]; readonly labels: readonly string[] } {
  const text = query.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'ratecard');
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`no PromQL: ${query}`);
      if (type.name === 'Identifier') metrics.push(text.slice(from, to));
      if (type.name === 'LabelName') labels.push(text.slice(from, to));
    },
  });
  return { metrics, labels };
}

describe('what docs/ say', () => {
  const read = (name: string) => readFile(`docs/${name}`, 'utf8');
  const labelsKnown = new Set([...metricFamilies.flatMap(({ labels }) => labels), 'le', 'job']);

  test('the dashboard and the alert rules ask for nothing that is not told, and the dashboard for all that is', async () => {
    const dashboard = dashboardFile.parse(JSON.parse(await read('grafana-dashboard.json')));
    const rules = rulesFile
      .parse(parseYaml(await read('alert-rules.yaml')))
      .groups.flatMap((group) => group.rules);
    const panels = dashboard.panels.flatMap(({ targets }) => targets);
    const { names } = await scrape(worker);
    for (const { expr } of [...panels, ...rules]) {
      const { metrics, labels } = askedBy(expr);
      expect(metrics, expr).not.toEqual([]);
      expect(
        metrics.filter((name) => name !== 'up' && !names.has(name)),
        expr,
      ).toEqual([]);
      expect(
        labels.filter((label) => !labelsKnown.has(label)),
        expr,
      ).toEqual([]);
    }
    const shown = panels.flatMap(({ expr }) => askedBy(expr).metrics).join(' ');
    expect(metricFamilies.filter(({ name }) => !shown.includes(`ratecard_${name}`))).toEqual([]);
    expect(dashboard.templating.list).toContainEqual({ name: 'datasource', type: 'datasource' });
    expect(rules.length).toBeGreaterThan(10);
  });

  test('metrics.md has each metric with its labels, type and source, and no other', async () => {
    const rows = (await read('metrics.md')).matchAll(
      /^\| `ratecard_(\w+?)(_total)?(?:\{([\w,]+)\})?`\s+\| (\w+)\s+\| /gm,
    );
    const documented = [...rows].map(([, name, total, labels = '', type]) => ({ name, total, labels, type }));
    const expected = metricFamilies.map(({ name, type, labels }) => ({
      name,
      total: type === 'counter' ? '_total' : undefined,
      labels: labels.join(','),
      type,
    }));
    expect(documented).toEqual(expect.arrayContaining(expected));
    expect(documented).toHaveLength(expected.length);
  });
});

describe('every answer', () => {
  const lines = () =>
    worker
      .logs()
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
  const lineOf = (answer: { readonly headers: Headers }) =>
    lines().find(
      ({ event, request_id: id }) => event === 'request' && id === answer.headers.get('X-Request-Id'),
    );

  test('tells what it took of whom, and has one line in the log that tells the same, and who asks by role alone', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 100);
    const { token } = buyer;
    const tag = (await worker.request('/payment/plans')).headers.get('ETag') ?? '';
    const key = { 'Idempotency-Key': randomUUID() };
    const tooMuch = () => worker.request('/credits/spend', { token, body: { amount: 1000 }, headers: key });
    const cases = [
      [await worker.request('/credits/balance', { token }), { status: 200, db_calls: 1, actor: 'customer' }],
      [
        await worker.request('/payment/plans', { headers: { 'If-None-Match': tag } }),
        { status: 304, cache: 'memory' },
      ],
      [await worker.request('/credits/balance'), { status: 401, code: 'missing_token', actor: 'anonymous' }],
      [await worker.request('/no/such/path', { token }), { status: 404, code: 'not_found' }],
      [
        await worker.request(`/credits/holds/${randomUUID()}`, { token }),
        { status: 404, code: 'hold_not_found', route: '/credits/holds/:id', db_calls: 1 },
      ],
      [await worker.request('/credits/spend', { token, body: '{' }), { status: 400, code: 'malformed_json' }],
      [await tooMuch(), { status: 402, code: 'insufficient_credits', db_calls: 1 }],
      [await tooMuch(), { status: 402, code: 'insufficient_credits' }],
      [await post('/payment/create-portal-session', token), { stripe_calls: expect.any(Number) }],
      [await worker.request('/health'), { status: 200, route: '/health', db_calls: 0 }],
      [
        await broken(() => worker.request('/credits/balance', { token })),
        { status: 503, code: 'database_unavailable' },
      ],
    ] as const;
    for (const [answer, members] of cases) {
      const line = lineOf(answer);
      expect(line).toMatchObject({
        level: 'info',
        status: answer.status,
        duration_ms: expect.any(Number),
        ...members,
      });
      const timing = answer.headers.get('Server-Timing') ?? '';
      expect(timing).toMatch(
        new RegExp(
          String.raw`^db;desc="n=${String(line?.['db_calls'])}";dur=[\d.]+` +
            (line?.['stripe_calls'] === 0
              ? ''
              : String.raw`, stripe;desc="n=${String(line?.['stripe_calls'])}";dur=[\d.]+`) +
            (line?.['cache'] === undefined ? '' : `, cache;desc="${String(line['cache'])}"`) +
            String.raw`, total;dur=[\d.]+$`,
        ),
      );
    }
  });

  test('to who gives a password tells the number of calls, and no time', async () => {
    const { headers } = await givePassword(worker, {
      email: 'nobody@example.com',
      password: 'not a password',
    });
    expect(headers.get('Server-Timing')).toBe('db;desc="n=2"');
  });

  test('and batches and runs have a line too; no line has anything that is somebody’s', async () => {
    await worker.scheduled();
    const took = {
      duration_ms: expect.any(Number),
      db_calls: expect.any(Number),
      stripe_ms: expect.any(Number),
    };
    const all = lines();
    expect(all).toContainEqual(expect.objectContaining({ event: 'scheduled', cron: '* * * * *', ...took }));
    expect(all).toContainEqual(
      expect.objectContaining({ event: 'queue', queue: 'ratecard-webhooks', messages: 1, ...took }),
    );
    const people = await worker.database.query<{ what: string }>(
      'select subject as what from customers union select id::text from users union select email from users where email is not null',
    );
    const text = worker.logs().join('\n');
    expect(people.filter(({ what }) => text.includes(what))).toEqual([]);
    expect(text).not.toMatch(/@example\.com|\b10\.\d+\.\d+\.\d+\b/);
  });
});

/** While no database answers. */
async function broken<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  worker.gateway.setFault(() => 'refuse');
  try {
    return await ask();
  } finally {
    worker.gateway.setFault(undefined);
  }
}
