import type { EventDetail, ListedEvent, Stats } from './answers.ts';

/** Columns that stand under each other. What could move a terminal's cursor is left out. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows].map((cells) => cells.map(printable));
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

const second = (instant: string) => instant.replace(/\.\d+Z$/, 'Z');

export function eventTable(events: readonly ListedEvent[]): string {
  if (events.length === 0) return 'No event matches.';
  return table(
    ['RECEIVED', 'STATUS', 'TYPE', 'EVENT', 'TRIES', 'CUSTOMER', 'WHY'],
    events.map((event) => [
      second(event.received_at),
      event.status,
      event.type,
      event.event_id,
      String(event.attempts),
      event.stripe_customer_id ?? event.customer_id ?? '-',
      whyOf(event),
    ]),
  );
}

function whyOf({ status, ignored_reason, last_error, next_attempt_at }: ListedEvent): string {
  const reason = (status === 'ignored' ? ignored_reason : last_error) ?? '';
  return status === 'failed' && next_attempt_at !== null
    ? `${reason}, again at ${second(next_attempt_at)}`
    : reason;
}

export function eventScreen(event: EventDetail): string {
  const { changes, attempts_log: attempts, actions, payload } = event;
  const facts = [
    ['event', event.event_id],
    ['type', event.type],
    ['status', `${event.status} ${whyOf(event)}`.trim()],
    ['tries', `${event.attempts}, ${event.failures} of them failed since it came or was retried`],
    ['customer', [event.customer_id, event.stripe_customer_id].filter((id) => id !== null).join(' ') || '-'],
    ['received', `${second(event.received_at)} by ${event.received_by}`],
    ['made', `${second(event.stripe_created)}, API version ${event.api_version ?? '-'}`],
    ['processed', event.processed_at === null ? '-' : second(event.processed_at)],
  ];
  const changed = [
    ...changes.credit_transactions.map(
      (entry) =>
        `${entry.transaction_type} of ${entry.amount} credits, ${entry.balance_after} after it (${entry.id})`,
    ),
    ...changes.subscription_changes.map(
      (change) => `${change.stripe_subscription_id}: ${Object.keys(change.changes).join(', ')}`,
    ),
    ...changes.outbound_events.map((told) => `told: ${told.type} (${told.id})`),
  ];
  return [
    table(['', ''], facts).trimStart(),
    section(
      'Tries',
      attempts.map((each) => triedLine(each)),
    ),
    section(
      'What admins did',
      actions.map(
        (each) => `${second(each.acted_at)} ${each.action} by ${each.actor}: ${each.reason ?? '-'}`,
      ),
    ),
    section('What it changed', changed),
    section('Payload', [event.payload_cleaned ? 'cleaned away' : readable(payload)]),
  ].join('\n');
}

function triedLine({
  attempt,
  started_at,
  duration_ms,
  outcome,
  error,
}: EventDetail['attempts_log'][number]): string {
  const took = duration_ms === null ? 'under way' : `${outcome ?? '-'} after ${duration_ms} ms`;
  return `${attempt}. ${second(started_at)} ${took}${error === null ? '' : `: ${error}`}`;
}

function section(title: string, lines: readonly string[]): string {
  const body = lines.length === 0 ? ['-'] : lines;
  return `\n${title}\n${body
    .map((line) =>
      line
        .split('\n')
        .map((part) => `  ${printable(part)}`)
        .join('\n'),
    )
    .join('\n')}`;
}

function readable(payload: unknown): string {
  return typeof payload === 'string' ? payload : JSON.stringify(payload, undefined, 2);
}

const milliseconds = (value: number | null) => (value === null ? '-' : String(value));

export function statsScreen(stats: Stats): string {
  const { totals, backlog, oldest_waiting: oldest, last_gap_check: gaps } = stats;
  const { latency_ms: latency } = totals;
  const refused = Object.entries(stats.rejected).map(([code, count]) => `${code} ${count}`);
  const counts = (row: Stats['totals']) => [
    ...[row.received, row.processed, row.ignored, row.failed, row.dead].map(String),
    ...[row.latency_ms.p50, row.latency_ms.p95, row.latency_ms.p99].map(milliseconds),
  ];
  const facts = [
    `From ${second(stats.since)} to ${second(stats.until)}: ${totals.received} received, ${totals.processed} processed, ${totals.ignored} ignored, ${totals.failed} tries failed, ${totals.dead} dead.`,
    ...(latency.p50 === null
      ? []
      : [
          `From received to processed: half within ${milliseconds(latency.p50)} ms, 95 % within ${milliseconds(latency.p95)} ms, 99 % within ${milliseconds(latency.p99)} ms.`,
        ]),
    `Now: ${backlog.pending} pending, ${backlog.processing} processing, ${backlog.failed} failed, ${backlog.dead} dead; ${backlog.due} due.`,
    oldest === null
      ? 'Nothing waits.'
      : `The oldest that waits: ${oldest.event_id}, for ${oldest.seconds} s.`,
    `Deliveries refused: ${refused.length === 0 ? 'none' : refused.join(', ')}.`,
    gaps === null
      ? 'Stripe’s list was never looked through.'
      : `Stripe’s list was looked through from ${second(gaps.window_since)} to ${second(gaps.window_until)}: ${gaps.listed} listed, ${gaps.stored} of them lacked${gaps.finished_at === null ? ', and it goes on' : ''}.`,
  ];
  const rows = stats.hours.map((row) => [second(row.hour), row.type, ...counts(row)]);
  const heads = [
    'HOUR',
    'TYPE',
    'RECEIVED',
    'PROCESSED',
    'IGNORED',
    'FAILED',
    'DEAD',
    'P50 MS',
    'P95 MS',
    'P99 MS',
  ];
  return [...facts, ...(rows.length === 0 ? [] : ['', table(heads, rows)])].join('\n');
}
