import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { compare } from '../measure/compare.ts';
import type { LoadRequest } from '../measure/load.ts';
import type { BenchCase } from './bench-case.ts';

const fixture = 'test/fixtures/stripe-events/invoice.paid__2026-10-28.endive__story-renewal.json';

/** Deliveries of an event that Stripe sends, each under an id of its own. */
export function deliveries(
  count: number,
  sign: (payload: string, eventId: string) => Record<string, string>,
) {
  const event: Record<string, unknown> = JSON.parse(readFileSync(fixture, 'utf8'));
  return Array.from({ length: count }, (): LoadRequest => {
    const eventId = `evt_${randomUUID().replaceAll('-', '')}`;
    const body = JSON.stringify({ ...event, id: eventId });
    const headers = { 'Content-Type': 'application/json', ...sign(body, eventId) };
    return { path: '/payment/webhook', method: 'POST', headers, body };
  });
}

/** https://docs.stripe.com/webhooks#verify-manually */
export function signed(payload: string, secret: string): Record<string, string> {
  const seconds = Math.floor(Date.now() / 1000);
  const digest = createHmac('sha256', secret).update(`${seconds}.${payload}`).digest('hex');
  return { 'Stripe-Signature': `t=${seconds},v1=${digest}` };
}

/** Taking a delivery in (signature, checks, storing, answer) against the least that storing it can take. */
export const webhookIntake: BenchCase = {
  key: 'intake',
  run: async ({ stage, effort, progress }) => {
    await stage.query(
      'create table if not exists raw_deliveries (event_id text primary key, payload text not null)',
    );
    const intake = {
      name: 'webhook intake',
      of: 'requests per second',
      goal: { atLeast: 0.8 },
      connections: 16,
      requests: 2000,
      subject: {
        name: 'Ratecard',
        setup: await stage.ratecard(),
        requests: (count: number) => deliveries(count, (payload) => signed(payload, stage.webhookSecret)),
      },
      baseline: {
        name: 'one raw neon() INSERT',
        setup: await stage.worker('bench/baselines/raw-insert.ts'),
        requests: (count: number) => deliveries(count, (_payload, eventId) => ({ 'Event-Id': eventId })),
      },
    } as const;
    return [await compare(intake, effort, progress)];
  },
};
