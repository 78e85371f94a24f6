import { randomUUID } from 'node:crypto';
import type { LoadRequest } from '../measure/load.ts';
import type { Stage } from '../measure/stage.ts';

/** A customer of a case's own. */
export interface Account {
  readonly customerId: string;
  readonly subject: string;
  /** Vouches for the customer by itself, as the token of a service that signs with our secret does. */
  readonly token: string;
  /** The same of a session that the customer has open. */
  readonly sessionToken: string;
}

/** More than a run spends. */
const plenty = 1_000_000_000;

/** Customers who have bought so many credits, and were given as many that go in a month. */
export async function plantAccounts(
  stage: Stage,
  count: number,
  credits = plenty,
): Promise<readonly Account[]> {
  const rows = await stage.query<{ customer_id: string; subject: string; session_id: string }>(
    `with made as (
       insert into users (status) select 'active' from generate_series(1, $1) returning id
     ), known as (
       insert into customers (issuer, subject) select $2, id from made returning id, subject
     ), opened as (
       insert into sessions (id, user_id, kind, expires_at)
       select gen_random_uuid(), id, 'token', now() + interval '1 day' from made returning id, user_id
     )
     select known.id as customer_id, known.subject, opened.id as session_id
     from known join opened on opened.user_id::text = known.subject`,
    [count, stage.issuer],
  );
  const ids = rows.map(({ customer_id: id }) => id);
  const grants = [
    ['purchased', 'purchase', null],
    ['promotional', 'admin_grant', '1 month'],
  ];
  for (const [kind, type, life] of grants) {
    await stage.query(
      `select grant_credits(id, $2, $3, 'admin', $4 || id, $5, null, null, null, now() + $6::interval, 'Credits',
         null, null, 'bench', now())
       from unnest($1::uuid[]) as id`,
      [ids, credits, kind, `${randomUUID()} `, type, life],
    );
  }
  return Promise.all(
    rows.map(async ({ customer_id: customerId, subject, session_id: sessionId }) => ({
      customerId,
      subject,
      token: await stage.token('customer', subject),
      sessionToken: await stage.token('customer', subject, sessionId),
    })),
  );
}

/** Makes requests of these customers, one after the other and again from the first. */
export function inTurns(accounts: readonly Account[], requestOf: (account: Account) => LoadRequest) {
  return (count: number): readonly LoadRequest[] => {
    const rounds = Array.from({ length: Math.ceil(count / accounts.length) }, () => accounts);
    return rounds.flat().slice(0, count).map(requestOf);
  };
}
