import type { User } from '../core/actor.ts';
import { conflict } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { removeFactor } from './factor-queries.ts';
import { factorRemovedText } from './mail-texts.ts';
import { noSecondFactor } from './no-second-factor.ts';
import { ownSessionOf } from './own-session.ts';
import { writeLater } from './write-to-user.ts';

/**
 * Removes a customer's second factor, with its recovery codes, and ends all other sessions.
 * @throws `second_factor_required` for staff, `no_second_factor`, `no_account`
 */
export async function removeSecondFactor(deps: Deps, origin: Origin, user: User): Promise<void> {
  const { outcome, email } = onlyRow((await deps.db.run(removeFactor(ownSessionOf(user), origin))).rows);
  if (outcome === 'absent') throw noSecondFactor();
  if (outcome === 'required') {
    throw conflict('second_factor_required', 'Staff has a second factor: replace it by another one.');
  }
  writeLater(deps, email, factorRemovedText());
}
