import { sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { customerIdOf } from '../customers/index.ts';
import { build } from '../db/index.ts';
import { jsonOfOrigin } from './sign-in-queries.ts';

/** How many keys that are good an owner may have. */
const keysAtMost = 50;

export type UsableKeyRow = {
  readonly secret_hash: string;
  /** Its customer's; null for a service's. */
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly scopes: readonly string[];
  /** The first key of those that took each other's place. */
  readonly family: string;
  readonly seconds_left: number;
  /** Its use was not noted within the last minute. */
  readonly is_note_due: boolean;
};

/** No row for a key that is unknown, revoked or over, or whose owner is not let in. */
export function findUsableKey(id: string, issuer: string) {
  return build.execute<UsableKeyRow>(sql`
    select key.secret_hash, customer.issuer, customer.subject, to_jsonb(key.scopes) as scopes, key.family,
      extract(epoch from key.expires_at - now())::float8 as seconds_left,
      coalesce(key.last_used_at < now() - interval '1 minute', true) as is_note_due
    from api_keys as key left join customers as customer on customer.id = key.customer_id
    where key.id = ${id} and key_state(key, ${issuer}) in ('active', 'rotated')`);
}

/** Once a minute is enough, however many ask at once. */
export function noteKeyUse(id: string) {
  return build.execute(sql`
    update api_keys set last_used_at = now()
    where id = ${id} and coalesce(last_used_at < now() - interval '1 minute', true)`);
}

/** Who does it, and from where. */
export interface KeyAuthor {
  readonly userId: string;
  /** The one that signs tokens here. */
  readonly issuer: string;
  readonly actor: string;
  readonly sessionId: string;
  readonly origin: Origin;
}

/** What a key that is made is, beside what it may do. */
export interface KeyDraft {
  readonly id: string;
  readonly secretHash: string;
  readonly days: number;
}

export interface KeyTerms {
  readonly kind: 'customer' | 'service';
  readonly name: string;
  readonly scopes: readonly string[];
}

/** Whom a key is to act for: the author's own customer, a named one, or none, for a service's. */
export type KeyCustomer = 'own' | AccountReference | undefined;

export type OutcomeRow = { readonly outcome: string };

export function createKey(author: KeyAuthor, draft: KeyDraft, terms: KeyTerms, customer: KeyCustomer) {
  const key = { ...jsonOfDraft(draft), ...terms };
  return build.execute<OutcomeRow>(sql`
    select create_api_key(${JSON.stringify(key)}::jsonb, ${idOf(customer, author)}, ${keysAtMost}::int,
      ${jsonOfAuthor(author)}, ${jsonOfOrigin(author.origin)}) as outcome`);
}

function idOf(customer: KeyCustomer, { issuer, userId }: KeyAuthor): SQL {
  if (customer === undefined) return sql`null::uuid`;
  return customer === 'own'
    ? sql`own_customer(${issuer}, ${userId}::uuid)`
    : sql`${customerIdOf(customer)}::uuid`;
}

/** Of several at once one wins. `onlyOwn`: keys of the author's own customer. */
export function rotateKey(
  author: KeyAuthor,
  id: string,
  rotation: KeyDraft & { readonly overlapHours: number },
  onlyOwn: boolean,
) {
  const key = { ...jsonOfDraft(rotation), overlap_hours: rotation.overlapHours };
  return build.execute<OutcomeRow>(sql`
    select rotate_api_key(${id}, ${JSON.stringify(key)}::jsonb, ${onlyOwn}::boolean, ${jsonOfAuthor(author)},
      ${jsonOfOrigin(author.origin)}) as outcome`);
}

export function revokeKey(author: KeyAuthor, id: string, onlyOwn: boolean) {
  return build.execute<OutcomeRow>(sql`
    select revoke_api_key(${id}, ${onlyOwn}::boolean, ${jsonOfAuthor(author)}, ${jsonOfOrigin(author.origin)}) as outcome`);
}

function jsonOfDraft({ id, secretHash, days }: KeyDraft) {
  return { id, secret_hash: secretHash, days };
}

function jsonOfAuthor({ userId, issuer, actor, sessionId }: KeyAuthor): SQL {
  return sql`${JSON.stringify({ user_id: userId, issuer, actor, session_id: sessionId })}::jsonb`;
}

/** The members of `storedKey`, of the row `key`. */
function shown(issuer: string): SQL {
  return sql`jsonb_build_object('id', key.id, 'name', key.name, 'scopes', key.scopes,
    'state', key_state(key, ${issuer}), 'created_at', key.created_at, 'expires_at', key.expires_at,
    'last_used_at', key.last_used_at, 'revoked_at', key.revoked_at, 'replaced_by', key.replaced_by, 'kind', key.kind,
    'owner', (select jsonb_build_object('id', id, 'email', email) from users where id = key.user_id),
    'customer', (
      select jsonb_build_object('id', id, 'issuer', issuer, 'subject', subject) from customers
      where id = key.customer_id))`;
}

type KeyRow = {
  /** `storedKey`. */
  readonly key: unknown;
  readonly secret_hash: string;
  readonly created_microseconds: string;
};

export function findKeyById(id: string, issuer: string) {
  return build.execute<KeyRow>(
    sql`select ${shown(issuer)} as key, secret_hash from api_keys as key where id = ${id}`,
  );
}

export interface KeyFilter {
  readonly owner: string | undefined;
  readonly customer: AccountReference | undefined;
  /** The last key of the page before: when it was made, and its id. */
  readonly before: readonly [microseconds: number, id: string] | undefined;
  readonly limit: number;
}

/** Newest first. A customer that is not there has none. */
export function listKeysBy({ owner, customer, before, limit }: KeyFilter, issuer: string) {
  const conditions = [
    sql`true`,
    ...(owner === undefined ? [] : [sql`key.user_id = ${owner}::uuid`]),
    ...(customer === undefined ? [] : [sql`key.customer_id = ${customerIdOf(customer)}`]),
    ...(before === undefined
      ? []
      : [
          sql`(key.created_at, key.id) < (timestamptz 'epoch' + ${before[0]}::bigint * interval '1 microsecond', ${before[1]})`,
        ]),
  ];
  return build.execute<KeyRow>(sql`
    select ${shown(issuer)} as key, key.secret_hash,
      (extract(epoch from key.created_at) * 1000000)::bigint::text as created_microseconds
    from api_keys as key where ${sql.join(conditions, sql` and `)}
    order by key.created_at desc, key.id desc limit ${limit}`);
}
