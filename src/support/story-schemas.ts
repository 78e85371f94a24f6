import { z } from 'zod';
import { customerName, timestamp } from '../core/schema.ts';

export const storyParameters = z.object({ id: customerName });

const credits = z.int();
const minorUnits = z.int();
const id = z.uuid();
const textOrNull = z.string().nullable();
const details = z.record(z.string(), z.unknown());

/** What was sold: the key of a plan or package, and the Price of Stripe. */
const sold = { item: textOrNull, price_id: textOrNull };

function customer<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id,
    issuer: z.string(),
    subject: z.string(),
    email: textOrNull,
    name: textOrNull,
    stripe_customer_id: textOrNull,
    created_at: at,
    updated_at: at,
  });
}

function account<At extends z.ZodType>(at: At) {
  return z.strictObject({
    balance: credits,
    available: credits,
    held: credits,
    debt: credits,
    total_used: credits,
    total_purchased: credits,
    monthly_allocation: credits,
    last_reset: at.nullable(),
    low_since: at.nullable(),
    updated_at: at,
  });
}

function lot<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id,
    kind: z.string(),
    source: z.string(),
    source_ref: z.string(),
    ...sold,
    payment_id: id.nullable(),
    stripe_subscription_id: textOrNull,
    granted: credits,
    remaining: credits,
    held: credits,
    expired: credits,
    reversed: credits,
    period_end: at.nullable(),
    expires_at: at.nullable(),
    renews: z.boolean(),
    created_at: at,
  });
}

function subscription<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id,
    stripe_subscription_id: z.string(),
    ...sold,
    quantity: z.int(),
    status: z.string(),
    started_at: at,
    current_period_start: at,
    current_period_end: at,
    cancel_at_period_end: z.boolean(),
    cancel_at: at.nullable(),
    canceled_at: at.nullable(),
    ended_at: at.nullable(),
    trial_start: at.nullable(),
    trial_end: at.nullable(),
    pause_behavior: textOrNull,
    pause_resumes_at: at.nullable(),
    next_item: textOrNull,
    next_item_at: at.nullable(),
    synced_at: at,
    created_at: at,
    changes: z.array(z.strictObject({ changes: details, event_id: textOrNull, changed_at: at })),
  });
}

function payment<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id,
    ...sold,
    stripe_payment_intent_id: textOrNull,
    stripe_invoice_id: textOrNull,
    stripe_subscription_id: textOrNull,
    currency: z.string(),
    amount: minorUnits,
    refunded: minorUnits,
    disputed: minorUnits,
    dispute_status: textOrNull,
    period_start: at.nullable(),
    period_end: at.nullable(),
    paid_at: at,
  });
}

function checkout<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id,
    mode: z.string(),
    status: z.string(),
    ...sold,
    stripe_session_id: textOrNull,
    stripe_subscription_id: textOrNull,
    expires_at: at.nullable(),
    completed_at: at.nullable(),
    created_at: at,
  });
}

function autoTopUp<At extends z.ZodType>(at: At) {
  return z.strictObject({
    enabled: z.boolean(),
    threshold: credits,
    package: z.string(),
    monthly_cap: minorUnits,
    declines: z.int(),
    stopped_at: at.nullable(),
    stopped_reason: textOrNull,
    next_attempt_at: at.nullable(),
    updated_at: at,
  });
}

function topUp<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id,
    status: z.string(),
    ...sold,
    currency: z.string(),
    amount: minorUnits,
    stripe_payment_intent_id: textOrNull,
    failure_code: textOrNull,
    created_at: at,
    settled_at: at.nullable(),
  });
}

function transaction<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id,
    transaction_type: z.string(),
    amount: credits,
    debt_change: credits,
    balance_after: credits,
    operation_type: textOrNull,
    operation_details: details.nullable(),
    quantity: z.int().nullable(),
    description: z.string(),
    reason: textOrNull,
    source_ref: z.string(),
    event_id: textOrNull,
    actor: z.string(),
    created_at: at,
  });
}

function hold<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id,
    amount: credits,
    status: z.string(),
    captured: credits.nullable(),
    operation_type: textOrNull,
    operation_details: details.nullable(),
    description: z.string(),
    expires_at: at,
    created_at: at,
    settled_at: at.nullable(),
  });
}

function webhookEvent<At extends z.ZodType>(at: At) {
  return z.strictObject({
    event_id: z.string(),
    event_type: z.string(),
    status: z.string(),
    ignored_reason: textOrNull,
    attempts: z.int(),
    last_error: textOrNull,
    stripe_created: at,
    received_at: at,
    processed_at: at.nullable(),
    next_attempt_at: at.nullable(),
  });
}

/** The same members as the database gives them and as they are answered; only instants are written differently. */
function story<At extends z.ZodType>(at: At) {
  return {
    customer: customer(at),
    credits: account(at).nullable(),
    lots: z.array(lot(at)),
    subscriptions: z.array(subscription(at)),
    payments: z.array(payment(at)),
    checkouts: z.array(checkout(at)),
    auto_top_up: autoTopUp(at).nullable(),
    top_ups: z.array(topUp(at)),
    transactions: z.array(transaction(at)),
    holds: z.array(hold(at)),
    notices: z.array(z.strictObject({ id, type: z.string(), data: details, created_at: at })),
    webhook_events: z.array(webhookEvent(at)),
  };
}

/** Postgres writes instants with an offset and microseconds. */
const stored = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

export const storedStory = z.strictObject(story(stored));

export const storyAnswer = z.strictObject({ success: z.literal(true), ...story(timestamp) });
