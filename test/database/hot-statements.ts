import { randomUUID } from 'node:crypto';
import { dataIssuer } from '../../bench/former-customers.ts';
import { hotSubject } from '../../bench/ledger-data.ts';
import { findBalanceState } from '../../src/billing/balance-queries.ts';
import { findCheckout, findOffers, findSubscriptionCheckout } from '../../src/billing/checkout-queries.ts';
import { openCheckout } from '../../src/billing/opening-queries.ts';
import { selectPayments } from '../../src/billing/payment-queries.ts';
import { findDueYears, grantMonthsOf } from '../../src/billing/plan-month-queries.ts';
import {
  findPaymentByIntent,
  findPaymentByInvoice,
  reversePayment,
} from '../../src/billing/reversal-queries.ts';
import { findStanding } from '../../src/billing/standing-queries.ts';
import {
  findActivePlan,
  findStatusSubscription,
  listSubscriptionChanges,
  summarisePayments,
} from '../../src/billing/status-queries.ts';
import { applySubscription, findFirstCheckout } from '../../src/billing/subscription-queries.ts';
import { beginTopUp } from '../../src/billing/top-up-queries.ts';
import type { User } from '../../src/core/actor.ts';
import { adjustByAdmin, clawBackByAdmin, grantByAdmin } from '../../src/credits/admin-queries.ts';
import { compareWithCost, findTransaction, listTransactions } from '../../src/credits/ledger-queries.ts';
import { expireAccounts } from '../../src/credits/plan-queries.ts';
import { grantCredits } from '../../src/credits/queries.ts';
import {
  captureHold,
  findHold,
  hold,
  listHolds,
  releaseHold,
  spend,
} from '../../src/credits/spending-queries.ts';
import { findCustomerAtStripe } from '../../src/customers/queries.ts';
import type { Statement } from '../../src/db/client.ts';
import { findSamples } from '../../src/ops/metric-queries.ts';
import { findCustomers } from '../../src/support/search-queries.ts';
import { findStory } from '../../src/support/story-queries.ts';
import { openGapCheck, passGapPage, storeGap } from '../../src/webhooks/gap-queries.ts';
import { cleanPayloads } from '../../src/webhooks/retention-queries.ts';
import {
  countMatching,
  ignoreByAdmin,
  retryByAdmin,
  retryMatching,
} from '../../src/webhooks/action-queries.ts';
import { findEvent, listEvents, type EventPage } from '../../src/webhooks/inbox-queries.ts';
import {
  claimEvent,
  claimNextEvent,
  completeEvent,
  failEvent,
  findDueEvents,
  findNextOfCustomer,
  storeEvents,
} from '../../src/webhooks/queries.ts';
import { findStats } from '../../src/webhooks/stats-queries.ts';

/** Rows of the hot account. */
export interface HotRows {
  readonly customerId: string;
  readonly transactionId: string;
  readonly holdId: string;
  readonly scheduleId: string;
  readonly paymentId: string;
  readonly offerId: string;
  readonly subscription: Parameters<typeof applySubscription>[0]['state'];
}

export const hotRowsSql = `
  select c.id as "customerId",
    (select id from credit_transactions where customer_id = c.id and sequence = 50) as "transactionId",
    (select id from credit_holds where customer_id = c.id and status = 'active') as "holdId",
    (select id from grant_schedules where customer_id = c.id) as "scheduleId",
    (select id from payments where stripe_invoice_id = 'in_data_1') as "paymentId",
    (select offer_id from subscriptions where customer_id = c.id) as "offerId",
    (select jsonb_build_object('stripeSubscriptionId', stripe_subscription_id, 'customerId', customer_id,
      'stripeItemId', stripe_item_id, 'offerId', offer_id, 'quantity', quantity, 'status', status,
      'startedAt', started_at, 'currentPeriodStart', current_period_start, 'currentPeriodEnd', current_period_end,
      'cancelAtPeriodEnd', true) from subscriptions where customer_id = c.id) as subscription
  from customers as c where c.subject = '${hotSubject}'`;

const user: User = {
  kind: 'user',
  role: 'customer',
  issuer: dataIssuer,
  subject: hotSubject,
  email: undefined,
};
const account = { user };
const now = new Date();
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);
const use = {
  account,
  usage: { operation_type: 'blog_post', quantity: 1 },
  actor: 'test',
  operationId: randomUUID(),
  claim: { id: randomUUID(), principal: 'p', key: 'k', requestHash: 'h' },
  now,
};
const page = {
  transactionType: undefined,
  operationType: undefined,
  from: undefined,
  to: undefined,
  before: undefined,
  limit: 50,
};

