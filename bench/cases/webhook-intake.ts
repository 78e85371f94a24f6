import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { LoadRequest } from '../measure/load.ts';
import type { BenchCase, Stage } from '../measure/rounds.ts';

const fixture = 'test/fixtures/stripe-events/invoice.paid__2026-10-28.endive__story-renewal.json';

/** Deliveries of an event that Stripe sends, each under an id of its own. */
function deliveries(count: number, sign: (payload: string, eventId: string) => Record<string, string>) {
  const event: Record<string, unknown> = JSON.parse(readFileSync(fixture, 'utf8'));
  return Array.from({ length: count }, (): LoadRequest => {
    const eventId = `evt_${randomUUID().replaceAll('-', '')}`;
    const body = JSON.stringify({ ...event, id: eventId });
    const headers = { 'Content-Type': 'application/json', ...sign(body, eventId) };
    return { path: '/payment/webhook', method: 'POST', headers, body };
  });
}

/** https://docs.stripe.com/webhooks#verify-manually */
function signed(payload: string, secret: string): Record<string, string> {
  const seconds = Math.floor(Date.now() / 1000);
  const digest = createHmac('sha256', secret).update(`${seconds}.${payload}`).digest('hex');
  return { 'Stripe-Signature': `t=${seconds},v1=${digest}` };
}

/** Taking a delivery in (signature, checks, storing, answer) against the least that storing it can take. */
export function webhookIntake({ ratecard, rawInsert, webhookSecret }: Stage): BenchCase {
  return {
    name: 'webhook intake against one raw neon() INSERT',
    goal: 0.8,
    subject: {
      setup: ratecard,
      requests: (count) => deliveries(count, (payload) => signed(payload, webhookSecret)),
    },
    baseline: {
      setup: rawInsert,
      requests: (count) => deliveries(count, (_payload, eventId) => ({ 'Event-Id': eventId })),
    },
  };
}
