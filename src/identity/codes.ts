import { systemClock } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { hashOf } from './secrets.ts';
import type { GivenCode } from './sign-in-queries.ts';
import { stepOfCode, totpPurpose } from './totp.ts';

/** A second proof, as a request gives it: one of the two. */
export interface CodeInput {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
}

/** How recovery codes are compared: people leave out the hyphens, and write them small. */
function normalRecoveryCode(code: string): string {
  return code.replaceAll(/[\s-]/g, '').toUpperCase();
}

/** What the database is asked to take: nothing, for a code that is wrong. */
export async function readCode(
  { sealing }: Deps,
  { code, recoveryCode }: CodeInput,
  factor: { readonly userId: string; readonly sealedSecret: string | null },
): Promise<GivenCode> {
  if (recoveryCode !== undefined) {
    return { step: null, recoveryHash: await hashOf(normalRecoveryCode(recoveryCode)) };
  }
  if (code === undefined || factor.sealedSecret === null) return { step: null, recoveryHash: null };
  const secret = await sealing.open(factor.sealedSecret, totpPurpose(factor.userId));
  return { step: stepOfCode(secret, code, systemClock) ?? null, recoveryHash: null };
}