/** Named by what it is for; what the account's age must not make dearer. */
export function hotStatements(rows: HotRows): Readonly<Record<string, Statement>> {
  const movement = { account, credits: 20, reason: 'r', actor: 'a', operationId: randomUUID(), now };
  const end = { account, id: rows.holdId, operationId: randomUUID(), now };
  return {
    ...ledgerStatements(rows),
    'a hold': hold(use, inDays(1)),
    'the capture of a hold': captureHold(end, { amount: 3, actor: 'test' }),
    'the release of a hold': releaseHold(end),
    'a hold, read': findHold(account, rows.holdId),
    'holds, listed': listHolds(account, { status: undefined, before: undefined, limit: 50 }, now),
    'active holds, listed': listHolds(account, { status: 'active', before: undefined, limit: 50 }, now),
    'an admin’s grant': grantByAdmin(movement, { description: 'd', expiresAt: null }),
    'an admin’s adjustment': adjustByAdmin({ ...movement, credits: -20 }),
    'an admin’s clawback': clawBackByAdmin(movement, null),
    'a refund': reversePayment({
      payment: { id: rows.paymentId, version: 1 },
      back: { refundedMinor: 100, disputedMinor: 0, disputeStatus: null },
      eventId: null,
      actor: 'test',
      now,
    }),
    'a subscription that changed': applySubscription({
      state: rows.subscription,
      version: 1,
      eventId: null,
      now,
    }),
    'a month of a year': grantMonthsOf(rows.scheduleId, inDays(40)),
    'a top-up': beginTopUp(rows.customerId, now),
    'the renewal of a plan': grantCredits({
      customerId: rows.customerId,
      kind: 'plan',
      source: 'invoice_line',
      sourceRef: 'il_new',
      transactionType: 'subscription_grant',
      credits: 500,
      offerId: rows.offerId,
      payment: { invoiceId: 'in_data_1' },
      stripeSubscriptionId: 'sub_data1',
      expiresAt: inDays(50),
      description: 'Monthly credits',
      reason: null,
      eventId: null,
      actor: 'test',
      now,
    }),
    ...statusStatements(rows),
  };
}

function ledgerStatements({ transactionId }: HotRows): Readonly<Record<string, Statement>> {
  return {
    'a spend': spend({ ...use, claim: undefined }),
    'a spend under a key': spend(use),
    'a spend of a service': spend({ ...use, account: { named: hotSubject, issuer: dataIssuer } }),
    'a spend that is too much': spend({ ...use, usage: { amount: 10_000_000, quantity: 1 } }),
    'the balance': findBalanceState(account, now),
    'a check of credits': compareWithCost(account, { operationType: 'blog_post', quantity: 1 }, now),
    'the history': listTransactions(account, page),
    'a later page of the history': listTransactions(account, { ...page, before: 400 }),
    'the history of one type': listTransactions(account, { ...page, transactionType: 'purchase' }),
    'the history of a type that never was': listTransactions(account, {
      ...page,
      transactionType: 'restore',
    }),
    'the history of an operation': listTransactions(account, { ...page, operationType: 'blog_post' }),
    'the history of a time': listTransactions(account, {
      ...page,
      from: inDays(-9).toISOString(),
      to: inDays(-8).toISOString(),
    }),
    'a transaction': findTransaction(account, transactionId),
  };
}

function statusStatements({ customerId }: HotRows): Readonly<Record<string, Statement>> {
  return {
    'a pay page of a plan': openCheckout({
      checkoutId: randomUUID(),
      account,
      item: { type: 'plan', key: 'starter_monthly' },
      quotedPriceId: undefined,
      now,
    }),
    'the active plan': findActivePlan({ user }, now),
    'the subscription of a status': findStatusSubscription({ user }),
    'the subscription of a request': findStanding({ user }),
    'what has been paid': summarisePayments({ user }),
    'payments, listed': selectPayments({ user }, undefined, 50),
    'changes of subscriptions': listSubscriptionChanges({ user }, undefined, 50),
    'a customer’s whole story': findStory({ named: customerId, issuer: dataIssuer }),
  };
}

