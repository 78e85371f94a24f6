import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type NeonGateway } from '../../dev/neon-gateway/index.ts';
import { settleInvoice } from '../../src/billing/index.ts';
import { createUsage } from '../../src/core/usage.ts';
import { connect, openDatabase, type Database } from '../../src/db/index.ts';
import { systemClock } from '../../src/core/time.ts';
import type { Invoice, StripeGateway } from '../../src/stripe/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { migratedTemplate } from '../support/template.ts';

/**
 * Single invoices of whatever kind, handed to the verb itself, before the real database. Whole lives of subscriptions
 * are in grants.test.ts.
 */

let database: TestDatabase;
let gateway: NeonGateway;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
  gateway = await startGateway();
  db = openDatabase(connect({ url: database.url, fetchEndpoint: gateway.url }), createUsage());
  await database.query("update prices set stripe_price_id = 'price_' || id::text");
});
afterAll(async () => {
  await gateway.stop();
  await database.drop();
});

type Line = Invoice['lines'][number];

async function priceOf(table: 'subscription_plans' | 'credit_packages', key: string): Promise<string> {
  const [column, owner] =
    table === 'subscription_plans' ? ['plan_key', 'plan_id'] : ['package_key', 'package_id'];
  const [row] = await database.query<{ stripe_price_id: string }>(
    `select stripe_price_id from prices join ${table} item on item.id = ${owner} where ${column} = $1`,
    [key],
  );
  return row?.stripe_price_id ?? '';
}

async function newCustomer(): Promise<{ id: string; stripeCustomerId: string }> {
  const stripeCustomerId = `cus_${randomUUID()}`;
  const [row] = await database.query<{ id: string }>(
    "insert into customers (issuer, subject, stripe_customer_id) values ('test', $1, $1) returning id",
    [stripeCustomerId],
  );
  return { id: row?.id ?? '', stripeCustomerId };
}

async function newLine(members: Partial<Line> = {}): Promise<Line> {
  return {
    id: `il_${randomUUID()}`,
    stripePriceId: await priceOf('subscription_plans', 'starter_monthly'),
    subscriptionId: null,
    quantity: 1,
    amountMinor: 99,
    isProration: false,
    isCredit: false,
    periodStart: new Date('2026-11-01T00:00:00Z'),
    periodEnd: new Date('2026-12-01T00:00:00Z'),
    ...members,
  };
}

function newInvoice(
  stripeCustomerId: string | null,
  lines: readonly Line[],
  members: Partial<Invoice> = {},
): Invoice {
  return {
    id: `in_${randomUUID()}`,
    status: 'paid',
    billingReason: 'subscription_create',
    stripeCustomerId,
    subscriptionId: `sub_${randomUUID()}`,
    currency: 'GBP',
    amountPaidMinor: 99,
    paymentIntentId: `pi_${randomUUID()}`,
    paidAt: new Date('2026-11-01T00:00:05Z'),
    lines: [...lines],
    ...members,
  };
}

/** Settles the invoice as the processing of an event does, and says what came of it. */
async function settle(invoice: Invoice | undefined): Promise<string> {
  const stripe: Pick<StripeGateway, 'findInvoice'> = { findInvoice: async () => invoice };
  const fact = { eventId: `evt_${randomUUID()}`, objectId: invoice?.id ?? 'in_none', occurredAt: new Date() };
  const settlement = await settleInvoice({ db, stripe: onlyFinding(stripe), clock: systemClock }, fact);
  if (settlement.kind === 'ignored') return settlement.reason;
  const [first, ...rest] = settlement.statements;
  if (first !== undefined) await db.batch([first, ...rest]);
  return 'effects';
}

/** Safe because settling an invoice asks Stripe for nothing but the invoice. */
function onlyFinding(stripe: Pick<StripeGateway, 'findInvoice'>): StripeGateway {
  return stripe as StripeGateway;
}

async function grantsOf(customerId: string): Promise<number[]> {
  const rows = await database.query<{ granted: number }>(
    'select granted::int from credit_lots where customer_id = $1 order by granted',
    [customerId],
  );
  return rows.map(({ granted }) => granted);
}

test('a discount of 100 % does not take the credits: the plan was sold', async () => {
  const customer = await newCustomer();
  const line = await newLine();
  expect(await settle(newInvoice(customer.stripeCustomerId, [line], { amountPaidMinor: 0 }))).toBe('effects');
  expect(await grantsOf(customer.id)).toEqual([500]);
});

test('a trial grants nothing: its line bills nothing for a plan that costs something', async () => {
  const customer = await newCustomer();
  const line = await newLine({ amountMinor: 0 });
  expect(await settle(newInvoice(customer.stripeCustomerId, [line], { amountPaidMinor: 0 }))).toBe('trial');
  expect(await grantsOf(customer.id)).toEqual([]);
});

