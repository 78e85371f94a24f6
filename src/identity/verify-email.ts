import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { verifyEmailBy } from './account-queries.ts';
import { invalidLink } from './invalid-link.ts';
import { hashOf } from './secrets.ts';

/**
 * Proves an address by the link of a sign-up, once.
 * @throws `invalid_link`
 */
export async function verifyEmail(
  deps: Deps,
  origin: Origin,
  { token }: { readonly token: string },
): Promise<void> {
  const { rows } = await deps.db.run(verifyEmailBy(await hashOf(token), origin));
  if (!onlyRow(rows).is_verified) throw invalidLink();
}
