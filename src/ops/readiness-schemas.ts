import { z } from 'zod';
import { timestamp } from '../core/schema.ts';

const componentStatus = z.enum(['ok', 'degraded', 'failing', 'unknown']).meta({
  description:
    'failing: it does not answer. degraded: it works, and not as it should. unknown: nothing is known of it, as of a new installation, or while the database does not answer.',
});

const asked = z.strictObject({
  status: componentStatus,
  latency_ms: z.int().nullable().meta({ description: 'What the look took; null: there was no answer.' }),
});

const seen = z.strictObject({
  status: componentStatus,
  at: timestamp.nullable(),
  age_seconds: z.int().nullable(),
});

const components = z
  .strictObject({
    database: asked,
    kv: asked.meta({ description: 'Without it prices come from the database.' }),
    queue: seen.meta({ description: 'When the newest message that came through was sent.' }),
    cron: seen.meta({ description: 'When the cron trigger of every minute last ran.' }),
    oldest_waiting_event: seen.meta({
      description: 'Since when the event of the inbox that waits for longest has been due; null: none is.',
    }),
    last_stripe_contact: seen.meta({
      description: 'When Stripe last delivered an event, or answered which ones there are.',
    }),
  })
  .meta({ id: 'Components', description: 'The parts of the installation, and how each does.' });

export type Components = z.output<typeof components>;

const checks = z.strictObject({
  database: componentStatus,
  kv: componentStatus,
  queue: componentStatus,
  cron: componentStatus,
  oldest_waiting_event: componentStatus,
  last_stripe_contact: componentStatus,
});

export const readiness = z.strictObject({
  success: z.literal(true),
  status: z.literal('ready'),
  degraded: z
    .array(z.string())
    .meta({ description: 'Which parts are degraded or failing, though requests are served.' }),
  checks: checks.meta({ description: 'The status of each part alone.' }),
  components,
});
