import { atClock, testClock, type Clock } from '../../state/clock.ts';
import type { Context } from '../../state/context.ts';
import { foresee } from '../../time/foresee.ts';
import { html, type Html } from '../html.ts';
import { button, time } from './layout.ts';

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
  return html`${timeCard(context, context.sandboxClock, 'The sandbox’s time')}
  ${clocks.map(({ id, name }) => timeCard(context, testClock(context.store, id), `Test clock ${name ?? id}`))}`;
}

/** One clock; its buttons come back to the page of the path `back`. */
export function timeCard(context: Context, clock: Clock, name: string, back = ''): Html {
  const next = foresee(atClock(context, clock));
  const path = clock.id === null ? '/time/advance' : `/test-clocks/${clock.id}/advance`;
  return html`<section class="card">
    <h2>${name}: ${time(clock.now())}</h2>
    <div class="buttons">
      Advance ${STEPS.map(([by, label]) => button(label, path, back, { by }))}
      ${next ? button('To what happens next', path, back, { by: 'next' }) : ''}
    </div>
    <p>
      <small>
        ${
          next
            ? `Next, at ${time(next.at)}: ${next.types.join(', ') || 'a change without an event'}`
            : 'Nothing waits for its time.'
        }
      </small>
    </p>
  </section>`;
}