test('each renewal grants, each once', async () => {
  const customer = await newCustomer();
  const renewals = [await newLine(), await newLine(), await newLine()];
  for (const line of [...renewals, ...renewals]) {
    const invoice = newInvoice(customer.stripeCustomerId, [line], { billingReason: 'subscription_cycle' });
    expect(await settle({ ...invoice, id: `in_of_${line.id}` })).toBe('effects');
  }
  expect(await grantsOf(customer.id)).toEqual([500, 500, 500]);
  const payments = await database.query('select id from payments where customer_id = $1', [customer.id]);
  expect(payments).toHaveLength(3);
});

test.each(['subscription_update', 'subscription_threshold', 'manual', null])(
  'why an invoice was made (%s) does not matter: its lines do',
  async (billingReason) => {
    const customer = await newCustomer();
    const invoice = newInvoice(customer.stripeCustomerId, [await newLine()], { billingReason });
    expect(await settle(invoice)).toBe('effects');
    expect(await grantsOf(customer.id)).toEqual([500]);
  },
);

test('a plan’s price on an invoice of no subscription is not a plan', async () => {
  const customer = await newCustomer();
  const invoice = newInvoice(customer.stripeCustomerId, [await newLine()], { subscriptionId: null });
  expect(await settle(invoice)).toBe('not_ours');
});

test('several of one plan grant as often', async () => {
  const customer = await newCustomer();
  await settle(newInvoice(customer.stripeCustomerId, [await newLine({ quantity: 3 })]));
  expect(await grantsOf(customer.id)).toEqual([1500]);
});

test('a package on a plan’s first invoice is no plan', async () => {
  const customer = await newCustomer();
  const extra = await newLine({ stripePriceId: await priceOf('credit_packages', 'credits_500') });
  await settle(newInvoice(customer.stripeCustomerId, [extra, await newLine()]));
  expect(await grantsOf(customer.id)).toEqual([500]);
});

test('an invoice that is not paid, is gone, or bills nothing of ours is ignored', async () => {
  const { stripeCustomerId } = await newCustomer();
  const line = await newLine();
  expect(await settle(newInvoice(stripeCustomerId, [line], { status: 'open' }))).toBe('nothing_paid');
  expect(await settle(undefined)).toBe('not_ours');
  expect(await settle(newInvoice(stripeCustomerId, [{ ...line, stripePriceId: 'price_else' }]))).toBe(
    'not_ours',
  );
  expect(await settle(newInvoice(stripeCustomerId, []))).toBe('not_ours');
  expect(await settle(newInvoice(stripeCustomerId, [{ ...line, stripePriceId: null }]))).toBe('not_ours');
});

test.each([null, 'cus_unknown'])(
  'our plan, paid by nobody we know (%s), is a failure',
  async (stripeCustomerId) => {
    await expect(settle(newInvoice(stripeCustomerId, [await newLine()]))).rejects.toMatchObject({
      code: 'customer_unknown',
    });
  },
);

test('the customer is known by the checkout that began the subscription, too', async () => {
  const customer = await newCustomer();
  const invoice = newInvoice('cus_second', [await newLine()]);
  await database.query(
    `insert into checkouts (id, customer_id, offer_id, mode, status, stripe_subscription_id)
     select gen_random_uuid(), $1, id, 'subscription', 'paid', $2 from prices where plan_id is not null limit 1`,
    [customer.id, invoice.subscriptionId],
  );
  expect(await settle(invoice)).toBe('effects');
  expect(await grantsOf(customer.id)).toEqual([500]);
});

test('an invoice tells which PaymentIntent paid it, also where that was not known when it was written', async () => {
  const customer = await newCustomer();
  const invoice = newInvoice(customer.stripeCustomerId, [await newLine()]);
  const payments = async () =>
    database.query(
      'select stripe_payment_intent_id, amount_minor::int from payments where customer_id = $1',
      [customer.id],
    );
  await settle({ ...invoice, paymentIntentId: null });
  expect(await payments()).toEqual([{ stripe_payment_intent_id: null, amount_minor: 99 }]);
  await settle(invoice);
  await settle({ ...invoice, paymentIntentId: null });
  expect(await payments()).toEqual([{ stripe_payment_intent_id: invoice.paymentIntentId, amount_minor: 99 }]);
});

test('an offer without credits is a payment and no grant', async () => {
  const customer = await newCustomer();
  await database.query(
    "insert into subscription_plans (plan_key, name, interval) values ('no_credits', 'N', 'month')",
  );
  await database.query(
    `select publish_offer(gen_random_uuid(), (select id from subscription_plans where plan_key = 'no_credits'), null, 'GBP',
       99, 0, 'price_no_credits', null, now(), 'test', null)`,
  );
  const invoice = newInvoice(customer.stripeCustomerId, [
    await newLine({ stripePriceId: 'price_no_credits' }),
  ]);
  expect(await settle(invoice)).toBe('effects');
  expect(await grantsOf(customer.id)).toEqual([]);
  expect(
    await database.query('select id from payments where stripe_invoice_id = $1', [invoice.id]),
  ).toHaveLength(1);
});
