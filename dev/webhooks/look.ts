import { z } from 'zod';
import { detailAnswer, eventsAnswer, shownEvents, statsAnswer } from './answers.ts';
import type { Installation } from './installation.ts';
import { instantOf, limitOf, UsageError, type Options } from './options.ts';
import { eventScreen, eventTable, statsScreen } from './screen.ts';

/** What the API gives on one page. */
const pageSize = 100;

/** `list`: all pages, up to the limit. */
export async function list(installation: Installation, options: Options): Promise<void> {
  const { json, limit, status, type, customer } = options;
  const now = new Date();
  const filter = {
    status,
    type,
    customer,
    since: instantOf('since', options.since, now),
    until: instantOf('until', options.until, now),
    received_by: options['received-by'],
  };
  const wanted = limitOf(limit);
  const events: unknown[] = [];
  for (let cursor: string | null | undefined; cursor !== null && events.length < wanted;) {
    const page = { ...filter, limit: String(Math.min(pageSize, wanted - events.length)), cursor };
    const answered = await installation.ask('GET', `/admin/webhooks${queryOf(page)}`);
    const { events: found, next_cursor: next } = eventsAnswer.parse(answered);
    events.push(...found);
    cursor = next;
  }
  console.log(json ? JSON.stringify(events, undefined, 2) : eventTable(shownEvents.parse(events)));
}

/** `show` */
export async function show(
  installation: Installation,
  names: readonly string[],
  { json }: Options,
): Promise<void> {
  const [eventId, ...more] = names;
  if (eventId === undefined || more.length > 0) throw new UsageError('show takes one EVENT_ID.');
  const answered = await installation.ask('GET', `/admin/webhooks/${encodeURIComponent(eventId)}`);
  console.log(json ? jsonOf(answered, 'event') : eventScreen(detailAnswer.parse(answered).event));
}

/** `stats` */
export async function stats(installation: Installation, options: Options): Promise<void> {
  const now = new Date();
  const time = {
    since: instantOf('since', options.since, now),
    until: instantOf('until', options.until, now),
  };
  const answered = await installation.ask('GET', `/admin/webhooks/stats${queryOf(time)}`);
  console.log(
    options.json ? JSON.stringify(answered, undefined, 2) : statsScreen(statsAnswer.parse(answered)),
  );
}

function jsonOf(answered: unknown, member: string): string {
  return JSON.stringify(z.record(z.string(), z.unknown()).parse(answered)[member], undefined, 2);
}

function queryOf(parameters: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, value]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
