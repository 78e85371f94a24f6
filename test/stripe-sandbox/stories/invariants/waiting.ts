import type { World } from '../world.ts';

/** Nothing stays undone whose time has come. */
export function* nothingIsLate(world: World): Iterable<string> {
  yield* invoices(world);
  yield* schedules(world);
  for (const session of world.all('checkout.session')) {
    const now = world.timeOf(session.customer);
    if (session.status === 'open' && now !== null && session.expires_at <= now)
      yield `session ${session.id} was to expire at ${session.expires_at}`;
  }
  for (const charge of world.all('charge')) {
    const now = world.timeOf(charge.customer) ?? world.now;
    if (charge.status === 'pending' && charge.created + 4 * 86_400 <= now)
      yield `charge ${charge.id} of ${charge.created} is still pending at ${now}`;
  }
}

function* invoices(world: World): Iterable<string> {
  for (const invoice of world.all('invoice')) {
    const now = world.timeOf(invoice.customer);
    if (now === null) continue;
    const at = invoice.status === 'draft' ? invoice.automatically_finalizes_at : invoice.next_payment_attempt;
    if (at !== null && at <= now) yield `invoice ${invoice.id} (${invoice.status}) was to go on at ${at}`;
  }
}

function* schedules(world: World): Iterable<string> {
  for (const schedule of world.all('subscription_schedule')) {
    const now = world.timeOf(schedule.customer);
    if (now === null) continue;
    const { id, current_phase: phase, status, phases } = schedule;
    if (status === 'active' && (!phase || phase.end_date <= now)) yield `schedule ${id} is beyond its phase`;
    if (status !== 'active' && phase) yield `schedule ${id} (${status}) has a phase`;
    const start = phases[0]?.start_date ?? 0;
    if (status === 'not_started' && start <= now) yield `schedule ${id} was to start at ${start}`;
  }
}

/** After a deleted customer nothing is left that would be billed. */
export function* deletedLeaveNothing(world: World): Iterable<string> {
  for (const { id, customer, invoice } of world.all('invoiceitem')) {
    if (invoice === null && world.timeOf(customer) === null) yield `item ${id} waits for a deleted customer`;
  }
  for (const { id, customer, status } of world.all('subscription')) {
    const isOver = status === 'canceled' || status === 'incomplete_expired';
    if (!isOver && world.timeOf(customer) === null) yield `subscription ${id} is of a deleted customer`;
  }
  for (const { id, customer, status } of world.all('subscription_schedule')) {
    const runs = status === 'active' || status === 'not_started';
    if (runs && world.timeOf(customer) === null) yield `schedule ${id} is of a deleted customer`;
  }
  for (const { id, customer } of world.all('payment_method')) {
    if (world.timeOf(customer) === null) yield `payment method ${id} is of a deleted customer`;
  }
}
