import type { z } from 'zod';
import { notFound } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { listIdentities, type IdentityRow } from './identity-queries.ts';
import type { identitiesAnswer } from './identity-schemas.ts';

export type Identities = Omit<z.input<typeof identitiesAnswer>, 'success'>;

/**
 * Who acts for the customer that staff names.
 * @throws `customer_not_found`
 */
export async function readIdentities({ db, config }: Deps, customer: string): Promise<Identities> {
  return identitiesOf((await db.run(listIdentities(customer, config.tokens.issuer))).rows);
}

export function identitiesOf(rows: readonly IdentityRow[]): Identities {
  const [first] = rows;
  if (first === undefined) throw notFound('customer_not_found', 'There is no such customer.');
  const identities = rows.flatMap(({ issuer, subject, is_own, linked_by, since }) =>
    issuer === null || subject === null || is_own === null || since === null
      ? []
      : [{ issuer, subject, is_own, linked_by, since: new Date(since).toISOString() }],
  );
  return { customer_id: first.customer_id, identities };
}
