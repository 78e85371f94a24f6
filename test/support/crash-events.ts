import type Stripe from 'stripe';
import type { FaultRequest } from '../../dev/neon-gateway/faults.ts';
import { crashPath, severally, type CheckedPath } from './crash.ts';
import { eventually } from './eventually.ts';
import { deliver, inboxRow, tryAgain, stripeOf, type Buyer } from './shop.ts';
import type { TestWorker } from './worker.ts';

export type StripeEvent = Readonly<Record<string, unknown>> & { readonly id: string };

export interface EventCase {
  readonly buyer: Buyer;
  readonly event: StripeEvent;
}

/** An event of Stripe, which is delivered again until it is taken, and then processed until that has worked. */
export function eventPath(name: string, arrange: (worker: TestWorker) => Promise<EventCase>): CheckedPath {
  return eventsPath(name, (worker, count) => severally(count, () => arrange(worker)));
}

/** The same for customers who must be arranged together. */
export function eventsPath(
  name: string,
  arrange: (worker: TestWorker, count: number) => Promise<readonly EventCase[]>,
): CheckedPath {
  return crashPath({ name, arrange, act: tellOnce, retry: tellUntilDone, concerns: isAbout });
}

/** A message that was put off comes when its event is long done, and asks for that event in vain. */
function isAbout({ queries, values }: FaultRequest, { event }: EventCase): boolean {
  const claims = queries.some((query) => query.includes('claim_webhook_event('));
  return !claims || values.flat().includes(event.id);
}

const ended: ReadonlySet<string | undefined> = new Set(['processed', 'ignored', 'failed', 'dead']);

function tellOnce(worker: TestWorker, { event }: EventCase): Promise<string | undefined> {
  return tell(worker, event);
}

/** Delivers an event, and waits until the Worker is done with it, for better or worse. Answers its status then. */
async function tell(worker: TestWorker, event: StripeEvent): Promise<string | undefined> {
  const { status } = await deliver(worker, event);
  if (status === 200) await eventually('the Worker is done with the event', () => isLeft(worker, event.id));
  return (await inboxRow(worker, event.id))?.status;
}

async function isLeft(worker: TestWorker, eventId: string): Promise<boolean> {
  if (ended.has((await inboxRow(worker, eventId))?.status)) return true;
  return worker.logs().some((line) => line.includes('webhook_event_left') && line.includes(eventId));
}

/** What Stripe and the cron trigger do in time; afterwards the event comes once more. */
async function tellUntilDone(worker: TestWorker, subject: EventCase): Promise<string | undefined> {
  const { id } = subject.event;
  const taken = await deliver(worker, subject.event);
  if (taken.status !== 200) throw new Error(`the event is refused: ${taken.status} ${taken.text}`);
  for (let tries = 1; tries <= 3; tries += 1) {
    const row = await inboxRow(worker, id);
    if (row?.status === 'processed' || row?.status === 'ignored') break;
    await tryAgain(worker);
  }
  return (await inboxRow(worker, id))?.status;
}

/** Delivers events one after the other, each of which must be processed before the next. */
export async function tellAll(worker: TestWorker, events: readonly StripeEvent[]): Promise<void> {
  for (const event of events) {
    const status = await tell(worker, event);
    if (status !== 'processed') throw new Error(`${String(event['type'])} is ${status}`);
  }
}

/** The newest event of a type about each of these objects, as Stripe delivers it. */
export async function newestEvents(
  worker: TestWorker,
  type: string,
  objectIds: readonly string[],
): Promise<readonly StripeEvent[]> {
  const wanted = new Set(objectIds);
  const found = new Map<string, Stripe.Event>();
  await stripeOf(worker)
    .events.list({ type, limit: 100 })
    .autoPagingEach((event) => {
      const { object } = event.data;
      const id = 'id' in object && typeof object.id === 'string' ? object.id : '';
      if (wanted.has(id) && !found.has(id)) found.set(id, event);
      return found.size < wanted.size;
    });
  return objectIds.map((id) => {
    const event = found.get(id);
    if (event === undefined) throw new Error(`there is no ${type} about ${id}`);
    return JSON.parse(JSON.stringify(event));
  });
}

export async function newestEvent(worker: TestWorker, type: string, objectId: string): Promise<StripeEvent> {
  const [event] = await newestEvents(worker, type, [objectId]);
  if (event === undefined) throw new Error(`there is no ${type} about ${objectId}`);
  return event;
}
