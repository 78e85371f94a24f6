import { atClock, testClock, type Clock } from '../../state/clock.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { foresee, type Foreseen } from '../../time/foresee.ts';
import { html, type Html } from '../html.ts';
import { button, time } from './layout.ts';
import { customerLink } from './tables.ts';

const CLOCKS_SHOWN = 5;
const STEPS = [
  ['hour', 'An hour'],
  ['day', 'A day'],
  ['week', 'A week'],
  ['month', 'A month'],
] as const;

/** The sandbox's own time and the latest test clocks, with buttons that move them ahead. */
export function timeCards(context: Context): Html {
  const clocks = context.store.all('test_helpers.test_clock').slice(0, CLOCKS_SHOWN);
  const card = (clock: Clock): Html => {
    const next = foresee(atClock(context, clock));
    return timeCard(context, clock, '', next && html`${happening(next)}${whose(context, next)}`, next);
  };
  return html`${card(context.sandboxClock)} ${clocks.map(({ id }) => card(testClock(context.store, id)))}`;
}

/** The time that a customer lives in, and what happens next to them. */
export function customerTimeCard(context: Context, customer: ObjectTypes['customer']): Html {
  const { id, test_clock: clockId } = customer;
  const clock = clockId ? testClock(context.store, clockId) : context.sandboxClock;
  const next = foresee(atClock(context, clock), id);
  return timeCard(context, clock, `/customers/${id}`, next && happening(next), next);
}

/** One clock; its buttons come back to the page of the path `back`. */
function timeCard(
  context: Context,
  clock: Clock,
  back: string,
  text: Html | undefined,
  next: Foreseen | undefined,
): Html {
  const path = clock.id === null ? '/time/advance' : `/test-clocks/${clock.id}/advance`;
  const to = next && { fields: { to: String(next.at) } };
  return html`<section class="card">
    <h2>${nameOf(context, clock)}: ${time(clock.now())}</h2>
    <div class="buttons">
      Advance ${STEPS.map(([by, label]) => button(label, path, back, { fields: { by } }))}
      ${to ? button('To what happens next', path, back, to) : ''}
    </div>
    <p><small>${text ?? 'Nothing waits for its time.'}</small></p>
  </section>`;
}

function nameOf({ store }: Context, { id }: Clock): string {
  if (id === null) return 'The sandbox’s time';
  return `Test clock ${store.get('test_helpers.test_clock', id)?.name ?? id}`;
}

function happening({ at, types }: Foreseen): Html {
  return html`Next, at ${time(at)}: ${types.join(', ') || 'a change without an event'}`;
}

function whose(context: Context, { customer }: Foreseen): Html {
  return customer === null ? html`` : html` for ${customerLink(context, customer)}`;
}
