import {
  accountOf,
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  userOf,
  type AppContext,
} from '../http/index.ts';
import {
  bulkRetryAnswer,
  bulkRetryBody,
  bulkRetryQuery,
  eventAnswer,
  eventDetailAnswer,
  eventParameters,
  eventsAnswer,
  eventsQuery,
  ignoreBody,
  replayAnswer,
  replayBody,
  retryBody,
} from './admin-schemas.ts';
import { listInbox } from './list-events.ts';
import { readStats } from './read-stats.ts';
import { replayEvent } from './replay-event.ts';
import { retryEvent } from './retry-event.ts';
import { retryEvents } from './retry-events.ts';
import { setEventAside } from './set-event-aside.ts';
import { showEvent } from './show-event.ts';
import { statsAnswer, statsQuery } from './stats-schemas.ts';

const tags = ['Webhooks'];

const getEvents = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/webhooks',
    summary: 'The inbox: what Stripe told, and what became of it',
    description: 'Newest first. 400 `invalid_cursor`.',
    tags,
    request: { query: eventsQuery },
    responses: { 200: jsonResponse('One page of events.', eventsAnswer) },
  },
  { scope: 'webhooks:read' },
);

const getStats = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/webhooks/stats',
    summary: 'The inbox in figures',
    description:
      'By the hour (UTC) and type: everything counts in the hour in which it happened; latencies in milliseconds. And what waits now. 400 `invalid_query` for more than 31 days.',
    tags,
    request: { query: statsQuery },
    responses: { 200: jsonResponse('The figures.', statsAnswer) },
  },
  { scope: 'webhooks:read' },
);

const getEvent = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/webhooks/{event_id}',
    summary: 'One event, with all that is known of it',
    description:
      'Its payload, its attempts, what admins did about it, and what it changed. 404 `event_not_found`.',
    tags,
    request: { params: eventParameters },
    responses: { 200: jsonResponse('The event.', eventDetailAnswer) },
  },
  { scope: 'webhooks:read' },
);

const postEvent = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/webhooks',
    summary: 'Put an event into the inbox by hand',
    description:
      'By the rules of a delivery, but for the signature and the API version. It can grant nothing that Stripe does not confirm: the event only names an object, which is asked of Stripe. One that is here already is left as it is (`duplicate`). 422 `not_an_event`, `wrong_livemode`.',
    tags,
    request: { body: jsonBody(replayBody) },
    responses: { 200: jsonResponse('It is in the inbox.', replayAnswer) },
  },
  { scope: 'webhooks:manage' },
);

const postBulkRetry = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/webhooks/retry',
    summary: 'Retry all failed and dead events that match',
    description:
      'The oldest first, at most 1,000 in one call. `?dry_run=1` only counts. 409 `count_changed` (with `matched`) when `expected_count` is not how many match: then nothing is done. 422 `filter_required` without a filter and a count.',
    tags,
    request: { query: bulkRetryQuery, body: jsonBody(bulkRetryBody) },
    responses: { 200: jsonResponse('How many match, and how many are due again.', bulkRetryAnswer) },
  },
  { scope: 'webhooks:manage' },
);

const postRetry = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/webhooks/{event_id}/retry',
    summary: 'Have an event looked at anew, at once',
    description:
      'One that failed, is dead, waits, or was ignored for whatever reason. 404 `event_not_found`, 409 `already_processed`, `in_progress`, `payload_cleaned`.',
    tags,
    request: { params: eventParameters, body: { ...jsonBody(retryBody), required: false } },
    responses: { 200: jsonResponse('The event, which is due.', eventAnswer) },
  },
  { scope: 'webhooks:manage' },
);

const postIgnore = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/webhooks/{event_id}/ignore',
    summary: 'Set an event aside',
    description:
      'One that failed, is dead, or waits becomes `ignored`, `by_admin`; a retry takes that back. 404 `event_not_found`, 409 `already_processed`, `already_ignored`, `in_progress`.',
    tags,
    request: { params: eventParameters, body: jsonBody(ignoreBody) },
    responses: { 200: jsonResponse('The event, which is ignored.', eventAnswer) },
  },
  { scope: 'webhooks:manage' },
);

const named = (c: AppContext, customer: string | undefined) =>
  customer === undefined ? undefined : accountOf(c, customer);

/** What operators look at, and what they do about it. The inbox keeps who, and why. */
export function createAdminWebhookRoutes() {
  return createRoutes()
    .openapi(getEvents, async (c) => {
      const query = c.req.valid('query');
      const found = await listInbox(c.get('deps'), named(c, query.customer), query);
      return answer(c, eventsAnswer, { success: true, ...found });
    })
    .openapi(getStats, async (c) => {
      const { since, until } = c.req.valid('query');
      const stats = await readStats(c.get('deps'), { since, until });
      return answer(c, statsAnswer, { success: true, ...stats });
    })
    .openapi(getEvent, async (c) => {
      const event = await showEvent(c.get('deps'), c.req.valid('param').event_id);
      return answer(c, eventDetailAnswer, { success: true, event });
    })
    .openapi(postEvent, async (c) => {
      const { event: content, reason } = c.req.valid('json');
      const { eventId, status, duplicate } = await replayEvent(c.get('deps'), userOf(c), { content, reason });
      const more = duplicate ? { duplicate } : {};
      return answer(c, replayAnswer, { success: true, event_id: eventId, status, ...more });
    })
    .openapi(postBulkRetry, async (c) => {
      const {
        customer,
        expected_count: expectedCount,
        status,
        type,
        since,
        until,
        reason,
      } = c.req.valid('json');
      const { dry_run: isDryRun } = c.req.valid('query');
      const wanted = { status, type, customer: named(c, customer), since, until };
      const asked = { ...wanted, expectedCount, reason, isDryRun };
      const retried = await retryEvents(c.get('deps'), userOf(c), asked);
      const more = isDryRun ? { dry_run: true as const } : {};
      return answer(c, bulkRetryAnswer, { success: true, ...more, ...retried });
    })
    .openapi(postRetry, async (c) => {
      const { event_id: eventId } = c.req.valid('param');
      const { reason } = c.req.valid('json');
      const event = await retryEvent(c.get('deps'), userOf(c), { eventId, reason });
      return answer(c, eventAnswer, { success: true, event });
    })
    .openapi(postIgnore, async (c) => {
      const { event_id: eventId } = c.req.valid('param');
      const { reason } = c.req.valid('json');
      const event = await setEventAside(c.get('deps'), userOf(c), { eventId, reason });
      return answer(c, eventAnswer, { success: true, event });
    });
}
