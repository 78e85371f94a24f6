import type { Scope } from './scopes.ts';

/**
 * `viewer` reads everything and changes nothing; `admin` may do everything; `customer` acts for itself; `service`, a
 * back end, acts for the customers that it names.
 */
export const roles = ['customer', 'service', 'viewer', 'admin'] as const;
export type Role = (typeof roles)[number];

/** A person or machine that proved who it is. Comes from the verified credential, never from a request's content. */
export interface User {
  readonly kind: 'user';
  readonly role: Role;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | undefined;
  /** What a key may do; not there for a person, who may do all that the role allows. */
  readonly scopes?: readonly Scope[];
  /** The key that it is proven by; not there for a person. */
  readonly keyId?: string;
  /**
   * Whose Idempotency-Keys it shares, where that is not its issuer's subject: those of the keys that its key has taken
   * the place of, so that a request which is repeated with the new key is not done twice.
   */
  readonly principal?: string;
  /** The sign-in that the credential comes from, where it comes from one of ours. */
  readonly sessionId?: string;
  /** Staff that has not set up its second factor yet: nothing is open but that. */
  readonly isRestricted?: boolean;
}

/** Whose account a request is about: the user's own, or that of the customer that it names (see `accountOf`). */
export type AccountReference = { readonly user: User } | { readonly named: string; readonly issuer: string };

/** Ratecard itself, at work without anybody asking: a webhook event, a scheduled job, an operator's script. */
export interface SystemActor {
  readonly kind: 'system';
  readonly name: 'webhook' | 'cron' | 'top-up' | 'stripe-sync' | 'reconcile' | 'admin-create';
}

export type Actor = User | SystemActor;

/** Whom Idempotency-Keys belong to. */
export function principalOf({ issuer, subject, principal }: User): string {
  return principal ?? JSON.stringify([issuer, subject]);
}

/** How an actor is written into history rows and the ledger: stable, and no personal data. */
export function actorLabel(actor: Actor): string {
  if (actor.kind === 'system') return `system:${actor.name}`;
  const { role, subject, keyId } = actor;
  // A customer, and the key that acts for it; a service's subject names its key.
  return role === 'customer' && keyId !== undefined
    ? `${role}:${subject}/key_${keyId}`
    : `${role}:${subject}`;
}
