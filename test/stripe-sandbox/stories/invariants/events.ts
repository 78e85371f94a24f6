import type { ObjectTypes } from '../../../../dev/stripe-sandbox/state/wire.ts';
import { before, differences } from '../differences.ts';
import type { World } from '../world.ts';

type Event = ObjectTypes['event'];

/** Members that change without an event of the object, as Stripe has none that tells it. */
const SILENT: Readonly<Record<string, readonly string[]>> = {
  // What a dispute and a refund that fails tell is told by their own events.
  charge: ['amount_refunded', 'disputed', 'refunded'],
  customer: ['next_invoice_sequence'],
  invoice: ['hosted_invoice_url', 'invoice_pdf'],
  invoiceitem: ['invoice'],
  payment_intent: ['next_action'],
  setup_intent: ['next_action'],
  'billing_portal.session': ['url'],
  'checkout.session': ['url'],
};

/**
 * Each event shows a version of its object that there was: what it was before
 * (`previous_attributes`) is what the event before it shows, and the last one
 * shows the object as it is.
 */
export function* eventsTellVersions(world: World): Iterable<string> {
  const versions = new Map<string, object>();
  for (const event of world.all('event').toReversed()) {
    const { object, previous_attributes: previous } = event.data;
    const id = 'id' in object ? String(object.id) : null;
    if (id === null || event.type.startsWith('customer.source.')) continue;
    const last = versions.get(id);
    versions.set(id, object);
    if (event.type.endsWith('.updated') && !previous) yield `${event.type} of ${id} tells no change`;
    if (!previous || !last || told(object, last).length === 0) continue;
    const lost = told(before(object, previous), last);
    if (lost.length > 0) yield `${event.type} of ${id} hides a change of ${lost.join(', ')}`;
  }
  for (const object of world.objects()) {
    const last = 'id' in object ? versions.get(String(object.id)) : undefined;
    const lost = last ? told(object, last) : [];
    if (lost.length > 0) yield `no event tells the change of ${name(object)}: ${lost.join(', ')}`;
  }
}

function told(one: object, other: object): string[] {
  const silent = 'object' in one ? (SILENT[String(one.object)] ?? []) : [];
  return differences(one, other).filter((path) => !silent.includes(path.split('.')[0] ?? ''));
}

function name(object: object): string {
  return 'id' in object ? String(object.id) : '';
}

/** Of the customers on one clock no event is told before an earlier one. */
export function* timeGoesForward(world: World): Iterable<string> {
  const clocks = clocksOf(world);
  const latest = new Map<string | null, Event>();
  for (const event of world.all('event').toReversed()) {
    const clock = clocks.get(customerOf(world, event.data.object) ?? '');
    if (clock === undefined || !world.find('customer', customerOf(world, event.data.object))) continue;
    const last = latest.get(clock);
    if (last && last.created > event.created)
      yield `${event.type} at ${event.created} comes after ${last.type} at ${last.created} on ${clock}`;
    latest.set(clock, event);
  }
}

/** The test clock of each customer there ever was. */
function clocksOf(world: World): ReadonlyMap<string, string | null> {
  const clocks = new Map<string, string | null>();
  for (const { type, data } of world.all('event')) {
    if (type !== 'customer.created' || !('id' in data.object)) continue;
    const clock = 'test_clock' in data.object ? data.object.test_clock : null;
    clocks.set(String(data.object.id), typeof clock === 'string' ? clock : null);
  }
  return clocks;
}

function customerOf(world: World, object: object): string | null {
  if ('object' in object && object.object === 'customer' && 'id' in object) return String(object.id);
  if ('customer' in object) return typeof object.customer === 'string' ? object.customer : null;
  if ('charge' in object) return world.find('charge', String(object.charge))?.customer ?? null;
  return 'invoice' in object ? (world.find('invoice', String(object.invoice))?.customer ?? null) : null;
}
