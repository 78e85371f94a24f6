import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { notFound } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { findStory } from './story-queries.ts';
import { storedStory } from './story-schemas.ts';

/** All that is known of one customer, as it is written now. Throws `customer_not_found`. */
export async function tellStory(
  deps: Pick<Deps, 'db'>,
  account: AccountReference,
): Promise<z.output<typeof storedStory>> {
  const [row] = (await deps.db.run(findStory(account))).rows;
  if (row === undefined || row.customer_id === null) {
    throw notFound('customer_not_found', 'There is no such customer.');
  }
  return storedStory.parse(row.story);
}
