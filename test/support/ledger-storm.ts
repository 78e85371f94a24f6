import { randomUUID } from 'node:crypto';
import { recordPayment } from '../../src/billing/payment-queries.ts';
import { changePlanMonths, grantMonthsOf, schedulePlanGrants } from '../../src/billing/plan-month-queries.ts';
import { reversePayment } from '../../src/billing/reversal-queries.ts';
import { applySubscription, type SubscriptionState } from '../../src/billing/subscription-queries.ts';
import { beginTopUp, configureTopUp, settleTopUp } from '../../src/billing/top-up-queries.ts';
import type { User } from '../../src/core/actor.ts';
import { adjustByAdmin, clawBackByAdmin, grantByAdmin } from '../../src/credits/admin-queries.ts';
import { expireAccounts } from '../../src/credits/plan-queries.ts';
import { grantCredits } from '../../src/credits/queries.ts';
import { captureHold, hold, releaseHold, spend } from '../../src/credits/spending-queries.ts';
import { keepStripeCustomer } from '../../src/customers/queries.ts';
import type { Statement } from '../../src/db/client.ts';
import type { Random } from '../stripe-sandbox/stories/random.ts';
import type { TestDatabase } from './database.ts';

/** A customer who has a month's and a year's plan, a package, and wants automatic top-ups. */
export interface StormCustomer {
  readonly id: string;
  readonly user: User;
}

/** Offers and what was sold, by which the statements name things. */
interface Catalogue {
  readonly package: string;
  readonly packageId: string;
  readonly month: string;
  readonly year: string;
}

/** One transaction, as a request, an event or a job sends it. */
export type Step = (at: StepContext) => Promise<readonly Statement[]> | readonly Statement[];

export interface StepContext {
  readonly query: TestDatabase['query'];
  readonly random: Random;
  readonly catalogue: Catalogue;
  readonly customer: StormCustomer;
  /** Small, and none when it may be. */
  readonly credits: number;
  readonly now: Date;
}

export async function readCatalogue(query: TestDatabase['query']): Promise<Catalogue> {
  const [found] = await query<Catalogue & Record<string, unknown>>(
    `select max(prices.id::text) filter (where package_id is not null) as package,
      max(package_id::text) as "packageId",
      max(prices.id::text) filter (where plan.interval = 'month' and credits > 0) as month,
      max(prices.id::text) filter (where plan.interval = 'year' and credits > 0) as year
     from prices left join subscription_plans as plan on plan.id = prices.plan_id
     where package_id is null or package_id = (select id from credit_packages order by id desc limit 1)`,
  );
  if (found === undefined) throw new Error('there is no catalogue');
  return found;
}

export async function newStormCustomer(query: TestDatabase['query']): Promise<StormCustomer> {
  const id = randomUUID();
  await query("insert into customers (id, issuer, subject) values ($1, 'https://storm.test', $2)", [id, id]);
  return {
    id,
    user: { kind: 'user', role: 'customer', issuer: 'https://storm.test', subject: id, email: undefined },
  };
}

const days = (from: Date, count: number) => new Date(from.getTime() + count * 86_400_000);
/** Few of each, so that the same fact is told again and again. */
const invoiceOf = ({ customer, random }: StepContext) => `in_${customer.id}_${random.between(1, 4)}`;
const monthly = ({ customer }: StepContext) => `sub_month_${customer.id}`;
const yearly = ({ customer }: StepContext) => `sub_year_${customer.id}`;
const actor = 'test';

const use = (at: StepContext) => ({
  account: { user: at.customer.user },
  usage: { amount: at.credits + 1, quantity: 1 },
  actor,
  operationId: randomUUID(),
  claim: undefined,
  now: at.now,
});

const movement = (at: StepContext) => ({
  account: { user: at.customer.user },
  credits: at.credits + 1,
  reason: 'test',
  actor,
  operationId: randomUUID(),
  now: at.now,
});

async function someHold({ query, customer, random, now }: StepContext) {
  const holds = await query<{ id: string }>('select id from credit_holds where customer_id = $1', [
    customer.id,
  ]);
  const id = random.find(holds)?.id ?? randomUUID();
  return { account: { user: customer.user }, id, operationId: randomUUID(), now };
}

