import { systemClock } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { openFactor } from './open-factor.ts';
import { recoveryHashOf } from './recovery-codes.ts';
import type { GivenCode } from './sign-in-queries.ts';
import { stepOfCode } from './totp.ts';

/** A second proof, as a request gives it: one of the two. */
export interface CodeInput {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
}

/** What the database is asked to take: nothing, for a code that is wrong. */
export async function readCode(
  deps: Deps,
  { code, recoveryCode }: CodeInput,
  factor: { readonly userId: string; readonly sealedSecret: string | null },
): Promise<GivenCode> {
  if (recoveryCode !== undefined) return { step: null, recoveryHash: await recoveryHashOf(recoveryCode) };
  if (code === undefined || factor.sealedSecret === null) return { step: null, recoveryHash: null };
  const secret = await openFactor(deps, factor.userId, factor.sealedSecret);
  const step = secret === undefined ? undefined : stepOfCode(secret, code, systemClock);
  return { step: step ?? null, recoveryHash: null };
}
