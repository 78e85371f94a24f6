import { randomUUID } from 'node:crypto';
import { anonymous } from './crash-books.ts';
import { crashPath, severally, type CheckedPath } from './crash.ts';
import type { Buyer } from './shop.ts';
import type { TestWorker } from './worker.ts';

export interface RequestCase {
  readonly buyer: Buyer;
  /** Who asks, when it is not the buyer. */
  readonly token?: string;
  readonly path: string;
  readonly body: unknown;
}

/** A request under an Idempotency-Key, which its client repeats until it is told the outcome. */
export function requestPath(
  name: string,
  arrange: (worker: TestWorker) => Promise<RequestCase>,
): CheckedPath {
  return crashPath({
    name,
    arrange: (worker, count) =>
      severally(count, async () => ({ ...(await arrange(worker)), key: randomUUID() })),
    act: send,
    retry: repeat,
  });
}

type KeyedCase = RequestCase & { readonly key: string };

const send = (worker: TestWorker, { buyer, path, body, token = buyer.token, key }: KeyedCase) =>
  worker.request(path, { token, body, headers: { 'Idempotency-Key': key } });

const triesAtMost = 3;

async function repeat(worker: TestWorker, subject: KeyedCase): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    const { status, json, text } = await send(worker, subject);
    if (status < 400) return { status, body: anonymous(text) };
    const isPassing = status >= 500 || json.code === 'idempotency_key_in_use';
    if (!isPassing || tries === triesAtMost) return { status, body: anonymous(text) };
    await letLeasesRunOut(worker, subject);
  }
}

/** The minute passes after which an operation that was cut off may be taken up again. */
async function letLeasesRunOut(worker: TestWorker, { buyer, key }: KeyedCase): Promise<void> {
  const { query } = worker.database;
  await query(
    "update idempotency_keys set lease_until = now() - interval '1 second' where key = $1 and response_status is null",
    [key],
  );
  await query(
    `update subscription_operations set lease_until = now() - interval '1 second' where subscription_id in (
       select s.id from subscriptions as s join customers as c on c.id = s.customer_id where c.subject = $1)`,
    [buyer.subject],
  );
}