/** A month's invoice, with its PaymentIntent or without, told again or not. */
function monthPaid(at: StepContext): readonly Statement[] {
  const { customer, catalogue, now, random } = at;
  const invoice = invoiceOf(at);
  const knowsIntent = random.chance(0.5);
  return [
    keepStripeCustomer(customer.id, `cus_${customer.id}`),
    recordPayment({
      customerId: customer.id,
      offerId: catalogue.month,
      stripeInvoiceId: invoice,
      stripePaymentIntentId: knowsIntent ? `pi_${invoice}` : null,
      stripeSubscriptionId: monthly(at),
      currency: 'GBP',
      amountMinor: 1000,
      periodStart: now,
      periodEnd: days(now, 30),
      paidAt: now,
    }),
    granted(at, { invoice, offerId: catalogue.month, subscription: monthly(at), until: days(now, 30) }),
  ];
}

interface PaidPlan {
  readonly invoice: string;
  readonly offerId: string;
  readonly subscription: string;
  readonly until: Date;
}

function granted(at: StepContext, { invoice, offerId, subscription, until }: PaidPlan): Statement {
  return grantCredits({
    customerId: at.customer.id,
    kind: 'plan',
    source: 'invoice_line',
    sourceRef: `il_${invoice}`,
    transactionType: 'subscription_grant',
    credits: 100,
    offerId,
    payment: { invoiceId: invoice },
    stripeSubscriptionId: subscription,
    expiresAt: until,
    description: 'Monthly credits',
    reason: null,
    eventId: null,
    actor,
    now: at.now,
  });
}

function yearPaid(at: StepContext): readonly Statement[] {
  const { customer, catalogue, now } = at;
  const invoice = `in_${customer.id}_year`;
  return [
    recordPayment({
      customerId: customer.id,
      offerId: catalogue.year,
      stripeInvoiceId: invoice,
      stripePaymentIntentId: `pi_${invoice}`,
      stripeSubscriptionId: yearly(at),
      currency: 'GBP',
      amountMinor: 9000,
      periodStart: now,
      periodEnd: days(now, 365),
      paidAt: now,
    }),
    granted(at, { invoice, offerId: catalogue.year, subscription: yearly(at), until: days(now, 30) }),
    schedulePlanGrants({
      lineId: `il_${invoice}`,
      customerId: customer.id,
      stripeSubscriptionId: yearly(at),
      stripeInvoiceId: invoice,
      offerId: catalogue.year,
      quantity: 1,
      periodStart: now,
      periodEnd: days(now, 365),
      now,
    }),
  ];
}

/** What an upgrade's invoice changes of the year, up or down. */
async function yearChanged(at: StepContext): Promise<readonly Statement[]> {
  const { query, customer, catalogue, random, now } = at;
  const [year] = await query<{ period_end: Date }>(
    'select period_end from grant_schedules where customer_id = $1',
    [customer.id],
  );
  if (year === undefined) return [];
  const invoice = `in_${customer.id}_change_${random.between(1, 3)}`;
  return [
    recordPayment({
      customerId: customer.id,
      offerId: catalogue.year,
      stripeInvoiceId: invoice,
      stripePaymentIntentId: `pi_${invoice}`,
      stripeSubscriptionId: yearly(at),
      currency: 'GBP',
      amountMinor: 500,
      paidAt: now,
    }),
    changePlanMonths({
      customerId: customer.id,
      stripeSubscriptionId: yearly(at),
      stripeInvoiceId: invoice,
      changes: [
        {
          sourceRef: `il_${invoice}`,
          periodEnd: year.period_end,
          since: days(now, -random.between(0, 60)),
          credits: random.between(-40, 40),
          offerId: catalogue.year,
        },
      ],
      expiresAt: days(now, 20),
      eventId: null,
      actor,
      now,
    }),
  ];
}

async function monthsDue({ query, customer, now, random }: StepContext): Promise<readonly Statement[]> {
  const years = await query<{ id: string }>('select id from grant_schedules where customer_id = $1', [
    customer.id,
  ]);
  return years.map(({ id }) => grantMonthsOf(id, days(now, random.between(0, 100))));
}

