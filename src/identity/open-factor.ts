import { describeFault } from '../core/log.ts';
import { SealBroken } from '../core/seal.ts';
import type { Deps } from '../deps.ts';
import { totpPurpose } from './totp.ts';

/**
 * The secret of somebody's second factor. Undefined for one that was altered, moved here from another row, or whose key
 * is gone: no code of it is right, and it is for the operator to know.
 */
export async function openFactor(
  { sealing, log }: Deps,
  userId: string,
  sealedSecret: string,
): Promise<string | undefined> {
  try {
    return await sealing.open(sealedSecret, totpPurpose(userId));
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    log.error('fault', { ...describeFault(error), code: 'second_factor_broken', user_id: userId });
    return undefined;
  }
}
