import { actorLabel, type User } from '../core/actor.ts';
import { conflict, invalid, notFound } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { linkIdentity, listIdentities, unlinkIdentity, type IdentityChange } from './identity-queries.ts';
import { forgetIdentity } from './known-customer.ts';
import { identitiesOf, type Identities } from './read-identities.ts';

/** Which identity, and which customer as staff names it. */
type IdentityInput = Pick<IdentityChange, 'customer' | 'issuer' | 'subject'>;

/**
 * Lets an identity of another issuer act for a customer, in one call; audited. Again it changes nothing.
 * @throws `own_issuer`, `unknown_issuer`, `identity_in_use`, `customer_not_found`
 */
export async function letActFor(
  deps: Deps,
  origin: Origin,
  user: User,
  input: IdentityInput,
): Promise<Identities> {
  refuseIssuer(deps, input.issuer);
  const change = changeOf(deps, origin, user, input);
  const [linked, now] = await deps.db.batch([
    linkIdentity(change),
    listIdentities(change.customer, change.ownIssuer),
  ]);
  if (onlyRow(linked.rows).outcome === 'in_use') {
    throw conflict(
      'identity_in_use',
      'This identity has a customer of its own with something in it, or acts for another customer.',
    );
  }
  forgetIdentity(deps, input);
  return identitiesOf(now.rows);
}

/**
 * Takes a link away: the identity acts for its own customer again. Audited.
 * @throws `identity_not_linked`, `customer_not_found`
 */
export async function stopActingFor(
  deps: Deps,
  origin: Origin,
  user: User,
  input: IdentityInput,
): Promise<Identities> {
  const change = changeOf(deps, origin, user, input);
  const [unlinked, now] = await deps.db.batch([
    unlinkIdentity(change),
    listIdentities(change.customer, change.ownIssuer),
  ]);
  if (onlyRow(unlinked.rows).outcome === 'not_linked') {
    throw notFound('identity_not_linked', 'This identity was not linked to the customer.');
  }
  forgetIdentity(deps, input);
  return identitiesOf(now.rows);
}

function changeOf({ config }: Deps, origin: Origin, user: User, input: IdentityInput): IdentityChange {
  const { customer, issuer, subject } = input;
  const ownIssuer = config.tokens.issuer;
  return { customer, issuer, subject, ownIssuer, origin, actor: actorLabel(user), sessionId: user.sessionId };
}

/** A user of ours is looked up by its own name on every request: the other identity is linked to it, not it to another. */
function refuseIssuer({ config, issuers }: Deps, issuer: string): void {
  const { issuer: own, legacyIssuer } = config.tokens;
  if (issuer === own) {
    throw refused(
      'own_issuer',
      'A user of this installation acts for its own customer: link the other identity to that.',
    );
  }
  if (issuer !== legacyIssuer && !issuers.outside.has(issuer)) {
    throw refused('unknown_issuer', 'No issuer of this name is configured.');
  }
}

function refused(code: string, detail: string) {
  return invalid(code, detail, [{ pointer: '/issuer', code, detail }]);
}
