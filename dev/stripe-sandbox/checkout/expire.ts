import { change, type Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import type { Due } from '../time/due.ts';
import type { Session } from './details.ts';

/** Ends an open session unpaid. */
export function expireSession(context: Context, session: Session): Session {
  return change(context, session, { status: 'expired', url: null }, 'checkout.session.expired');
}

/** Open sessions expire. */
export function* dueSessions(store: Store): Iterable<Due> {
  for (const session of store.all('checkout.session')) {
    if (session.status !== 'open') continue;
    const { id, expires_at: at, customer } = session;
    yield {
      at,
      customer,
      happen: (context) => void expireSession(context, context.store.must('checkout.session', id)),
    };
  }
}
