import type Stripe from 'stripe';
import { stateOf } from '../stripe-sandbox/support.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { tryAgain, newBuyer, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';
import { eventually } from '../support/eventually.ts';
import { Books } from './books.ts';
import { Facts, type Offer } from './facts.ts';

/** One customer before the real Worker, PostgreSQL and the sandbox, and the books that say what must come out. */
export class World {
  readonly worker: TestWorker;
  readonly stripe: Stripe;
  readonly buyer: Buyer;
  readonly books: Books;
  readonly #offers: ReadonlyMap<string, Offer>;
  readonly #sold = new Map<string, Offer>();
  readonly #facts: Facts;
  readonly #payments = new Map<string, string>();
  #eventsRead = 0;

  private constructor(worker: TestWorker, buyer: Buyer, offers: ReadonlyMap<string, Offer>, now: number) {
    this.worker = worker;
    this.stripe = stripeOf(worker);
    this.buyer = buyer;
    this.books = new Books(now);
    this.#offers = offers;
    this.#facts = new Facts(this.books, {
      offerOf: (priceId) => known(offers.get(priceId), `offer of ${priceId}`),
      soldBy: (sessionId) => known(this.#sold.get(sessionId), `item sold by ${sessionId}`),
      paymentOf: (invoiceId) => this.#payments.get(invoiceId),
    });
  }

  static async begin(): Promise<World> {
    const worker = await startWorker();
    await syncToStripe(worker);
    const offers = await offersOf(worker);
    const { now } = await stateOf(worker.stripe);
    return new World(worker, await newBuyer(worker), offers, now * 1000);
  }

  async end(): Promise<void> {
    await this.worker.stop();
  }

  /** Notes what a Checkout Session sells. */
  sells(sessionId: string, priceId: string): void {
    this.#sold.set(sessionId, known(this.#offers.get(priceId), `offer of ${priceId}`));
  }

  ask(path: string, body?: unknown): Promise<TestAnswer> {
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    return this.worker.request(path, {
      token: this.buyer.token,
      body,
      ...(body === undefined ? {} : { headers }),
    });
  }

  /** Presses a button of the sandbox. */
  async press(path: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
    const url = `${this.worker.stripe.url}/_sandbox${path}`;
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  /** Lets everything that was told arrive, jobs run, and the books read the same. */
  async settle(): Promise<void> {
    await this.worker.stripe.settled();
    await eventually('the Worker is done with every event', () => this.#isDone());
    await this.worker.scheduled();
    await this.#read();
  }

  /** Throws where the Worker answers something else than the books, or its own ledger is not sound. */
  async compare(): Promise<void> {
    const { json, text } = await this.ask('/credits/balance');
    const { balance, available, held, debt } = this.books;
    for (const [member, value] of Object.entries({ balance, available, held, debt })) {
      const answered: unknown = json.credits?.[member];
      if (answered !== value)
        throw new Error(`${member} is ${value} by the books, and not what is answered: ${text}`);
    }
    await expectSoundLedger((sql) => this.worker.database.query(sql));
  }

  async #isDone(): Promise<boolean> {
    const open = await this.worker.database.query<{ status: string; last_error: string | null }>(
      "select status, last_error from webhook_events where status not in ('processed', 'ignored')",
    );
    if (open.some(({ status }) => status === 'dead')) throw new Error(`dead: ${JSON.stringify(open)}`);
    if (open.some(({ status }) => status === 'failed')) {
      await tryAgain(this.worker);
    }
    return open.length === 0;
  }

  async #read(): Promise<void> {
    const { now, events: newestFirst, invoice_payments: payments } = await stateOf(this.worker.stripe);
    for (const { invoice, payment } of payments) {
      if (typeof payment.payment_intent === 'string')
        this.#payments.set(String(invoice), payment.payment_intent);
    }
    this.books.now = now * 1000;
    // As the SDK's own types have them: what they are in JSON.
    const events: Stripe.Event[] = JSON.parse(JSON.stringify(newestFirst.toReversed()));
    for (const event of events.slice(this.#eventsRead)) this.#facts.read(event);
    this.#eventsRead = events.length;
    this.#facts.passTime();
  }
}

async function offersOf(worker: TestWorker): Promise<ReadonlyMap<string, Offer>> {
  const rows = await worker.database.query<{
    id: string;
    credits: number;
    amount: number;
    interval: 'month' | 'year' | null;
    cap: number | null;
  }>(
    `select stripe_price_id as id, credits::int, amount_minor::int as amount, prices.interval, rollover_cap::int as cap
     from prices left join subscription_plans as plan on plan.id = plan_id where stripe_price_id is not null`,
  );
  return new Map(
    rows.map(({ id, credits, amount, interval, cap }) => [
      id,
      { priceId: id, credits, amountMinor: amount, interval, cap: cap ?? Infinity },
    ]),
  );
}

function known<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`There is no ${what}.`);
  return value;
}
