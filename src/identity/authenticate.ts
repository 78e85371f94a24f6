import type { User } from '../core/actor.ts';
import { invalidToken } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { isKeyLike } from './api-key.ts';
import { hashOf } from './secrets.ts';
import { findCookieSession, requireFreshness, requireSession } from './session-queries.ts';
import { userOfToken } from './token-user.ts';
import { verifyKey } from './verify-key.ts';

/**
 * Who a credential proves, for the guard. An access token is proven by its signature, and its session by the request's
 * first call to the database (`check`); the cookie of a browser by one call here, and so is an API key, or by none.
 * @param mayAsk throws where the database must not be asked about a bearer
 * @throws `invalid_token`; `issuer_unavailable` for a token of an outside issuer that does not tell its keys
 */
export async function authenticate(
  deps: Deps,
  { kind, text }: { readonly kind: 'bearer' | 'cookie'; readonly text: string },
  mayAsk: () => void,
) {
  if (kind === 'cookie') return bySession(deps, text);
  return isKeyLike(text) ? verifyKey(deps, text, mayAsk) : byToken(deps, text);
}

async function byToken(deps: Deps, token: string) {
  const user = await userOfToken(deps, token);
  const { sessionId, subject: userId, role, isRestricted = false } = user;
  if (role === 'service') return { user, machine: JSON.stringify([user.issuer, userId]) };
  if (sessionId === undefined) return { user };
  const check = requireSession({ sessionId, userId, role, isRestricted });
  return { user, check, freshness: requireFreshness(sessionId) };
}

async function bySession({ db, config }: Deps, secret: string) {
  const [session] = (await db.run(findCookieSession(await hashOf(secret)))).rows;
  if (session === undefined) throw invalidToken();
  const { session_id, user_id, role, email, is_restricted } = session;
  const user: User = {
    kind: 'user',
    role,
    issuer: config.tokens.issuer,
    subject: user_id,
    email: email ?? undefined,
    sessionId: session_id,
    isRestricted: is_restricted,
  };
  return { user, freshness: requireFreshness(session_id) };
}
