import type { Actor } from '../core/actor.ts';
import { DomainError, invalid } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { readEvent } from '../stripe/index.ts';
import { actOf } from './act-on-event.ts';
import { findStored, storeByAdmin } from './action-queries.ts';
import { describeEvent } from './describe-event.ts';
import { eventStatuses, type EventStatus } from './inbox-filter.ts';
import { expectOurMode, reasonToIgnoreAnyway } from './judge-event.ts';
import { isNestedTooDeeply } from './nesting.ts';
import { ringDoorbell } from './ring-doorbell.ts';

export interface Replay {
  readonly eventId: string;
  readonly status: EventStatus;
  /** It was in the inbox before, and was left as it is. */
  readonly duplicate: boolean;
}

/**
 * Puts an event into the inbox that an admin brings. What it says is believed no more than a delivery: it names an
 * object, and what happens rests on what Stripe says of that. In which version it is written does not matter, then.
 * @throws DomainError `not_an_event`, `wrong_livemode`
 */
export async function replayEvent(
  deps: Pick<Deps, 'db' | 'config' | 'requestId' | 'operationId' | 'webhookQueue' | 'log' | 'waitUntil'>,
  actor: Actor,
  { content, reason }: { readonly content: unknown; readonly reason: string | undefined },
): Promise<Replay> {
  const { event, payload } = readBrought(deps, content);
  const ignoredReason = reasonToIgnoreAnyway(event);
  const received = {
    ...describeEvent(event),
    payload,
    receivedBy: 'replay' as const,
    status: ignoredReason === null ? ('pending' as const) : ('ignored' as const),
    ignoredReason,
  };
  const [, stored] = await deps.db.batch([
    storeByAdmin(received, actOf(deps, actor, reason)),
    findStored(event.id, deps.operationId),
  ]);
  const [row] = stored.rows;
  const status = eventStatuses.find((each) => each === row?.status);
  if (row === undefined || status === undefined) throw new Error('an event that was stored is not there');
  if (row.is_ours && status === 'pending') deps.waitUntil(ringDoorbell(deps, event.id));
  return { eventId: event.id, status, duplicate: !row.is_ours };
}

function readBrought({ config }: Pick<Deps, 'config'>, content: unknown) {
  if (isNestedTooDeeply(content)) throw refused('not_an_event', 'The event is nested too deeply.');
  try {
    const event = readEvent(content);
    expectOurMode(config, event);
    return { event, payload: JSON.stringify(content) };
  } catch (error) {
    throw error instanceof DomainError ? refused(error.code, error.message) : error;
  }
}

/** As a delivery is refused, but that it is a member of the body which is wrong. */
function refused(code: string, message: string): DomainError {
  return invalid(code, message, [{ pointer: '/event', code, detail: message }]);
}
