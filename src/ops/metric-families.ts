import { requestBounds } from '../core/counts.ts';
import { alertKinds } from './alert-kinds.ts';

/** A metric as scrapers see it, and which rows (`findSamples`) tell it. */
export interface MetricFamily {
  /** Without `ratecard_` and `_total`. Ends with the unit, where it has one (OpenMetrics). */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly unit?: 'seconds' | 'minor_units';
  readonly help: string;
  /** The name of its rows, where that is another one. */
  readonly rows?: string;
  /** What the labels of its rows are called. A histogram's rows have the bucket's bound as one more. */
  readonly labels: readonly string[];
  /** Which of a row's numbers it is; of a histogram, both. */
  readonly value: 'count' | 'amount';
  /** Labels that are told with 0 while nothing is counted: nobody can watch what is not there before it goes wrong. */
  readonly always?: readonly (readonly string[])[];
  /** Of a histogram, without infinity. */
  readonly bounds?: readonly number[];
}

const each = (...values: readonly string[]) => values.map((value) => [value]);
const one = [[]] as const;

/** Bounds of the histogram of events; the SQL function `processing_bucket` has the same. */
const processingBounds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400];

function counter(name: string, help: string, labels: readonly string[], more: Partial<MetricFamily> = {}) {
  return { name, type: 'counter', help, labels, value: 'count', ...more } as const satisfies MetricFamily;
}

function gauge(name: string, help: string, labels: readonly string[], more: Partial<MetricFamily> = {}) {
  return { name, type: 'gauge', help, labels, value: 'count', ...more } as const satisfies MetricFamily;
}

function age(name: string, help: string): MetricFamily {
  return gauge(name, help, [], { value: 'amount', unit: 'seconds' });
}

const amounts = { value: 'amount' } as const;
const amount = { value: 'amount', always: one } as const;
const seconds = { value: 'amount', unit: 'seconds' } as const;

/** What the database knows, whichever isolate did it: exact. */
const exact: readonly MetricFamily[] = [
  gauge('webhook_events', 'Events of Stripe in the inbox, by status.', ['status'], {
    always: each('pending', 'processing', 'failed', 'dead', 'processed', 'ignored'),
  }),
  age(
    'webhook_oldest_due_event_age_seconds',
    'For how long the event that waits longest could have been processed; 0 when none is due.',
  ),
  counter('webhook_failures', 'Attempts at events that failed, or whose worker did not come back (lost).', [
    'type',
    'outcome',
  ]),
  {
    name: 'webhook_processing_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'From when an event was stored to when its effects were committed.',
    labels: [],
    value: 'count',
    always: one,
    bounds: processingBounds,
  },
  gauge('subscriptions', 'Subscriptions that are not over, by plan and by status at Stripe.', [
    'plan',
    'status',
  ]),
  gauge(
    'monthly_recurring_revenue_minor_units',
    'What is subscribed to, at its price, a month (a twelfth of a year), in minor units of the currency: active and past_due. ending: it is to be cancelled.',
    ['currency', 'status', 'ending'],
    { ...amounts, unit: 'minor_units' },
  ),
  counter('credit_transactions', 'Entries of the ledger, by type.', ['type']),
  counter('credits_granted', 'Credits that came to balances, by type of transaction.', ['type'], {
    ...amounts,
    always: each('purchase', 'subscription_grant'),
  }),
  counter('credits_spent', 'Credits that were spent, or captured of holds.', ['type'], {
    ...amounts,
    always: each('spend', 'capture'),
  }),
  counter(
    'credits_expired',
    'Credits whose time was over, or that were more than may roll over.',
    [],
    amount,
  ),
  counter(
    'credits_clawed_back',
    'Credits that were taken back because their money went back, what became debt included.',
    [],
    amount,
  ),
  counter('credits_withdrawn', 'Credits that left balances otherwise, by type of transaction.', ['type'], {
    ...amounts,
    always: each('adjustment'),
  }),
  gauge('credits_balance', 'The sum of all balances: granted, less all that left.', [], amount),
  gauge('credits_debt', 'Credits that accounts owe: taken back beyond what was there.', [], amount),
  gauge('credits_held', 'Credits that active holds have reserved.', [], { ...amount, rows: 'holds' }),
  gauge('holds', 'Active holds.', [], { always: one }),
  counter('auth_events', 'Sign-ins, and all else that the audit of accounts knows.', ['event', 'outcome'], {
    always: [
      ['sign_in', 'success'],
      ['sign_in', 'failure'],
    ],
  }),
  counter('outbound_deliveries', 'Outbound events that endpoints took, or that were given up.', ['status'], {
    always: each('delivered', 'dead', 'canceled'),
  }),
  gauge('outbound_deliveries_waiting', 'Outbound events that endpoints are still to take.', ['status'], {
    always: each('pending', 'delivering'),
  }),
  gauge('open_alerts', 'Alerts of Ratecard itself that are open, by kind.', ['kind'], {
    always: each(...alertKinds),
  }),
  age('cron_age_seconds', 'Since when the cron trigger has not run.'),
  age('queue_age_seconds', 'Since when no message has come through the queue.'),
  age('stripe_contact_age_seconds', 'Since when Stripe has neither delivered an event nor listed them.'),
];

/** What isolates count, and write down now and then: about right. */
const counted: readonly MetricFamily[] = [
  counter('http_requests', 'Requests that were answered.', ['method', 'route', 'status']),
  {
    name: 'http_request_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'From a request to its answer, by group of routes.',
    labels: ['group'],
    value: 'count',
    bounds: requestBounds,
  },
  counter('http_problems', 'Answers that are problems, by code.', ['code']),
  counter('rate_limited_requests', 'Requests that were refused (429), by limit.', ['limit'], {
    always: each('auth', 'public', 'general', 'machine'),
  }),
  counter('cache_reads', 'Answers from cached documents, by the layer that they came from.', ['layer'], {
    always: each('memory', 'store', 'database'),
  }),
  counter('api_key_checks', 'API keys that were checked, by what knew them.', ['source'], {
    always: each('memory', 'database'),
  }),
  counter('database_calls', 'Round trips to the database.', [], { always: one }),
  counter('database_call_seconds', 'What these took together.', [], {
    ...seconds,
    rows: 'database_calls',
    always: one,
  }),
  counter('database_faults', 'Calls that no database answered, or whose statement was wrong.', ['kind'], {
    always: each('unavailable', 'statement'),
  }),
  counter('stripe_calls', 'Requests to Stripe.', [], { always: one }),
  counter('stripe_call_seconds', 'What these took together.', [], {
    ...seconds,
    rows: 'stripe_calls',
    always: one,
  }),
  counter('stripe_faults', 'Requests that Stripe did not answer, or refused.', ['kind'], {
    always: each('unavailable', 'refused', 'unknown'),
  }),
  counter('webhook_rejections', 'Deliveries to the webhook that were refused, by code.', ['code'], {
    always: each('invalid_signature'),
  }),
  counter('job_runs', 'Runs of scheduled jobs.', ['task', 'outcome']),
  counter('job_seconds', 'What these took together.', ['task', 'outcome'], { ...seconds, rows: 'job_runs' }),
];

/** All that `/metrics` tells. */
export const metricFamilies: readonly MetricFamily[] = [...exact, ...counted];
