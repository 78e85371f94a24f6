import { and, eq, gte, inArray, or, sql } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import { customers } from '../customers/tables.ts';
import { creditLots, creditTransactions } from '../credits/tables.ts';
import { prices } from '../pricing/tables.ts';
import { subscriptions } from './subscription-tables.ts';
import { payments, reconciliations } from './tables.ts';

/** Our rows of some subscriptions, with the price that each is sold at. */
export function findSubscriptionRows(stripeSubscriptionIds: readonly string[]) {
  return build
    .select({
      stripeSubscriptionId: subscriptions.stripeSubscriptionId,
      customerId: subscriptions.customerId,
      stripeItemId: subscriptions.stripeItemId,
      stripePriceId: prices.stripePriceId,
      quantity: subscriptions.quantity,
      status: subscriptions.status,
      currentPeriodEnd: subscriptions.currentPeriodEnd,
      cancelAtPeriodEnd: subscriptions.cancelAtPeriodEnd,
      cancelAt: subscriptions.cancelAt,
      endedAt: subscriptions.endedAt,
      trialEnd: subscriptions.trialEnd,
      pauseBehavior: subscriptions.pauseBehavior,
    })
    .from(subscriptions)
    .innerJoin(prices, eq(prices.id, subscriptions.offerId))
    .where(inArray(subscriptions.stripeSubscriptionId, [...stripeSubscriptionIds]));
}

export type SubscriptionRow = Awaited<ReturnType<typeof findSubscriptionRows>>[number];

/** Our living subscriptions, whoever knows them at Stripe. */
export function findLivingSubscriptions() {
  return build
    .select({
      stripeSubscriptionId: subscriptions.stripeSubscriptionId,
      customerId: subscriptions.customerId,
    })
    .from(subscriptions)
    .where(sql`${subscriptions.status} not in ('canceled', 'incomplete_expired')`);
}

/** The customers of ours among some of Stripe's. */
export function findCustomersAtStripe(stripeCustomerIds: readonly string[]) {
  return build
    .select({ id: customers.id, stripeCustomerId: customers.stripeCustomerId })
    .from(customers)
    .where(inArray(customers.stripeCustomerId, [...stripeCustomerIds]));
}

/** Our payments among some invoices and PaymentIntents. */
export function findPayments(ids: {
  readonly invoiceIds: readonly string[];
  readonly intentIds: readonly string[];
}) {
  return build
    .select({
      id: payments.id,
      customerId: payments.customerId,
      stripeInvoiceId: payments.stripeInvoiceId,
      stripePaymentIntentId: payments.stripePaymentIntentId,
      currency: payments.currency,
      amountMinor: payments.amountMinor,
      refundedMinor: payments.refundedMinor,
      disputedMinor: payments.disputedMinor,
    })
    .from(payments)
    .where(
      or(
        inArray(payments.stripeInvoiceId, [...ids.invoiceIds]),
        inArray(payments.stripePaymentIntentId, [...ids.intentIds]),
      ),
    );
}

export type PaymentRow = Awaited<ReturnType<typeof findPayments>>[number];

/** What was paid since then, by what it is known by at Stripe. */
export function findPaymentsSince(since: Date) {
  return build
    .select({
      customerId: payments.customerId,
      stripeInvoiceId: payments.stripeInvoiceId,
      stripePaymentIntentId: payments.stripePaymentIntentId,
    })
    .from(payments)
    .where(gte(payments.paidAt, since));
}

/** Payments that were refunded or disputed and that took place since then. */
export function findReversedPayments(since: Date) {
  return build
    .select({ stripePaymentIntentId: payments.stripePaymentIntentId })
    .from(payments)
    .where(and(gte(payments.paidAt, since), sql`${payments.refundedMinor} + ${payments.disputedMinor} > 0`));
}

/** Which of some facts have moved credits: those that grant by their lots, those that take back by the ledger. */
export function findMovements(refs: readonly string[]) {
  const granted = build
    .select({ ref: creditLots.sourceRef })
    .from(creditLots)
    .where(
      and(
        inArray(creditLots.source, ['checkout_session', 'invoice_line', 'invoice_proration']),
        inArray(creditLots.sourceRef, [...refs]),
      ),
    );
  const takenBack = build
    .select({ ref: creditTransactions.sourceRef })
    .from(creditTransactions)
    .where(
      and(
        eq(creditTransactions.transactionType, 'clawback'),
        inArray(creditTransactions.sourceRef, [...refs]),
      ),
    );
  return granted.unionAll(takenBack);
}

/** Accounts that moved since then and whose balance, ledger and lots say different things; there should be none. */
export function findUnsoundAccounts(since: Date) {
  return build.execute<{
    customer_id: string;
    balance: string;
    ledger: string;
    lots: string;
    debt: string;
  }>(sql`
    select account.customer_id, account.balance, account.debt, ledger.total as ledger, lots.total as lots
    from credit_accounts as account
    cross join lateral (
      select coalesce(sum(amount), 0) as total from credit_transactions where customer_id = account.customer_id
    ) as ledger
    cross join lateral (
      select coalesce(sum(remaining), 0) as total, coalesce(sum(held), 0) as held
      from credit_lots where customer_id = account.customer_id
    ) as lots
    where account.updated_at >= ${instant(since)}
      and (account.balance <> ledger.total or account.balance <> lots.total - account.debt or account.held <> lots.held)
    limit 1000`);
}

export function keepReconciliation(found: typeof reconciliations.$inferInsert) {
  return build.insert(reconciliations).values(found);
}
