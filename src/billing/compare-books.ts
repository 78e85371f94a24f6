import type { Deps } from '../deps.ts';
import type { Invoice, Subscription } from '../stripe/index.ts';
import {
  invoiceDifference,
  movementsOfInvoice,
  reversalDifference,
  sessionDifference,
  subscriptionDifference,
  type Difference,
} from './book-differences.ts';
import { findOffers, type Offer } from './checkout-queries.ts';
import {
  findCustomersAtStripe,
  findLivingSubscriptions,
  findMovements,
  findPayments,
  findPaymentsSince,
  findReversedPayments,
  findSubscriptionRows,
  findUnsoundAccounts,
} from './reconcile-queries.ts';
import { lookAtReversals } from './reversals.ts';

export type CompareDeps = Pick<Deps, 'db' | 'stripe'>;

/** Counts what was compared, by kind. */
export type Compared = Record<'subscriptions' | 'invoices' | 'checkouts' | 'reversals' | 'payments', number>;

type Differences = AsyncGenerator<Difference>;

/** Every subscription that Stripe has for our customers and plans, and every one that we take for living. */
export async function* compareSubscriptions({ db, stripe }: CompareDeps, compared: Compared): Differences {
  const seenIds = new Set<string>();
  for await (const page of stripe.subscriptionPages()) {
    const [rows, customers, offers] = await db.batch([
      findSubscriptionRows(page.map(({ id }) => id)),
      findCustomersAtStripe(page.map(({ stripeCustomerId }) => stripeCustomerId)),
      findOffers(page.flatMap(({ items }) => items.map(({ stripePriceId }) => stripePriceId))),
    ]);
    const isOurs = (seen: Subscription) =>
      customers.some(({ stripeCustomerId }) => stripeCustomerId === seen.stripeCustomerId) &&
      seen.items.some((item) => isPlan(offers, item.stripePriceId));
    for (const seen of page) {
      seenIds.add(seen.id);
      const row = rows.find(({ stripeSubscriptionId }) => stripeSubscriptionId === seen.id);
      if (row === undefined && !isOurs(seen)) continue;
      compared.subscriptions += 1;
      const difference = subscriptionDifference(seen, row);
      if (difference !== undefined) yield difference;
    }
  }
  for (const { stripeSubscriptionId: id, customerId } of await db.run(findLivingSubscriptions())) {
    if (!seenIds.has(id)) yield unknownAtStripe('subscription', id, customerId);
  }
}

function isPlan(offers: readonly Offer[], priceId: string): boolean {
  return offers.some(({ type, stripePriceId }) => type === 'plan' && stripePriceId === priceId);
}

function unknownAtStripe(
  kind: 'subscription' | 'payment',
  id: string,
  customerId: string | null,
): Difference {
  return {
    kind,
    id,
    customerId,
    problem: 'unknown_at_stripe',
    ours: 'present',
    stripes: null,
    repair: 'by_hand',
  };
}

/** Every invoice that was paid since then: its payment, and a movement of credits for each line that must have one. */
export async function* compareInvoices(deps: CompareDeps, since: Date, compared: Compared): Differences {
  for await (const page of deps.stripe.paidInvoicePages(since)) {
    const prices = page.flatMap(({ lines }) => lines.flatMap(({ stripePriceId }) => stripePriceId ?? []));
    const offers = await deps.db.run(findOffers([...new Set(prices)]));
    const ours = await Promise.all(
      page.map(async (invoice) => ({ invoice, movements: await movementsOf(deps, invoice, offers) })),
    );
    const [payments, moved] = await deps.db.batch([
      findPayments({ invoiceIds: page.map(({ id }) => id), intentIds: [] }),
      findMovements(ours.flatMap(({ movements }) => movements ?? [])),
    ]);
    const refs = new Set(moved.map(({ ref }) => ref));
    for (const { invoice, movements } of ours) {
      if (movements === undefined) continue;
      compared.invoices += 1;
      const difference = invoiceDifference(invoice, movements, { payments, refs });
      if (difference !== undefined) yield difference;
    }
  }
}

/** A change of plan comes to credits by the subscription's months, which only the subscription itself tells. */
async function movementsOf({ stripe }: CompareDeps, invoice: Invoice, offers: readonly Offer[]) {
  const isChange = invoice.lines.some(({ isProration }) => isProration);
  const subscription =
    isChange && invoice.subscriptionId !== null
      ? await stripe.findSubscription(invoice.subscriptionId)
      : undefined;
  return movementsOfInvoice(invoice, offers, subscription?.billingCycleAnchor);
}

/** Every package that was paid since then. */
export async function* compareCheckouts(
  { db, stripe }: CompareDeps,
  since: Date,
  compared: Compared,
): Differences {
  for await (const page of stripe.completedSessionPages(since)) {
    const [offers, payments, moved] = await db.batch([
      findOffers(page.flatMap(({ lines }) => lines.flatMap(({ stripePriceId }) => stripePriceId ?? []))),
      findPayments({
        invoiceIds: [],
        intentIds: page.flatMap(({ paymentIntentId }) => paymentIntentId ?? []),
      }),
      findMovements(page.map(({ id }) => id)),
    ]);
    const refs = new Set(moved.map(({ ref }) => ref));
    for (const session of page) {
      compared.checkouts += 1;
      const difference = sessionDifference(session, offers, { payments, refs });
      if (difference !== undefined) yield difference;
    }
  }
}

/** What of our payments has gone back: those that Stripe tells of, and those of which we think so. */
export async function* compareReversals(
  { db, stripe }: CompareDeps,
  since: Date,
  compared: Compared,
): Differences {
  const intents = new Set<string>();
  for await (const page of stripe.reversedIntentPages(since)) for (const intent of page) intents.add(intent);
  for (const { stripePaymentIntentId: intent } of await db.run(findReversedPayments(since))) {
    if (intent !== null) intents.add(intent);
  }
  if (intents.size === 0) return;
  for (const payment of await db.run(findPayments({ invoiceIds: [], intentIds: [...intents] }))) {
    compared.reversals += 1;
    const difference = reversalDifference(payment, await lookAtReversals(stripe, payment));
    if (difference !== undefined) yield difference;
  }
}

/** Our payments since then that were made by an invoice that Stripe does not have as paid. */
export async function* comparePayments(
  { db, stripe }: CompareDeps,
  since: Date,
  compared: Compared,
): Differences {
  const paid = new Set<string>();
  for await (const page of stripe.paidInvoicePages(since)) for (const { id } of page) paid.add(id);
  for (const { stripeInvoiceId: id, customerId } of await db.run(findPaymentsSince(since))) {
    compared.payments += 1;
    if (id === null || paid.has(id)) continue;
    // Made before then, and paid since.
    const invoice = await stripe.findInvoice(id);
    if (invoice?.status !== 'paid') yield unknownAtStripe('payment', id, customerId);
  }
}

/** Our ledger by itself. */
export async function* compareLedger({ db }: CompareDeps, since: Date): Differences {
  const { rows } = await db.run(findUnsoundAccounts(since));
  for (const { customer_id: customerId, ...sums } of rows) {
    yield {
      kind: 'ledger',
      id: customerId,
      customerId,
      problem: 'sums_differ',
      ours: sums,
      stripes: null,
      repair: 'by_hand',
    };
  }
}
