import { describeFault } from '../core/log.ts';
import type { Deps } from '../deps.ts';

/**
 * Tells the queue, once they are committed, that deliveries wait; at most 100, as it takes in one call. When that fails,
 * the scheduled sweep finds them.
 */
export async function ringForDeliveries(
  { webhookQueue, log }: Pick<Deps, 'webhookQueue' | 'log'>,
  deliveryIds: readonly string[],
): Promise<void> {
  if (deliveryIds.length === 0) return;
  try {
    await webhookQueue.sendBatch(deliveryIds.map((id) => ({ body: { delivery_id: id } })));
  } catch (error) {
    log.warn('delivery_doorbell_failed', { count: deliveryIds.length, ...describeFault(error) });
  }
}
