import { sql } from 'drizzle-orm';
import type { Sealing } from '../../src/core/seal.ts';
import { createUsage } from '../../src/core/usage.ts';
import { build, type Database } from '../../src/db/index.ts';
import { openPasswordHasher } from '../../src/identity/index.ts';
import { totpPurpose } from '../../src/identity/totp.ts';
import { accessClaims, signToken, type TokenIssuer } from '../sign-token.ts';

/** As long as any access token may live. */
const tokenSeconds = 24 * 60 * 60;

/** The same in every local stack: what the customer bought is there again after a restart. */
const customer = { id: '5ca1ab1e-0000-4000-8000-000000000001', email: 'customer@example.com' };
const admin = { id: '5ca1ab1e-0000-4000-8000-00000000000a', email: 'admin@example.com' };

/** What the demo people prove themselves with: made at random for each state folder. */
export interface DemoProofs {
  readonly password: string;
  /** The admin's second factor, in base32. */
  readonly totpSecret: string;
  readonly sealing: Sealing;
}

interface DemoPerson {
  readonly id: string;
  readonly email: string;
  /** Null: there is only the token. */
  readonly password: string | null;
  readonly token: string;
}

export interface DemoUsers {
  readonly customer: DemoPerson;
  readonly admin: DemoPerson & { readonly totp_secret: string | null };
}

/**
 * A customer (its row's id is its subject, too) and an admin, with tokens for a day. With proofs they can sign in, and
 * after each start are as they were at first; without, as in a database that others use too, they have no accounts.
 */
export async function makeDemoUsers(
  db: Database,
  issuer: TokenIssuer,
  proofs: DemoProofs | undefined,
): Promise<DemoUsers> {
  await db.batch([
    build.execute(
      sql`insert into customers (id, issuer, subject, email)
          values (${customer.id}, ${issuer.issuer}, ${customer.id}, ${customer.email}) on conflict do nothing`,
    ),
    ...(proofs === undefined ? [] : await makeAccounts(proofs)),
  ]);
  const tokenFor = (role: 'customer' | 'admin', user: { id: string; email: string }) =>
    signToken(issuer, accessClaims(issuer, { subject: user.id, role, email: user.email }, tokenSeconds));
  const { password = null, totpSecret = null } = proofs ?? {};
  return {
    customer: { ...customer, password, token: await tokenFor('customer', customer) },
    admin: { ...admin, password, totp_secret: totpSecret, token: await tokenFor('admin', admin) },
  };
}

async function makeAccounts({ password, totpSecret, sealing }: DemoProofs) {
  const passwordHash = await openPasswordHasher(createUsage()).hash(password);
  return [
    ...makeAccount({ ...customer, name: 'Demo customer', role: 'customer', passwordHash }),
    ...makeAccount({ ...admin, name: 'Demo admin', role: 'admin', passwordHash }),
    makeFactor(admin.id, await sealing.seal(totpSecret, totpPurpose(admin.id))),
  ];
}

interface DemoAccount {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: 'customer' | 'admin';
  readonly passwordHash: string;
}

/** Of somebody who has left, and whose address another account has by now, nothing is made anew. */
function makeAccount({ id, email, name, role, passwordHash }: DemoAccount) {
  return [
    build.execute(sql`insert into users (id) values (${id}::uuid) on conflict do nothing`),
    build.execute(
      sql`update users set email = ${email}, name = ${name}, role = ${role}, password_hash = ${passwordHash},
            status = 'active', email_verified_at = coalesce(email_verified_at, now()), locked_until = null,
            failed_count = 0, lock_count = 0
          where id = ${id}::uuid
            and not exists (select from users where email = ${email} and id <> ${id}::uuid)`,
    ),
  ];
}

function makeFactor(userId: string, sealedSecret: string) {
  return build.execute(
    sql`insert into totp_factors (user_id, sealed_secret, confirmed_at) values (${userId}::uuid, ${sealedSecret}, now())
        on conflict (user_id) do update set sealed_secret = excluded.sealed_secret,
          confirmed_at = coalesce(totp_factors.confirmed_at, now())`,
  );
}
