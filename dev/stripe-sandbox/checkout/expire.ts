import { change, type Context } from '../state/context.ts';
import type { Session } from './details.ts';

/** Ends an open session unpaid. */
export function expireSession(context: Context, session: Session): Session {
  const expired = change(context, session, { status: 'expired', url: null });
  context.events.emit(context, 'checkout.session.expired', expired);
  return expired;
}

/** Expires every open session whose time is over. */
export function expireDueSessions(context: Context): void {
  for (const session of context.store.all('checkout.session')) {
    if (session.status === 'open' && session.expires_at <= context.now()) expireSession(context, session);
  }
}
