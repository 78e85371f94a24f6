import { createInterface } from 'node:readline/promises';
import { bulkRetryAnswer, eventAnswer, replayAnswer } from './answers.ts';
import { readEvents } from './event-file.ts';
import { Refusal, type Installation } from './installation.ts';
import { instantOf, UsageError, type Options } from './options.ts';

/** `retry`: of the events that are named, or of all that match. Answers whether everything was done. */
export async function retry(
  installation: Installation,
  names: readonly string[],
  options: Options,
): Promise<boolean> {
  const { status, type, customer, since, until, all } = options;
  const isFiltered = [status, type, customer, since, until].some((value) => value !== undefined);
  if (names.length > 0) {
    if (isFiltered || all) throw new UsageError('retry takes EVENT_IDs, or a filter.');
    return onEach(installation, names, 'retry', options.reason);
  }
  if (isFiltered === all) throw new UsageError('retry takes EVENT_IDs, a filter, or --all.');
  return retryMatching(installation, options);
}

/** `ignore`. Answers whether everything was done. */
export async function ignore(
  installation: Installation,
  names: readonly string[],
  { reason }: Options,
): Promise<boolean> {
  if (names.length === 0 || reason === undefined)
    throw new UsageError('ignore takes EVENT_IDs and a --reason.');
  return onEach(installation, names, 'ignore', reason);
}

/** One event that is refused does not keep the others from it. */
async function onEach(
  installation: Installation,
  eventIds: readonly string[],
  action: 'retry' | 'ignore',
  reason: string | undefined,
): Promise<boolean> {
  return each(eventIds, async (eventId) => {
    const path = `/admin/webhooks/${encodeURIComponent(eventId)}/${action}`;
    const { event } = eventAnswer.parse(await installation.ask('POST', path, { reason }));
    return `${event.event_id} ${event.status}`;
  });
}

/** Does one after the other, and says of each what became of it. */
async function each<Item>(items: readonly Item[], does: (item: Item) => Promise<string>): Promise<boolean> {
  let isDone = true;
  for (const item of items) {
    try {
      console.log(await does(item));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      isDone = false;
      console.error(typeof item === 'string' ? `${item}: ${error.message}` : error.message);
    }
  }
  return isDone;
}

async function retryMatching(installation: Installation, options: Options): Promise<boolean> {
  const now = new Date();
  const filter = {
    status: statusOf(options.status),
    type: options.type,
    customer: options.customer,
    since: instantOf('since', options.since, now),
    until: instantOf('until', options.until, now),
  };
  const counted = await installation.ask('POST', '/admin/webhooks/retry?dry_run=1', filter);
  const { matched } = bulkRetryAnswer.parse(counted);
  console.log(
    matched === 0 ? 'No event matches.' : `${matched} ${matched === 1 ? 'event matches' : 'events match'}.`,
  );
  if (matched === 0) return true;
  if (!options.yes && !(await isConfirmed())) return false;
  await retryAll(installation, { ...filter, reason: options.reason }, matched);
  return true;
}

/** A call does a part of many. What is somebody else's at the moment is left; others that come meanwhile end it. */
async function retryAll(installation: Installation, filter: object, matched: number): Promise<void> {
  let left = matched;
  for (let retried = 1; left > 0 && retried > 0; left -= retried) {
    const answer = await installation.ask('POST', '/admin/webhooks/retry', {
      ...filter,
      expected_count: left,
    });
    ({ retried } = bulkRetryAnswer.parse(answer));
  }
  console.log(`${matched - left} retried.${left === 0 ? '' : ` ${left} are left: run it again.`}`);
}

/** The API takes one of the two, or means both. */
function statusOf(list: string | undefined): string | undefined {
  const named = new Set(list?.split(','));
  return named.size === 2 && named.has('failed') && named.has('dead') ? undefined : list;
}

/** Whoever cannot be asked has to say so beforehand. */
async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw new UsageError('Say --yes to have them retried.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('Retry them? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

/** `replay`. Answers whether every event is in the inbox now. */
export async function replay(
  installation: Installation,
  names: readonly string[],
  { reason }: Options,
): Promise<boolean> {
  const [file, ...more] = names;
  if (file === undefined || more.length > 0) throw new UsageError('replay takes one FILE.');
  const counts = { brought: 0, known: 0 };
  const events = readEvents(file);
  const isDone = await each(events, async (event) => {
    const answered = replayAnswer.parse(await installation.ask('POST', '/admin/webhooks', { event, reason }));
    counts[answered.duplicate ? 'known' : 'brought'] += 1;
    return `${answered.event_id} ${answered.status}${answered.duplicate ? ', was here before' : ''}`;
  });
  const refused = events.length - counts.brought - counts.known;
  console.log(`${counts.brought} brought, ${counts.known} known before, ${refused} refused.`);
  return isDone;
}
