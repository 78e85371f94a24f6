import type { User } from '../core/actor.ts';
import { notFound } from '../core/errors.ts';

/** Somebody's account here, and the sign-in that the request comes from. */
export interface OwnSession {
  readonly userId: string;
  readonly sessionId: string;
}

/** @throws `no_account` for whom another issuer, or an operator's token, vouches: they have no account here */
export function ownSessionOf({ sessionId, subject }: User): OwnSession {
  if (sessionId !== undefined) return { userId: subject, sessionId };
  throw notFound('no_account', 'This is for who has signed in to an account here.');
}
