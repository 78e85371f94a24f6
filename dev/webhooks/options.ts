import { parseArgs } from 'node:util';

export const usage = `Usage: npm run webhooks -- COMMAND [OPTIONS]

  list                      what is in the inbox, newest first
  show EVENT_ID             one event: payload, attempts, what was done about it, what it changed
  retry EVENT_ID…           have events looked at anew, at once
  retry --status dead       the same for all that match; counts them first, and asks (--yes: does not)
  ignore EVENT_ID…          set events aside; needs --reason
  replay FILE               put events into the inbox: one as JSON, an array, or one a line; - is standard input
  stats                     figures by the hour and type, and what waits

  --status failed,dead      one or several of pending, processing, processed, ignored, failed, dead; failed, dead
                            or both (retry)
  --type invoice.paid       a type, or a family: 'invoice.*'
  --customer NAME           a subject, an id, or an id at Stripe
  --since, --until TIME     an instant (2026-11-24T10:00:00Z), or how long ago (30m, 2h, 7d)
  --received-by SOURCE      webhook, events_api or replay (list)
  --all                     every failed and dead event (retry)
  --limit 50                how many events (list)
  --reason TEXT             why: kept with each event (retry, ignore, replay)
  --json                    the answer as it is (list, show, stats)

Works on --url and --token, or RATECARD_URL and RATECARD_TOKEN (an API key or an access token), else on the running
\`npm run dev\`. Ends with 0, with 1 when something was refused or failed, with 2 when it was asked wrongly.`;

/** What was asked cannot be understood: the usage says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const commands = ['list', 'show', 'retry', 'ignore', 'replay', 'stats'] as const;
type Command = (typeof commands)[number];

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const options = {
  url: text,
  token: text,
  status: text,
  type: text,
  customer: text,
  since: text,
  until: text,
  'received-by': text,
  all: flag,
  limit: text,
  reason: text,
  json: flag,
  yes: flag,
  help: { ...flag, short: 'h' },
} as const;

export type Options = ReturnType<typeof parse>['values'];

/** Beside --url and --token, which every command takes. */
const optionsOf: Readonly<Record<Command, readonly (keyof Options)[]>> = {
  list: ['status', 'type', 'customer', 'since', 'until', 'received-by', 'limit', 'json'],
  show: ['json'],
  retry: ['status', 'type', 'customer', 'since', 'until', 'all', 'reason', 'yes'],
  ignore: ['reason'],
  replay: ['reason'],
  stats: ['since', 'until', 'json'],
};

export interface Asked {
  /** Undefined: to be told how it is used. */
  readonly command: Command | undefined;
  /** Events' ids, or a file. */
  readonly names: readonly string[];
  readonly options: Options;
}

function parse(commandLine: readonly string[]) {
  return parseArgs({ args: [...commandLine], options, allowPositionals: true });
}

/** Throws UsageError. */
export function readCommandLine(commandLine: readonly string[]): Asked {
  const { values, positionals } = parsed(commandLine);
  const [named, ...names] = positionals;
  if (values.help) return { command: undefined, names, options: values };
  const command = commands.find((each) => each === named);
  if (command === undefined) {
    throw new UsageError(named === undefined ? 'Say what to do.' : `There is no command ${named}.`);
  }
  const known = new Set<string>(['url', 'token', 'help', ...optionsOf[command]]);
  for (const [name, value] of Object.entries(values)) {
    if (value !== false && !known.has(name)) throw new UsageError(`${command} takes no --${name}.`);
  }
  return { command, names, options: values };
}

function parsed(commandLine: readonly string[]): ReturnType<typeof parse> {
  try {
    return parse(commandLine);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const unitMilliseconds: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An instant as the API takes it. Throws UsageError. */
export function instantOf(name: 'since' | 'until', value: string | undefined, now: Date): string | undefined {
  if (value === undefined) return undefined;
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(value) ?? [];
  const ago = Number(count) * (unitMilliseconds[unit] ?? 0);
  const time = count === undefined ? Date.parse(value) : now.getTime() - ago;
  if (Number.isNaN(time)) throw new UsageError(`--${name} ${value} is no time.`);
  return new Date(time).toISOString();
}

/** Throws UsageError. */
export function limitOf(value = '50'): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new UsageError(`--limit ${value} is no number of events.`);
  return Number(value);
}
