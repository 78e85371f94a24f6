import { z } from 'zod';

const count = z.coerce.number().pipe(z.int());

const summary = z.object({
  balance: count,
  purchased: count,
  used: count,
  used_since_grant: count,
  last_grant_at: z.coerce.date().nullable(),
});
export type AccountSummary = z.output<typeof summary>;

/** Reads the answer of `summariseAccount`: a customer who never had credits has none. */
export function readSummary(rows: readonly unknown[]): AccountSummary {
  const none = { balance: 0, purchased: 0, used: 0, used_since_grant: 0, last_grant_at: null };
  return rows.length === 0 ? none : summary.parse(rows[0]);
}
