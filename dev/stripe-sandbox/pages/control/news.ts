import type { Context } from '../../state/context.ts';
import { HOME, html, type Html } from '../html.ts';
import { DAY_SECONDS } from '../../state/period.ts';
import { time } from './layout.ts';

const EVENTS_NAMED = 40;

/** The latest event, as the address of the page after a button names it; empty before the first. */
export function latestEvent({ store }: Context): string {
  return store.all('event')[0]?.id ?? '';
}

/** What has happened since a button was pressed, after the event `since`; null: none was. */
export function happenedSince({ store }: Context, since: string | null): Html {
  if (since === null) return html``;
  const all = store.all('event');
  const known = all.findIndex(({ id }) => id === since);
  if (since !== '' && known < 0) return html``;
  const events = (since === '' ? all : all.slice(0, known)).toReversed();
  const named = events
    .slice(0, EVENTS_NAMED)
    .map(({ id, type }) => html`<li><a href="${HOME}/events/${id}">${type}</a></li>`);
  const more = events.length - named.length;
  return html`<div class="notice" role="status">
    ${events.length === 0 ? 'Done. No event tells of it.' : 'Done. These events tell of it:'}
    <ol class="events">
      ${named}
    </ol>
    ${more > 0 ? html`<a href="${HOME}/events">and ${more} more</a>` : ''}
  </div>`;
}

/** Whether the sandbox's own time has been moved, so that nobody wonders about the dates. */
export function timeNews({ store, sandboxClock }: Context): Html {
  if (store.secondsAhead === 0) return html``;
  const days = Math.round(store.secondsAhead / DAY_SECONDS);
  const ahead = days === 0 ? 'ahead of' : `${days} ${days === 1 ? 'day' : 'days'} ahead of`;
  return html`<p>
    <small>Here it is ${time(sandboxClock.now())} (UTC), ${ahead} the wall clock.</small>
  </p>`;
}
