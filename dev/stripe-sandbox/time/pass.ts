import { atClock, atInstant } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import { Agenda } from './agenda.ts';
import type { Due } from './due.ts';
import { DUE_SOURCES } from './sources.ts';

/** More than one instant can hold. */
const STEPS_AT_MOST = 100_000;

/**
 * Lets happen all that is due on the context's clock up to `until` (Unix
 * seconds), each thing at its own instant, and what follows from it too. What
 * has become due for an instant that has passed happens now: time never goes
 * back. It does not set the clock.
 */
export function letPass(context: Context, until: number): void {
  const { store, clock } = context;
  const agenda = agendaOf(store);
  for (let steps = 0; steps < STEPS_AT_MOST; steps += 1) {
    const due = agenda.first(clock.id);
    const last = agenda.reached(clock.id);
    if (!due || due.at > until) return agenda.reach(clock.id, until);
    if (due.at > last) steps = 0;
    agenda.reach(clock.id, due.at);
    due.happen(atInstant(context, agenda.reached(clock.id)));
  }
  throw new Error('The sandbox goes round in circles: what is due stays due.');
}

/** Lets happen what the sandbox's own time has reached. */
export function catchUp(context: Context): void {
  letPass(atClock(context, context.sandboxClock), context.sandboxClock.now());
}

const agendas = new WeakMap<Store, Agenda>();

/** What is due first on the context's clock, of this customer or of anybody. */
export function nextDue({ store, clock }: Context, customer?: string): Due | undefined {
  return agendaOf(store).first(clock.id, customer);
}

function agendaOf(store: Store): Agenda {
  const agenda = agendas.get(store) ?? new Agenda(store, DUE_SOURCES);
  agendas.set(store, agenda);
  return agenda;
}
