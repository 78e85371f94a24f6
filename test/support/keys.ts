import { randomUUID } from 'node:crypto';
import type { Scope } from '../../src/core/scopes.ts';
import { keyIdOf, newKey, type KeyMode } from '../../src/identity/api-key.ts';
import { hashOf } from '../../src/identity/secrets.ts';
import { newPerson } from './people.ts';
import type { TestWorker } from './worker.ts';

export interface PlantedKey {
  readonly id: string;
  readonly key: string;
  /** The user that it hangs on. */
  readonly owner: string;
}

interface KeyPlan {
  readonly scopes: readonly Scope[];
  /** The subject of the customer that it acts for; undefined: it is a service's. */
  readonly customer?: string;
  /** A new admin unless it is given. */
  readonly owner?: string;
  readonly mode?: KeyMode;
  readonly days?: number;
}

/** A key as a request leaves it. */
export async function plantKey(worker: TestWorker, plan: KeyPlan): Promise<PlantedKey> {
  const id = await keyIdOf(randomUUID());
  const key = newKey(plan.mode ?? 'test', id);
  const owner = plan.owner ?? (await newPerson(worker, 'admin')).id;
  const customerId = plan.customer === undefined ? null : await customerOf(worker, plan.customer);
  await worker.database.query(
    `insert into api_keys (id, family, kind, user_id, customer_id, name, scopes, secret_hash, expires_at)
     values ($1, $1, $2, $3, $4, 'A key', $5, $6, now() + make_interval(days => $7))`,
    [
      id,
      customerId === null ? 'service' : 'customer',
      owner,
      customerId,
      plan.scopes,
      await hashOf(key),
      plan.days ?? 90,
    ],
  );
  return { id, key, owner };
}

async function customerOf(worker: TestWorker, subject: string): Promise<string> {
  const [row] = await worker.database.query<{ id: string }>(
    `insert into customers (issuer, subject) values ($1, $2)
     on conflict (issuer, subject) do update set updated_at = now() returning id`,
    [worker.tokens.issuer, subject],
  );
  return row?.id ?? '';
}
