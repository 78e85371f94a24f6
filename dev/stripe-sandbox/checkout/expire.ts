import { change, type Context } from '../state/context.ts';
import { dueOf } from '../time/due.ts';
import type { Session } from './details.ts';

/** Ends an open session unpaid. */
export function expireSession(context: Context, session: Session): Session {
  return change(context, session, { status: 'expired', url: null }, 'checkout.session.expired');
}

/** Open sessions expire. */
export const dueSessions = dueOf('checkout.session', (_store, { status, expires_at }) => [
  { at: status === 'open' ? expires_at : null, happen: expireSession },
]);
