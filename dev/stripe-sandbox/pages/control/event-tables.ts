import { customerOf } from '../../state/clock.ts';
import type { Context } from '../../state/context.ts';
import type { EventObject } from '../../state/wire.ts';
import type { Delivery } from '../../webhooks/deliveries.ts';
import { HOME, html, type Html } from '../html.ts';
import { button, code, table, tag, time } from './layout.ts';
import { customerLink } from './tables.ts';

const ANSWER_SHOWN = 60;
const WHOLE_ANSWER_SHOWN = 200;

/** Events with what they are about, whose it is, and what was last answered to each. */
export function eventTable(
  context: Context,
  events: readonly EventObject[],
  deliveries: readonly Delivery[],
  back: string,
): Html {
  const latest = new Map(deliveries.map((delivery) => [delivery.event, delivery]));
  return table<EventObject>(
    [
      ['Created', ({ created }) => time(created)],
      [
        'Type',
        (event) =>
          html`<a href="${HOME}/events/${event.id}">${event.type}</a
            ><br />${code(memberOf(event, 'id') ?? '')}`,
      ],
      ['Customer', (event) => customerLink(context, customerIn(context, event))],
      ['Delivered', (event) => deliveredText(event, latest.get(event.id))],
      ['', ({ id }) => button('Send again', `/events/${id}/resend`, back)],
    ],
    events,
  );
}

/** Whose object it is: that of a payment of an invoice names its invoice only. */
function customerIn({ store }: Context, event: EventObject): string | null {
  const named = memberOf(event, 'customer');
  if (named !== undefined) return named;
  return customerOf(store, memberOf(event, 'invoice') ?? memberOf(event, 'id') ?? '');
}

/** A member that not every object has; undefined when it is no text. */
function memberOf(event: EventObject, name: string): string | undefined {
  const member: unknown = Object.entries(event.data.object).find(([key]) => key === name)?.[1];
  return typeof member === 'string' ? member : undefined;
}

function deliveredText(event: EventObject, latest: Delivery | undefined): Html {
  if (latest) return answerText(latest, ANSWER_SHOWN);
  return html`${event.pending_webhooks > 0 ? 'not yet' : 'to nobody'}`;
}

function answerText({ answer, status }: Delivery, length: number): Html {
  return html`${tag(String(status ?? 'no answer'))} <small>${answer.slice(0, length)}</small>`;
}

/** Attempts to deliver events, with the answers. They happen in the wall clock's time. */
export function deliveryTable(deliveries: readonly Delivery[]): Html {
  return table<Delivery>(
    [
      ['Started', (one) => one.started_at.slice(11, 19)],
      ['Event', ({ event, type }) => html`<a href="${HOME}/events/${event}">${type}</a>`],
      ['Endpoint', ({ url }) => url],
      ['Attempt', ({ attempt }) => attempt],
      ['Answer', (one) => html`${answerText(one, WHOLE_ANSWER_SHOWN)} in ${one.duration_ms} ms`],
      ['Next', (one) => one.next_attempt_at?.slice(11, 19)],
    ],
    deliveries,
  );
}
