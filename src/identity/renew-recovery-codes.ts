import type { User } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { renewCodes } from './factor-queries.ts';
import { recoveryCodesRenewedText } from './mail-texts.ts';
import { noSecondFactor } from './no-second-factor.ts';
import { ownSessionOf } from './own-session.ts';
import { newRecoveryCodes } from './recovery-codes.ts';
import { writeLater } from './write-to-user.ts';

/**
 * New recovery codes, told this once; the old ones open nothing any more.
 * @throws `no_second_factor`, `no_account`
 */
export async function renewRecoveryCodes(deps: Deps, origin: Origin, user: User): Promise<readonly string[]> {
  const session = ownSessionOf(user);
  const { codes, hashes } = await newRecoveryCodes();
  const renewed = onlyRow((await deps.db.run(renewCodes(session, hashes, origin))).rows);
  if (!renewed.is_renewed) throw noSecondFactor();
  writeLater(deps, renewed.email, recoveryCodesRenewedText());
  return codes;
}
