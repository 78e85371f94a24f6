import { z } from 'zod';
import { customerName, exactText, instant, pageLimit, text, timestamp, uuid } from '../core/schema.ts';
import { eventSources, eventStatuses, type EventStatus } from './inbox-filter.ts';

/** Requests and answers of /admin/webhooks. */

const textOrNull = z.string().nullable();
const success = z.literal(true);
const reason = text(500).meta({ description: 'Why: kept with the event.' });

const eventType = z
  .string()
  .regex(/^\w[\w.]{0,199}(\.\*)?$/)
  .meta({ description: 'A type (`invoice.paid`), or a family (`invoice.*`).' });
const since = instant.meta({ description: 'Received then or later.' });
const until = instant.meta({ description: 'Received before then.' });
const customer = customerName.meta({
  description:
    'Whose events: a `sub`, an id here, or an id at Stripe (`cus_…`). What is not processed yet is found by what it says of the customer at Stripe.',
});

const anyStatus = eventStatuses.join('|');
const statuses = z
  .string()
  .regex(new RegExp(`^(${anyStatus})(,(${anyStatus}))*$`))
  .transform((list): readonly EventStatus[] => {
    const named = new Set(list.split(','));
    return eventStatuses.filter((status) => named.has(status));
  });

export const eventParameters = z.object({ event_id: z.string().regex(/^\w{1,255}$/) });

export const eventsQuery = z.strictObject({
  status: statuses.optional().meta({ description: `One or several, separated by commas: ${anyStatus}.` }),
  type: eventType.optional(),
  customer: customer.optional(),
  since: since.optional(),
  until: until.optional(),
  received_by: z.enum(eventSources).optional().meta({
    description:
      'Who told of it: Stripe’s delivery, the search for gaps (`events_api`), or an admin (`replay`).',
  }),
  limit: pageLimit.default(20).meta({ description: 'Events on a page, 1 to 100.' }),
  cursor: exactText(500).optional().meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type EventsQuery = z.output<typeof eventsQuery>;

/** What stands in a list; from the database as well, whose instants are read first. */
function listed<At extends z.ZodType>(at: At) {
  return z.strictObject({
    event_id: z.string(),
    type: z.string(),
    status: z.enum(eventStatuses),
    ignored_reason: textOrNull,
    attempts: z.int().meta({ description: 'How often a worker has taken it.' }),
    failures: z.int().meta({ description: 'Since it came, or since an admin had it retried.' }),
    last_error: textOrNull.meta({ description: 'Names and codes.' }),
    customer_id: uuid.nullable().meta({ description: 'Whom it was about; null until it is processed.' }),
    stripe_customer_id: textOrNull.meta({ description: 'Whom it says it is about.' }),
    received_by: z.enum(eventSources),
    api_version: textOrNull,
    livemode: z.boolean(),
    stripe_created: at,
    received_at: at,
    processed_at: at.nullable(),
    next_attempt_at: at.nullable().meta({ description: 'Of one that waits for a try.' }),
  });
}

const credits = z.int();

function effects<At extends z.ZodType>(at: At) {
  return z.strictObject({
    credit_transactions: z.array(
      z.strictObject({
        id: uuid,
        customer_id: uuid,
        transaction_type: z.string(),
        amount: credits,
        debt_change: credits,
        balance_after: credits,
        source_ref: textOrNull,
        description: z.string(),
        created_at: at,
      }),
    ),
    subscription_changes: z.array(
      z.strictObject({
        subscription_id: uuid,
        stripe_subscription_id: z.string(),
        customer_id: uuid,
        changes: z
          .record(z.string(), z.array(z.unknown()))
          .meta({ description: 'Each member that changed: its old and its new value.' }),
        changed_at: at,
      }),
    ),
    outbound_events: z.array(
      z.strictObject({
        id: z.string(),
        type: z.string(),
        customer_id: uuid.nullable(),
        data: z.record(z.string(), z.unknown()),
        occurred_at: at,
      }),
    ),
  });
}

function detail<At extends z.ZodType>(at: At) {
  return listed(at).extend({
    attempts_log: z.array(
      z.strictObject({
        attempt: z.int(),
        started_at: at,
        ended_at: at.nullable(),
        duration_ms: z.int().nullable(),
        outcome: z.enum(['processed', 'ignored', 'failed', 'lost']).nullable(),
        error: textOrNull,
      }),
    ),
    changes: effects(at),
    actions: z.array(
      z.strictObject({
        action: z.enum(['retry', 'ignore', 'replay']),
        actor: z.string(),
        reason: textOrNull,
        request_id: z.string(),
        acted_at: at,
      }),
    ),
  });
}

const storedInstant = z.coerce.date().transform((date) => date.toISOString());
export const storedEvent = listed(storedInstant);
export const storedDetail = detail(storedInstant);

const event = listed(timestamp).meta({
  id: 'WebhookEvent',
  description: 'An event of Stripe’s in the inbox.',
});

export const eventsAnswer = z.strictObject({
  success,
  events: z.array(event),
  count: z.int().meta({ description: 'Events on this page.' }),
  next_cursor: textOrNull.meta({ description: 'Null on the last page.' }),
});

export const eventAnswer = z.strictObject({ success, event });

export const eventDetailAnswer = z.strictObject({
  success,
  event: detail(timestamp)
    .extend({
      payload: z.unknown().meta({
        description:
          'What Stripe sent; as text where it cannot be read as JSON; null once it was cleaned away.',
      }),
      payload_cleaned: z.boolean(),
    })
    .meta({
      id: 'WebhookEventDetail',
      description:
        'An event with its attempts, what was done about it, and what it changed: the newest 100 of each.',
    }),
});

export const retryBody = z.strictObject({ reason: reason.optional() }).meta({ id: 'WebhookRetry' });
export const ignoreBody = z.strictObject({ reason }).meta({ id: 'WebhookIgnore' });

export const bulkRetryBody = z
  .strictObject({
    status: z.enum(['failed', 'dead']).optional().meta({ description: 'Both when absent.' }),
    type: eventType.optional(),
    customer: customer.optional(),
    since: since.optional(),
    until: until.optional(),
    expected_count: z.int().min(0).max(1_000_000_000).optional().meta({
      description: 'How many events it must be that match, or nothing is done. Needed without any filter.',
    }),
    reason: reason.optional(),
  })
  .meta({ id: 'WebhookBulkRetry' });

export const bulkRetryQuery = z.strictObject({
  dry_run: z
    .enum(['1', 'true', '0', 'false'])
    .transform((value) => value === '1' || value === 'true')
    .default(false)
    .meta({ type: 'string', description: '`1` or `true`: only count.' }),
});

export const bulkRetryAnswer = z.strictObject({
  success,
  dry_run: z.literal(true).optional(),
  matched: z.int(),
  retried: z.int().meta({ description: 'At most 1,000 in one call, the oldest first.' }),
  remaining: z.int().meta({ description: 'Those that matched and were not retried: call again.' }),
});

export const replayBody = z
  .strictObject({
    event: z
      .record(z.string(), z.unknown())
      .meta({ description: 'A v1 event of Stripe’s, as its API or a delivery has it.' }),
    reason: reason.optional(),
  })
  .meta({ id: 'WebhookReplay' });

export const replayAnswer = z.strictObject({
  success,
  event_id: z.string(),
  status: z.enum(eventStatuses),
  duplicate: z.literal(true).optional().meta({ description: 'It was here before, and was left as it is.' }),
});
