import { invalid } from '../../api/errors.ts';
import { own } from '../../api/operations.ts';
import { DECLINE_CODES } from '../../banks/declines.ts';
import { failNextPayments } from '../../payments/fail-next.ts';
import type { PageRequest } from '../page.ts';
import { choice } from './answers.ts';
import { createPortalSession, type PortalSession } from '../../portal/new-session.ts';
import { ask } from './ask.ts';

/** Lets the customer's next payments fail: `times` of them, 1 by default, by `decline_code`. */
export function failNext({ context, fields, id }: PageRequest): object {
  const customer = own(context, 'customer', id);
  const times = Number(fields.get('times') ?? 1);
  if (!Number.isSafeInteger(times) || times < 0) throw invalid('times must be a whole number.', 'times');
  const code = fields.has('decline_code') ? choice(fields, 'decline_code', DECLINE_CODES) : undefined;
  failNextPayments(context, customer.id, times, code);
  return { customer: customer.id, times };
}

/** A session of the customer portal. */
export function portalSession({ context, id }: PageRequest): PortalSession {
  return createPortalSession(context, { customer: own(context, 'customer', id).id });
}

/** Ends a subscription: `when` is `now`, `period_end`, or `never`, which takes the request back. */
export function cancel({ context, fields, id }: PageRequest): object {
  const when = choice(fields, 'when', ['now', 'period_end', 'never']);
  const path = `/v1/subscriptions/${id}`;
  if (when === 'now') return ask(context, 'DELETE', path);
  return ask(context, 'POST', path, { cancel_at_period_end: String(when === 'period_end') });
}
