import type { User } from '../core/actor.ts';
import { notFound } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { compareWithCost } from './queries.ts';

export interface CreditCheck {
  readonly has_credits: boolean;
  readonly required: number;
  readonly available: number;
}

/** Whether the user has what one use of an operation costs now. Throws `operation_not_found`. Reserves nothing. */
export async function checkCredits(
  deps: Pick<Deps, 'db'>,
  user: User,
  operationType: string,
): Promise<CreditCheck> {
  const [found] = await deps.db.run(compareWithCost(user, operationType));
  if (found === undefined) throw notFound('operation_not_found', 'There is no such operation.');
  return { has_credits: found.available >= found.required, ...found };
}
