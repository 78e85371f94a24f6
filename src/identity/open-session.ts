import type { Deps } from '../deps.ts';
import { accessTokenSeconds, issueAccessToken } from './access-token.ts';
import { hashOf, newSecret } from './secrets.ts';
import type { NewSession, SessionKind, SessionRow } from './sign-in-queries.ts';

/** A session that is not open yet, and what its owner will be given. */
export interface SessionDraft {
  readonly row: NewSession;
  /** The refresh token, or what the cookie holds. */
  readonly secret: string;
}

/** What a sign-in, or an exchange of tokens, ends with. */
export interface OpenedSession {
  readonly user: { readonly id: string; readonly email: string | null; readonly role: SessionRow['role'] };
  readonly sessionId: string;
  /** Staff that must set up its second factor before anything else. */
  readonly isRestricted: boolean;
  readonly expiresAt: Date;
  readonly credentials:
    | {
        readonly kind: 'token';
        readonly accessToken: string;
        readonly expiresInSeconds: number;
        readonly refreshToken: string;
      }
    | { readonly kind: 'cookie'; readonly secret: string };
}

export async function draftSession(kind: SessionKind): Promise<SessionDraft> {
  const secret = newSecret(kind === 'token' ? 'refreshToken' : 'cookie');
  const hash = await hashOf(secret);
  return {
    row: {
      id: crypto.randomUUID(),
      kind,
      secretHash: kind === 'cookie' ? hash : null,
      refreshHash: kind === 'token' ? hash : null,
    },
    secret,
  };
}

/** What the database has opened, with what its owner proves it by. */
export async function sessionOf(
  { config }: Deps,
  row: SessionRow,
  kind: SessionKind,
  secret: string,
): Promise<OpenedSession> {
  const { user_id, session_id, role, email, is_restricted } = row;
  return {
    user: { id: user_id, email, role },
    sessionId: session_id,
    isRestricted: is_restricted,
    expiresAt: new Date(row.expires_at),
    credentials: kind === 'cookie' ? { kind, secret } : { kind, ...(await tokens()) },
  };

  async function tokens() {
    const accessToken = await issueAccessToken(config.tokens, {
      userId: user_id,
      sessionId: session_id,
      role,
      email,
      isRestricted: is_restricted,
    });
    return { accessToken, expiresInSeconds: accessTokenSeconds, refreshToken: secret };
  }
}
