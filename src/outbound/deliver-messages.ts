import { describeFault } from '../core/log.ts';
import type { Deps } from '../deps.ts';
import { deliver, type DeliverDeps } from './deliver.ts';
import { deliveryMessage, type DeliveryMessage } from './delivery-schemas.ts';

type QueueDeps = DeliverDeps & Pick<Deps, 'webhookQueue' | 'waitUntil'>;

/** A message of the queue, of which nobody can say what is in it. */
type Message = Pick<globalThis.Message, 'body' | 'ack' | 'retry'>;

/**
 * A Worker holds six connections open at a time. Endpoints that take their time get all but one, so that what else the
 * Worker is at goes on.
 */
export const deliveryLanes = 5;
/** How long a batch of messages may be kept: the last of it still ends within the half minute that is left to it then. */
const begunWithinMilliseconds = 2000;
const againAfterSeconds = 5;
/** What a message of the queue may be late. A delivery that is due later is left to the scheduled sweep. */
const delaySecondsAtMost = 43_200;

export function isDeliveryMessage(body: unknown): boolean {
  return deliveryMessage.safeParse(body).success;
}

/**
 * Does the deliveries that messages of the queue name, a few at a time, and resolves when all have begun, or endpoints
 * have taken their time for so long that the rest comes again later: what else comes by the queue does not wait for them.
 * The database is the truth: a message that comes twice, late or never changes nothing, and a worker that is lost
 * meanwhile is found out when its claim runs out.
 */
export async function answerDeliveries(deps: QueueDeps, messages: readonly Message[]): Promise<void> {
  const waiting = [...messages];
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const lane = async () => {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      if (waiting.length === 0) resolve();
      message.ack();
      const deliveryId = deliveryMessage.safeParse(message.body).data?.delivery_id;
      if (deliveryId !== undefined) await deliverAndRing(deps, deliveryId);
    }
    resolve();
  };
  deps.waitUntil(Promise.all(Array.from({ length: deliveryLanes }, lane)));
  const timer = setTimeout(resolve, begunWithinMilliseconds);
  await begun;
  clearTimeout(timer);
  for (const message of waiting.splice(0)) message.retry({ delaySeconds: againAfterSeconds });
}

/**
 * Tells an endpoint of an event, and has the queue come back when that is to be tried again. What is left in between is
 * found by the scheduled sweep.
 */
export async function deliverAndRing(
  deps: DeliverDeps & Pick<Deps, 'webhookQueue'>,
  deliveryId: string,
): Promise<void> {
  const message: DeliveryMessage = { delivery_id: deliveryId };
  try {
    const delaySeconds = await deliver(deps, deliveryId);
    if (delaySeconds !== null && delaySeconds <= delaySecondsAtMost) {
      await deps.webhookQueue.send(message, { delaySeconds });
    }
  } catch (error) {
    deps.log.warn('delivery_left', { delivery_id: deliveryId, ...describeFault(error) });
  }
}
