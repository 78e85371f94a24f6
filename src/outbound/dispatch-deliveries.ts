import { describeFault } from '../core/log.ts';
import { inLanes } from '../core/lanes.ts';
import type { Deps } from '../deps.ts';
import { deliverAndRing, deliveryLanes } from './deliver-messages.ts';
import type { DeliverDeps } from './deliver.ts';
import { dispatchDue } from './delivery-queries.ts';
import type { DeliveryMessage } from './delivery-schemas.ts';

type DispatchDeps = DeliverDeps & Pick<Deps, 'webhookQueue'>;

/** What is left is rung for a minute later. */
const rungAtOnce = 500;
/** After an outage there are more. */
const sweptAtOnce = 5000;
/** What the queue takes in one call. */
const messagesAtOnce = 100;
/** What follows an answer has half a minute: no more than what begins at once. */
const deliveredAfterAnswer = deliveryLanes;
/** As many as one run gets through well within its time, also when each endpoint takes all of its own. */
const deliveredInSweep = 100;

/**
 * Rings the queue for the deliveries that are due and that it was not rung for, in one database call. While the queue
 * takes no messages, a few of them are done here, and the rest by the scheduled sweep.
 */
export async function dispatchDeliveries(deps: DispatchDeps): Promise<void> {
  const due = await takeDue(deps, rungAtOnce);
  const left = await ringForAll(deps, due);
  await deliverAll(deps, left.slice(0, deliveredAfterAnswer));
}

/**
 * The same for the scheduled job, which also does itself what the queue was rung for and nobody came for: no message is
 * needed for an event to be told.
 */
export async function sweepDeliveries(deps: DispatchDeps): Promise<void> {
  const due = await takeDue(deps, sweptAtOnce);
  const left = new Set(await ringForAll(deps, due));
  const lost = due.filter((delivery) => delivery.was_rung || left.has(delivery));
  await deliverAll(deps, lost.slice(0, deliveredInSweep));
}

type Due = Awaited<ReturnType<typeof takeDue>>[number];

async function takeDue(deps: DispatchDeps, limit: number) {
  const { rows } = await deps.db.run(dispatchDue(limit));
  return rows;
}

/** Answers those that the queue did not take a message for. */
async function ringForAll(deps: DispatchDeps, due: readonly Due[]): Promise<readonly Due[]> {
  for (let start = 0; start < due.length; start += messagesAtOnce) {
    const messages = due
      .slice(start, start + messagesAtOnce)
      .map(({ delivery_id }) => ({ body: { delivery_id } satisfies DeliveryMessage }));
    try {
      await deps.webhookQueue.sendBatch(messages);
    } catch (error) {
      deps.log.warn('delivery_doorbell_failed', { count: due.length - start, ...describeFault(error) });
      return due.slice(start);
    }
  }
  return [];
}

async function deliverAll(deps: DispatchDeps, due: readonly Due[]): Promise<void> {
  await inLanes(due, ({ delivery_id }) => deliverAndRing(deps, delivery_id), deliveryLanes);
}
