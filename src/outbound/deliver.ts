import { assertNever } from '../core/errors.ts';
import { describeFault } from '../core/log.ts';
import { isStatementError, onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { deliverByHttp } from './deliver-by-http.ts';
import { deliverByMail } from './deliver-by-mail.ts';
import { claimDelivery, claimLost, endDelivery, type EndAnswer } from './delivery-queries.ts';
import { claimedDelivery, type ClaimedDelivery } from './delivery-schemas.ts';
import { failure, type Reply } from './delivery-reply.ts';
import { slackBody, standardBody } from './format.ts';

export type DeliverDeps = Pick<Deps, 'db' | 'log' | 'config' | 'mail' | 'sealing'>;

/**
 * Tells an endpoint of an event, if that is due and nobody else is at it: claims the delivery, sends it, and records
 * what came of it. A worker that is lost in between leaves a delivery that is sent once more, under the same id.
 * Answers in how many seconds it is due again; null when there is nothing left to do about it, or others will. Throws
 * only when the database does not answer; the claim then runs out, and the scheduled sweep takes the delivery up again.
 */
export async function deliver(deps: DeliverDeps, deliveryId: string): Promise<number | null> {
  const claimed = await claim(deps, deliveryId);
  if (claimed === undefined) return null;
  const reply = await send(deps, deliveryId, claimed);
  return record(deps, deliveryId, claimed, reply);
}

async function claim(deps: DeliverDeps, deliveryId: string): Promise<ClaimedDelivery | undefined> {
  const { rows } = await deps.db.run(claimDelivery(deliveryId));
  const [answer] = rows;
  if (answer?.outcome === 'claimed') return claimedDelivery.parse(answer);
  if (answer?.outcome === 'buried') {
    const { endpoint_id, event_type } = answer;
    deps.log.error('delivery_dead', {
      delivery_id: deliveryId,
      endpoint_id,
      event_type,
      code: 'worker_lost',
    });
  }
  return undefined;
}

/** A fault that nobody foresaw is a failure like any other. */
async function send(deps: DeliverDeps, deliveryId: string, claimed: ClaimedDelivery): Promise<Reply> {
  try {
    return await sendAs(deps, deliveryId, claimed);
  } catch (error) {
    deps.log.error('delivery_fault', { delivery_id: deliveryId, ...describeFault(error) });
    return failure('fault');
  }
}

function sendAs(
  deps: DeliverDeps,
  deliveryId: string,
  { endpoint, event, round }: ClaimedDelivery,
): Promise<Reply> {
  switch (endpoint.format) {
    case 'standard':
      return deliverByHttp(deps, endpoint, { id: event.id, body: standardBody(event) });
    case 'slack':
      return deliverByHttp(deps, endpoint, { id: event.id, body: slackBody(event) });
    case 'mail':
      return deliverByMail(deps, endpoint.url, round === 1 ? deliveryId : `${deliveryId}.${round}`, event);
    default:
      return assertNever(endpoint.format);
  }
}

async function record(
  deps: DeliverDeps,
  deliveryId: string,
  { attempt, endpoint, event }: ClaimedDelivery,
  reply: Reply,
): Promise<number | null> {
  const members = {
    delivery_id: deliveryId,
    endpoint_id: endpoint.id,
    event_type: event.type,
    attempt,
    code: reply.error,
  };
  try {
    const { rows } = await deps.db.run(endDelivery({ deliveryId, attempt, ...reply }));
    const ended = onlyRow(rows);
    logEnd(deps, members, ended);
    return ended.due_in_seconds;
  } catch (error) {
    if (!isStatementError(error, claimLost)) throw error;
    deps.log.info('delivery_claim_lost', members);
    return null;
  }
}

function logEnd(
  { log }: DeliverDeps,
  members: Readonly<Record<string, string | number | null>>,
  { status, disabled_reason: reason }: EndAnswer,
): void {
  if (status === 'dead') log.error('delivery_dead', members);
  else if (status !== 'delivered') log.warn('delivery_failed', members);
  if (reason !== null) log.error('endpoint_disabled', { ...members, reason });
}
