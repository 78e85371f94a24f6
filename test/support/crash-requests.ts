import { randomUUID } from 'node:crypto';
import { anonymous } from './crash-books.ts';
import { crashPath, severally, type CheckedPath } from './crash.ts';
import { newBuyer, type Buyer } from './shop.ts';
import type { TestWorker } from './worker.ts';

export interface RequestCase {
  readonly buyer: Buyer;
  readonly token: string;
  readonly path: string;
  readonly body: unknown;
}

/** A request under an Idempotency-Key, which its client repeats until it is told the outcome. */
export function requestPath(
  name: string,
  arrange: (
    worker: TestWorker,
    buyer: Buyer,
  ) => Promise<Omit<RequestCase, 'buyer' | 'token'> & { token?: string }>,
): CheckedPath {
  return crashPath({
    name,
    arrange: (worker, count) =>
      severally(count, async () => {
        const buyer = await newBuyer(worker);
        return { buyer, token: buyer.token, ...(await arrange(worker, buyer)), key: randomUUID() };
      }),
    act: send,
    retry: repeat,
  });
}

type KeyedCase = RequestCase & { readonly key: string };

const send = (worker: TestWorker, { path, body, token, key }: KeyedCase) =>
  worker.request(path, { token, body, headers: { 'Idempotency-Key': key } });

const triesAtMost = 3;

async function repeat(worker: TestWorker, subject: KeyedCase): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    const { status, json, text } = await send(worker, subject);
    if (status < 400) return { status, body: anonymous(text) };
    const isPassing = status >= 500 || json.code === 'idempotency_key_in_use';
    if (!isPassing || tries === triesAtMost) return { status, body: anonymous(text) };
    await letLeasesRunOut(worker, subject.key);
  }
}

/** The minute passes after which an operation that was cut off may be taken up again. */
async function letLeasesRunOut(worker: TestWorker, key: string): Promise<void> {
  await worker.database.query(
    "update idempotency_keys set lease_until = now() - interval '1 second' where key = $1 and response_status is null",
    [key],
  );
}
