import type Stripe from 'stripe';
import { z } from 'zod';
import type { Asking } from './asking.ts';
import { invoice, type Invoice } from './invoice-schemas.ts';
import { reference } from './members.ts';
import { checkoutSession, type CheckoutSession } from './schemas.ts';
import { subscription, type Subscription } from './subscription-schemas.ts';

/** Stripe's pages; as many objects are looked at, and compared, at a time. */
const pageSize = 100;

/** What Stripe has on its books, page by page, for a comparison with ours. */
export interface StripeBooks {
  /** Every subscription of the account, ended ones included. */
  subscriptionPages(): AsyncIterable<readonly Subscription[]>;
  /** Invoices made since then that are paid. */
  paidInvoicePages(since: Date): AsyncIterable<readonly Invoice[]>;
  /** Checkout Sessions opened since then that are completed. */
  completedSessionPages(since: Date): AsyncIterable<readonly CheckoutSession[]>;
  /** The PaymentIntents of refunds and disputes made since then. */
  reversedIntentPages(since: Date): AsyncIterable<readonly string[]>;
}

const reversal = z.object({ payment_intent: reference.nullable() });

function intentOf(object: unknown): readonly string[] {
  const { payment_intent: intent } = reversal.parse(object);
  return intent === null ? [] : [intent];
}

/** The part of the gateway that reads whole lists. */
export function openStripeBooks(sdk: Stripe, { call }: Asking): StripeBooks {
  /** Each page is one call; the last one says that there is no other. */
  async function* pages<T extends { readonly id: string }>(
    ask: (page: { limit: number; starting_after?: string }) => Promise<Stripe.ApiList<T>>,
  ): AsyncGenerator<readonly T[]> {
    let last: string | undefined;
    do {
      const page = await call(() =>
        ask({ limit: pageSize, ...(last === undefined ? {} : { starting_after: last }) }),
      );
      yield page.data;
      last = page.has_more ? page.data.at(-1)?.id : undefined;
    } while (last !== undefined);
  }

  const created = (since: Date) => ({ created: { gte: Math.floor(since.getTime() / 1000) } });

  return {
    async *subscriptionPages() {
      const expand = ['data.schedule'];
      for await (const page of pages((at) => sdk.subscriptions.list({ status: 'all', expand, ...at }))) {
        yield page.map((object) => subscription.parse(object));
      }
    },
    async *paidInvoicePages(since) {
      const expand = ['data.payments'];
      const of = { status: 'paid' as const, ...created(since) };
      for await (const page of pages((at) => sdk.invoices.list({ ...of, expand, ...at }))) {
        yield page.map((object) => invoice.parse(object));
      }
    },
    async *completedSessionPages(since) {
      const expand = ['data.line_items'];
      const of = { status: 'complete' as const, ...created(since) };
      for await (const page of pages((at) => sdk.checkout.sessions.list({ ...of, expand, ...at }))) {
        yield page.map((object) => checkoutSession.parse(object));
      }
    },
    async *reversedIntentPages(since) {
      const refunds = pages((at) => sdk.refunds.list({ ...created(since), ...at }));
      for await (const page of refunds) yield page.flatMap(intentOf);
      const disputes = pages((at) => sdk.disputes.list({ ...created(since), ...at }));
      for await (const page of disputes) yield page.flatMap(intentOf);
    },
  };
}