async function reversed({ query, customer, random, now }: StepContext): Promise<readonly Statement[]> {
  const payments = await query<{ id: string; version: number; amount: number }>(
    'select id, version, amount_minor::int as amount from payments where customer_id = $1',
    [customer.id],
  );
  const payment = random.find(payments);
  if (payment === undefined) return [];
  const back = { refundedMinor: random.between(0, payment.amount), disputedMinor: 0, disputeStatus: null };
  return [reversePayment({ payment, back, eventId: null, actor, now })];
}

async function subscriptionSeen(at: StepContext): Promise<readonly Statement[]> {
  const { query, customer, catalogue, random, now } = at;
  const id = random.chance(0.5) ? monthly(at) : yearly(at);
  const [row] = await query<{ version: number }>(
    'select version from subscriptions where stripe_subscription_id = $1',
    [id],
  );
  const nothing = {
    cancelAt: null,
    canceledAt: null,
    endedAt: null,
    trialStart: null,
    trialEnd: null,
    pauseBehavior: null,
    pauseResumesAt: null,
    stripeScheduleId: null,
    nextOfferId: null,
    nextOfferAt: null,
  };
  const state: SubscriptionState = {
    ...nothing,
    stripeSubscriptionId: id,
    customerId: customer.id,
    stripeItemId: 'si_1',
    offerId: catalogue.month,
    quantity: 1,
    status: random.find(['active', 'past_due', 'canceled', 'unpaid']) ?? 'active',
    startedAt: new Date(0),
    currentPeriodStart: now,
    currentPeriodEnd: days(now, 30),
    cancelAtPeriodEnd: random.chance(0.3),
  };
  const version = row?.version ?? 0;
  return [
    keepStripeCustomer(customer.id, `cus_${customer.id}`),
    applySubscription({ state, version, eventId: null, now }),
  ];
}

async function topUpSettled(at: StepContext): Promise<readonly Statement[]> {
  const { query, customer, random, now } = at;
  const found = await query<{ id: string }>('select id from top_ups where customer_id = $1', [customer.id]);
  const topUp = random.find(found);
  if (topUp === undefined) return [beginTopUp(customer.id, now)];
  await query(
    'update top_ups set stripe_payment_intent_id = $2 where id = $1 and stripe_payment_intent_id is null',
    [topUp.id, `pi_${topUp.id}`],
  );
  const outcome = random.find(['paid', 'processing', 'failed'] as const) ?? 'paid';
  return [
    settleTopUp({
      topUpId: topUp.id,
      outcome,
      failureCode: 'declined',
      eventId: null,
      actor,
      paidAt: now,
      now,
    }),
  ];
}

function topUpWanted({ customer, catalogue, random, now }: StepContext): readonly Statement[] {
  const wish = {
    isEnabled: true,
    threshold: random.between(1, 500),
    packageId: catalogue.packageId,
    offerId: catalogue.package,
    monthlyCapMinor: 1_000_000,
    now,
  };
  return [configureTopUp({ user: customer.user }, wish)];
}

/** Everything that moves credits, or decides how they move. */
export const steps: Readonly<Record<string, Step>> = {
  spend: (at) => [spend(use(at))],
  'spend more': (at) => [spend(use({ ...at, credits: at.credits * 5 }))],
  hold: (at) => [hold(use(at), days(at.now, at.random.between(0, 3) / 1000))],
  capture: async (at) => [captureHold(await someHold(at), { amount: null, actor })],
  release: async (at) => [releaseHold(await someHold(at))],
  grant: (at) => [
    grantByAdmin(movement(at), {
      description: 'Grant',
      expiresAt: days(at.now, at.random.between(0, 3) / 1000),
    }),
  ],
  adjust: (at) => [
    adjustByAdmin({ ...movement(at), credits: at.random.chance(0.5) ? at.credits + 1 : -at.credits - 1 }),
  ],
  'claw back': (at) => [clawBackByAdmin(movement(at), null)],
  expire: (at) => [expireAccounts(at.random.between(1, 5), at.now)],
  'a month is paid': monthPaid,
  'a year is paid': yearPaid,
  'a year changes': yearChanged,
  'months are due': monthsDue,
  'money goes back': reversed,
  'a subscription is seen': subscriptionSeen,
  'a top-up begins': ({ customer, now }) => [beginTopUp(customer.id, now)],
  'a top-up is settled': topUpSettled,
  'a top-up is wanted': topUpWanted,
};
