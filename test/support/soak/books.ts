import type { TestWorker } from '../worker.ts';
import type { SoakCustomer } from './sales.ts';

/** What a customer has in the end: each purchase and each refund once, in no particular order. */
export interface Books {
  readonly lots: readonly string[];
  readonly ledger: readonly string[];
  readonly payments: readonly string[];
  readonly checkouts: readonly string[];
  readonly subscriptions: readonly string[];
  /** What others are told of. */
  readonly told: readonly string[];
  readonly balance: number;
}

/** What the books must say, reckoned from what was sold alone. */
export function expectedBooks({ packages, plan }: SoakCustomer): Books {
  const purchases = packages.map((sale) => ({ ...sale, back: creditsBack(sale) }));
  const refunded = purchases.filter(({ back }) => back > 0);
  const credits = [...packages, ...(plan === undefined ? [] : [plan])].reduce(
    (sum, sale) => sum + sale.credits,
    0,
  );
  return {
    lots: [
      ...purchases.map(
        (sale) => `${sale.sessionId} purchased ${sale.credits} left ${sale.credits - sale.back}`,
      ),
      ...(plan === undefined ? [] : [`plan ${plan.credits} left ${plan.credits}`]),
    ].toSorted(),
    ledger: [
      ...purchases.map((sale) => `purchase ${sale.credits}`),
      ...refunded.map(({ back }) => `clawback -${back}`),
      ...(plan === undefined ? [] : [`subscription_grant ${plan.credits}`]),
    ].toSorted(),
    payments: [
      ...packages.map((sale) => `${sale.paymentIntentId} ${sale.amountMinor} back ${sale.refundedMinor}`),
      ...(plan === undefined ? [] : [`${plan.invoiceId} ${plan.amountMinor} back 0`]),
    ].toSorted(),
    checkouts: [...packages, ...(plan === undefined ? [] : [plan])]
      .map(({ sessionId }) => `${sessionId} paid`)
      .toSorted(),
    subscriptions: plan === undefined ? [] : [`${plan.subscriptionId} active`],
    told: [
      ...packages.flatMap(() => ['payment.succeeded', 'credits.granted']),
      ...refunded.flatMap(() => ['payment.refunded', 'credits.clawed_back']),
      ...(plan === undefined ? [] : ['payment.succeeded', 'credits.granted', 'subscription.changed']),
    ].toSorted(),
    balance: credits - refunded.reduce((sum, { back }) => sum + back, 0),
  };
}

/** Credits go with their money. */
function creditsBack({ credits, refundedMinor, amountMinor }: SoakCustomer['packages'][number]): number {
  return Math.round((credits * refundedMinor) / amountMinor);
}

/** Where each list of the books is found: the table, and a line of it, told like those that are expected. */
const lists = {
  lots: {
    table: 'credit_lots',
    line: `case kind when 'purchased' then source_ref || ' ' else '' end || kind || ' ' || granted || ' left ' || remaining`,
  },
  ledger: { table: 'credit_transactions', line: `transaction_type || ' ' || amount` },
  payments: {
    table: 'payments',
    line: `coalesce(stripe_invoice_id, stripe_payment_intent_id) || ' ' || amount_minor || ' back ' || refunded_minor`,
  },
  checkouts: { table: 'checkouts', line: `stripe_session_id || ' ' || status` },
  subscriptions: { table: 'subscriptions', line: `stripe_subscription_id || ' ' || status` },
  told: { table: 'outbound_events', line: 'event_type' },
} satisfies Readonly<
  Record<Exclude<keyof Books, 'balance'>, { readonly table: string; readonly line: string }>
>;

/** What the books of all these customers say, by their subjects. */
export async function foundBooks({ database }: TestWorker): Promise<ReadonlyMap<string, Books>> {
  const selected = Object.entries(lists).map(
    ([name, { table, line }]) => `coalesce(
      (select array_agg(${line} order by (${line}) collate "C") from ${table} as t where t.customer_id = customers.id),
      '{}') as ${name}`,
  );
  const rows = await database.query<Books & { subject: string }>(
    `select subject, ${selected.join(', ')},
       coalesce((select balance::int from credit_accounts as a where a.customer_id = customers.id), 0) as balance
     from customers`,
  );
  return new Map(rows.map(({ subject, ...books }) => [subject, books]));
}
