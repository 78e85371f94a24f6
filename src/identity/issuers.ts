import type { User } from '../core/actor.ts';
import type { OutsideIssuer } from '../core/outside-issuers.ts';
import { openKeySet, type KeySet } from './key-set.ts';

/** Which customer an identity acts for, as the database said. */
export interface KnownIdentity {
  readonly user: User;
  /** The address that the identity came with. */
  readonly vouchedEmail: string | undefined;
  readonly knownAt: Date;
}

/** What an isolate keeps of those who vouch for people elsewhere. */
export interface Issuers {
  /** By the name that a token's `iss` says. */
  readonly outside: ReadonlyMap<string, { readonly issuer: OutsideIssuer; readonly keys: KeySet }>;
  /** By issuer and subject; the oldest first. */
  readonly known: Map<string, KnownIdentity>;
}

export function openIssuers(issuers: readonly OutsideIssuer[]): Issuers {
  return {
    outside: new Map(
      issuers.map((issuer) => [issuer.issuer, { issuer, keys: openKeySet(issuer.jwksUrl) }] as const),
    ),
    known: new Map(),
  };
}
