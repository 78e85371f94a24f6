import { Secret } from 'otpauth';
import { renderSVG } from 'uqr';
import type { User } from '../core/actor.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { beginEnrolment } from './factor-queries.ts';
import { ownSessionOf } from './own-session.ts';
import { totpOf, totpPurpose } from './totp.ts';

/** RFC 4226 asks for 160 bits. */
const secretBytes = 20;

/** What an authenticator app needs, in three forms. */
export interface Enrolment {
  readonly secret: string;
  readonly uri: string;
  readonly qrSvg: string;
  /** Until when it can be confirmed. */
  readonly expiresAt: Date;
}

/**
 * Makes the secret of a second factor, which counts once a code of it is confirmed; until then the one of before does.
 * @throws `no_account`
 */
export async function enrolSecondFactor({ db, sealing }: Deps, user: User): Promise<Enrolment> {
  const { userId } = ownSessionOf(user);
  const secret = new Secret({ size: secretBytes }).base32;
  const sealed = await sealing.seal(secret, totpPurpose(userId));
  const row = onlyRow((await db.run(beginEnrolment(userId, sealed))).rows);
  const uri = totpOf(secret, user.email).toString();
  const qrSvg = renderSVG(uri, { ecc: 'M', border: 2 });
  return { secret, uri, qrSvg, expiresAt: new Date(row.pending_until) };
}