/** About whatever customer: what the number of all customers must not make dearer. */
export function commonStatements(rows: HotRows): Readonly<Record<string, Statement>> {
  const search = (text: string | undefined) => findCustomers({ search: text, before: undefined, limit: 50 });
  const claim = { eventId: 'evt_data21', attempt: 1 };
  const step = { checkId: '1', from: null, to: 'evt_data2', listed: 3 };
  const newEvent = {
    eventId: 'evt_new',
    eventType: 'invoice.paid',
    apiVersion: null,
    livemode: false,
    stripeCreated: now,
    receivedBy: 'events_api' as const,
    stripeCustomerId: null,
    paymentIntentId: 'pi_data_2_1',
    payload: '{}',
    status: 'pending' as const,
    ignoredReason: null,
  };
  return {
    'customers by e-mail': search('person777'),
    'customers by subject': search('customer-77'),
    'customers by id': search(rows.customerId),
    'customers by Stripe’s customer': search('cus_data77'),
    'customers by subscription': search('sub_data7'),
    'customers by payment': search('pi_data_2_1'),
    'customers by invoice': search('in_data_7'),
    'customers by session': search('cs_data_2_1'),
    'customers, newest first': search(undefined),
    'years that are due': findDueYears(now, 300),
    'lots and holds that are over': expireAccounts(5, now),
    'an event, taken in': storeEvents([newEvent]),
    'a look at Stripe’s list, begun': openGapCheck(now),
    'what the inbox lacks of a page': passGapPage(step, ['evt_data1', 'evt_data2', 'evt_new']),
    'what is stored of a page': storeGap(step, [newEvent]),
    'payloads to be cleared': cleanPayloads(inDays(-90), 1000),
    'an event, claimed': claimEvent('evt_data15'),
    'the next event of its customer': claimNextEvent('evt_data15', true),
    'an event, done with': completeEvent(claim, rows.customerId),
    'an event that failed': failEvent(claim, 'x'),
    'events that are due': findDueEvents(100),
    'the event of a customer that comes next': findNextOfCustomer('evt_data15'),
    'the customer of a webhook': findCustomerAtStripe('cus_data77'),
    'the checkout of a session': findCheckout('cs_data_2_1', null),
    'the checkout of a subscription': findSubscriptionCheckout('sub_data77'),
    'the first checkout of a subscription': findFirstCheckout('sub_data77', randomUUID()),
    'the payment of an intent': findPaymentByIntent('pi_data_2_1'),
    'the payment of an invoice': findPaymentByInvoice('in_data_7'),
    'all that metrics tell': findSamples(),
    'offers by their prices': findOffers(['price_1']),
    ...inboxStatements(rows),
  };
}

/** What operators look at and do. */
function inboxStatements({ customerId }: HotRows): Readonly<Record<string, Statement>> {
  const list = (filter: Partial<EventPage>) =>
    listEvents({
      statuses: undefined,
      type: undefined,
      customer: undefined,
      since: undefined,
      until: undefined,
      receivedBy: undefined,
      before: undefined,
      limit: 50,
      ...filter,
    });
  const long = inDays(-30);
  const dead = { statuses: ['dead'] as const, type: undefined, customer: undefined, until: undefined };
  const lately = { ...dead, since: inDays(-1).toISOString() };
  const act = { actor: 'admin:x', reason: null, requestId: 'req_x', operationId: randomUUID() };
  return {
    'the inbox': list({}),
    'a later page of the inbox': list({ before: [long.getTime() * 1000, 'evt_x'] }),
    'the inbox of a time': list({ since: long.toISOString(), until: inDays(-29).toISOString() }),
    'dead events': list({ statuses: ['dead'] }),
    'failed and dead events': list({ statuses: ['failed', 'dead'] }),
    'ignored events': list({ statuses: ['ignored'] }),
    'events of a type': list({ type: 'invoice.paid' }),
    'events of a rare type': list({ type: 'invoice.voided' }),
    'events of a type that never was': list({ type: 'invoice.created' }),
    'events of a family': list({ type: 'invoice.*' }),
    'events of a type and a status that never were together': list({
      type: 'checkout.session.completed',
      statuses: ['ignored'],
    }),
    'events of a customer': list({ customer: { named: customerId, issuer: dataIssuer } }),
    'events of a customer at Stripe': list({ customer: { named: 'cus_data77', issuer: dataIssuer } }),
    'events that Stripe’s list told of': list({ receivedBy: 'events_api' }),
    'events that an admin brought': list({ receivedBy: 'replay' }),
    'an event, shown': findEvent('evt_data700'),
    'an event, retried': retryByAdmin('evt_data500', act),
    'an event, set aside': ignoreByAdmin('evt_data500', act),
    'events that would be retried': countMatching(lately),
    'events that are retried': retryMatching({ filter: lately, expectedCount: null }, act),
    'the figures of an hour': findStats({ since: long, until: new Date(long.getTime() + 3_600_000) }),
  };
}
