import { z } from 'zod';
import { decodeMicrosecondCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import { findCustomers } from './search-queries.ts';
import type { CustomersQuery, customersAnswer } from './search-schemas.ts';

const foundCustomer = z.object({
  id: z.string(),
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  stripe_customer_id: z.string().nullable(),
  created_at: z.coerce.date().transform((date) => date.toISOString()),
  microseconds: z.coerce.number().pipe(z.int()),
});

/** One page of the customers that a search finds, or of all, newest first, from the replica. Throws `invalid_cursor`. */
export async function searchCustomers(
  deps: Pick<Deps, 'replica'>,
  { search, cursor, limit }: CustomersQuery,
): Promise<Omit<z.input<typeof customersAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeMicrosecondCursor(cursor);
  const { rows } = await deps.replica.run(findCustomers({ search, before, limit: limit + 1 }));
  const found = z.array(foundCustomer).parse(rows);
  const { entries, nextCursor } = page(found, limit, ({ microseconds, id }) => [microseconds, id]);
  const customers = entries.map(({ microseconds: _microseconds, ...customer }) => customer);
  return { customers, count: customers.length, next_cursor: nextCursor };
}
