import { randomUUID } from 'node:crypto';
import { actorLabel, type User } from '../../src/core/actor.ts';
import { spend } from '../../src/credits/spending-queries.ts';
import type { DirectStatement, Parameter } from '../measure/direct.ts';
import { inTurns, type Account } from './accounts.ts';

/** What is bought, and what the initial catalogue says that it costs. */
const operation = 'blog_post';
export const cost = 5;

/** Spends of these customers in turns, each with a key of its own, as a client sends them. */
export function spends(accounts: readonly Account[]) {
  const body = JSON.stringify({ operation_type: operation });
  return inTurns(accounts, ({ token }) => ({
    path: '/credits/spend',
    method: 'POST',
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      Authorization: `Bearer ${token}`,
      'Idempotency-Key': randomUUID(),
    },
    body,
  }));
}

/** The same of the bare Worker. */
export function rawSpends(accounts: readonly Account[]) {
  return inTurns(accounts, ({ customerId }) => ({
    path: '/spend',
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: JSON.stringify({ account: customerId, amount: cost }),
  }));
}

/** The statement that the Worker sends for such a spend, with what each request has for itself. */
export function spendStatement({ issuer, subject }: Pick<User, 'issuer' | 'subject'>): DirectStatement {
  const user: User = { kind: 'user', role: 'customer', issuer, subject, email: undefined };
  const unique = { id: 'operation', principal: 'direct', key: 'key', requestHash: 'f'.repeat(64) };
  const query = spend({
    account: { user },
    usage: { operation_type: operation, quantity: 1 },
    actor: actorLabel(user),
    operationId: unique.id,
    claim: unique,
    now: new Date(),
  }).getQuery();
  const parameters = query.params.map((value): Parameter => {
    if (value === null) return null;
    return value === unique.id || value === `${unique.principal} ${unique.key}`
      ? { unique: `${String(value)} ` }
      : String(value);
  });
  return { text: query.sql, parameters };
}
