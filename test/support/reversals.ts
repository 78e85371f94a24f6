import type Stripe from 'stripe';
import { eventually } from './eventually.ts';
import {
  buy,
  deliver,
  eventAbout,
  tryAgain,
  newBuyer,
  pay,
  processed,
  stripeOf,
  type Buyer,
} from './shop.ts';
import type { TestWorker } from './worker.ts';

type Item = Parameters<typeof buy>[2];

/** Something that a buyer has paid for. */
export interface Sale {
  readonly buyer: Buyer;
  readonly charge: Stripe.Charge;
  /** The event that credits it. */
  readonly arrival: Record<string, unknown>;
}

/** Sells an item. What Stripe tells of it is delivered only if the webhook endpoint is on. */
export async function sell(worker: TestWorker, item: Item, by?: Buyer): Promise<Sale> {
  const buyer = by ?? (await newBuyer(worker));
  const { checkoutUrl, sessionId } = await buy(worker, buyer, item);
  await pay(checkoutUrl);
  const stripe = stripeOf(worker);
  const session = await stripe.checkout.sessions.retrieve(sessionId);
  const arrival =
    'plan' in item
      ? await eventAbout(worker, 'invoice.paid', String(session.invoice))
      : await eventAbout(worker, 'checkout.session.completed', sessionId);
  const [charge] = (await stripe.charges.list({ customer: String(session.customer), limit: 1 })).data;
  if (charge === undefined) throw new Error('nothing was charged');
  return { buyer, charge, arrival };
}

/** The same, with its credits. */
export async function sellAndCredit(worker: TestWorker, item: Item, by?: Buyer): Promise<Sale> {
  const sale = await sell(worker, item, by);
  await tell(worker, [sale.arrival]);
  return sale;
}

/** Presses a button of the sandbox's control page; answers the object that it is about. */
export async function press(
  worker: TestWorker,
  path: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<string> {
  const url = `${worker.stripe.url}/_sandbox${path}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { Accept: 'application/json' },
    body: new URLSearchParams(fields),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text).id;
}

/** All that Stripe told about refunds and disputes of a charge, oldest first. */
export async function reversalEvents(
  worker: TestWorker,
  charge: Stripe.Charge,
): Promise<readonly Record<string, unknown>[]> {
  const events = await stripeOf(worker).events.list({ limit: 100 }).autoPagingToArray({ limit: 5000 });
  return events
    .filter(({ type }) => /^(refund\.|charge\.(refund|dispute))/.test(type))
    .map((event) => JSON.parse(JSON.stringify(event)))
    .filter(({ data: { object } }) => object.id === charge.id || object.charge === charge.id)
    .toReversed();
}

/** Delivers events one after the other, each processed before the next. */
export async function tell(
  worker: TestWorker,
  events: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  for (const event of events) {
    await deliver(worker, event);
    await processed(worker);
  }
}

/** Tries what failed again, until nothing waits for its next try. */
export async function retried(worker: TestWorker): Promise<void> {
  await eventually('nothing waits for its next try', async () => {
    await tryAgain(worker);
    const waiting = await worker.database.query(
      "select 1 from webhook_events where status in ('pending', 'processing', 'failed')",
    );
    return waiting.length === 0;
  });
}

interface Account {
  readonly balance: number;
  readonly held: number;
  readonly debt: number;
}

export async function accountOf(worker: TestWorker, buyer: Buyer): Promise<Account | undefined> {
  const [account] = await worker.database.query<{ balance: number; held: number; debt: number }>(
    `select balance::int, held::int, debt::int from credit_accounts
     where customer_id = (select id from customers where subject = $1)`,
    [buyer.subject],
  );
  return account;
}

/** The ledger's rows that came of refunds and disputes. */
export async function reversalsOf(worker: TestWorker, buyer: Buyer) {
  return worker.database.query<Record<string, unknown>>(
    `select transaction_type, amount::int, description, event_id, actor from credit_transactions
     where customer_id = (select id from customers where subject = $1)
       and transaction_type in ('clawback', 'restore') order by sequence`,
    [buyer.subject],
  );
}

/** Uses credits up, as the customer does. */
export async function spend(worker: TestWorker, buyer: Buyer, amount: number): Promise<number> {
  const { status } = await worker.request('/credits/spend', { token: buyer.token, body: { amount } });
  return status;
}
