import { sql } from 'drizzle-orm';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';
import { jsonOfOrigin } from './sign-in-queries.ts';

/** The customer that an identity acts for; makes both where the identity is new (`find_identity`). */
export function findIdentity(identity: {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | undefined;
}) {
  const { issuer, subject, email } = identity;
  return build.execute<{ issuer: string; subject: string; email: string | null }>(
    sql`select * from find_identity(${issuer}, ${subject}, ${email ?? null})`,
  );
}

/** What changes whom an identity acts for. */
export interface IdentityChange {
  /** How staff names the customer. */
  readonly customer: string;
  /** Whose subjects such a name may be. */
  readonly ownIssuer: string;
  readonly issuer: string;
  readonly subject: string;
  readonly actor: string;
  readonly sessionId: string | undefined;
  readonly origin: Origin;
}

function argumentsOf({ customer, ownIssuer, issuer, subject, actor, sessionId, origin }: IdentityChange) {
  return sql`${customer}, ${ownIssuer}, ${issuer}, ${subject}, ${actor}, ${sessionId ?? null}::uuid,
    ${jsonOfOrigin(origin)}`;
}

export function linkIdentity(change: IdentityChange) {
  return build.execute<{ outcome: 'linked' | 'unknown_customer' | 'in_use' }>(
    sql`select link_identity(${argumentsOf(change)}) as outcome`,
  );
}

export function unlinkIdentity(change: IdentityChange) {
  return build.execute<{ outcome: 'unlinked' | 'unknown_customer' | 'not_linked' }>(
    sql`select unlink_identity(${argumentsOf(change)}) as outcome`,
  );
}

export interface IdentityRow extends Record<string, unknown> {
  readonly customer_id: string;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly is_own: boolean | null;
  readonly linked_by: string | null;
  readonly since: string | null;
}

/** A row without an identity is that of a customer that nobody acts for; no row: there is no such customer. */
export function listIdentities(customer: string, ownIssuer: string) {
  return build.execute<IdentityRow>(sql`
    select customer.id as customer_id, identity.*
    from customers as customer left join lateral (
      select customer.issuer, customer.subject, true as is_own, null::text as linked_by, customer.created_at as since
      where not exists (
        select 1 from external_identities as elsewhere
        where elsewhere.issuer = customer.issuer and elsewhere.subject = customer.subject
          and elsewhere.customer_id <> customer.id)
      union all
      select issuer, subject, false, linked_by, created_at from external_identities as linked
      where linked.customer_id = customer.id and (linked.issuer, linked.subject) <> (customer.issuer, customer.subject)
      order by is_own desc, since, issuer, subject
      limit 100
    ) as identity on true
    where customer.id = customer_named(${customer}, ${ownIssuer})`);
}
