import { sql } from 'drizzle-orm';
import { build, type Database } from '../../src/db/index.ts';
import { accessClaims, signToken, type TokenIssuer } from '../sign-token.ts';

/** As long as any access token may live. */
const tokenSeconds = 24 * 60 * 60;

/** The same in every local stack: what the customer bought is there again after a restart. */
const customer = { id: '5ca1ab1e-0000-4000-8000-000000000001', email: 'customer@example.com' };
const admin = { id: '5ca1ab1e-0000-4000-8000-00000000000a', email: 'admin@example.com' };

export interface DemoUsers {
  readonly customer: { readonly id: string; readonly email: string; readonly token: string };
  readonly admin: { readonly email: string; readonly token: string };
}

/** A customer (its row's id is its subject, too) and an admin, with tokens for a day. */
export async function makeDemoUsers(db: Database, issuer: TokenIssuer): Promise<DemoUsers> {
  await db.run(
    build.execute(
      sql`insert into customers (id, issuer, subject, email)
          values (${customer.id}, ${issuer.issuer}, ${customer.id}, ${customer.email}) on conflict do nothing`,
    ),
  );
  const tokenFor = (role: 'customer' | 'admin', user: { id: string; email: string }) =>
    signToken(issuer, accessClaims(issuer, { subject: user.id, role, email: user.email }, tokenSeconds));
  return {
    customer: { ...customer, token: await tokenFor('customer', customer) },
    admin: { email: admin.email, token: await tokenFor('admin', admin) },
  };
}
