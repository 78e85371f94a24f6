import { DomainError } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import type { StripeEvent } from '../stripe/index.ts';
import { countRejection } from './count-rejection.ts';
import { describeEvent } from './describe-event.ts';
import { expectOurMode, reasonToIgnore } from './judge-event.ts';
import { storeEvents } from './queries.ts';
import { ringDoorbell } from './ring-doorbell.ts';

export interface Receipt {
  readonly eventId: string;
  /** The event was in the inbox before. */
  readonly duplicate: boolean;
}

type ReceiveDeps = Pick<
  Deps,
  | 'db'
  | 'config'
  | 'counts'
  | 'later'
  | 'log'
  | 'readSignedEvent'
  | 'rejections'
  | 'waitUntil'
  | 'webhookQueue'
>;

/**
 * Takes an event in: when this returns, it is stored. Throws `invalid_signature`, `not_an_event`, `wrong_livemode`,
 * which are counted, and `database_unavailable` when it cannot be stored, so that Stripe sends it again.
 */
export async function receiveEvent(
  deps: ReceiveDeps,
  payload: string,
  signature: string | undefined,
): Promise<Receipt> {
  const event = await readDelivery(deps, payload, signature);
  const ignoredReason = reasonToIgnore(event);
  const { rows: stored } = await deps.db.run(
    storeEvents([
      {
        ...describeEvent(event),
        payload,
        receivedBy: 'webhook',
        status: ignoredReason === null ? 'pending' : 'ignored',
        ignoredReason,
      },
    ]),
  );
  const duplicate = stored.length === 0;
  if (ignoredReason === 'api_version') {
    deps.log.warn('webhook_api_version', { event_id: event.id, api_version: event.api_version });
  }
  if (ignoredReason === null && !duplicate) deps.waitUntil(ringDoorbell(deps, event.id));
  return { eventId: event.id, duplicate };
}

async function readDelivery(
  deps: ReceiveDeps,
  payload: string,
  signature: string | undefined,
): Promise<StripeEvent> {
  try {
    const event = await deps.readSignedEvent(payload, signature);
    expectOurMode(deps.config, event);
    return event;
  } catch (error) {
    if (error instanceof DomainError) countRejection(deps, error.code);
    throw error;
  }
}
