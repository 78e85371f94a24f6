import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { beforeAll, describe, expect, test } from 'vitest';
import { startStripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import { payByCard, priceOf, sdk, sessionFor, submit } from './support.ts';

const SAMPLES = join(import.meta.dirname, '../fixtures/stripe-events');
const PINNED = /^(.+)__2026-10-28\.endive__.+\.json$/;

type Sample = Pick<Stripe.Event, 'type'> & { data: { object: { object: string; mode?: string } } };

const samples = await Promise.all(
  (await readdir(SAMPLES))
    .filter((name) => PINNED.test(name))
    .map(async (name) => ({ name, event: parse(await readFile(join(SAMPLES, name), 'utf8')) })),
);

function parse(json: string): Sample {
  return JSON.parse(json);
}

/** The sandbox's events by what they are about: of each kind one, of each type one. */
const byType = new Map<string, unknown>();
const byObject = new Map<string, unknown>();

beforeAll(async () => {
  const sandbox = await startStripeSandbox();
  const stripe = sdk(sandbox);
  const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny' });
  const once = await priceOf(stripe, 400);
  await payByCard((await sessionFor(stripe, once, { customer: customer.id })).url);
  const debit = await sessionFor(stripe, once, { customer: customer.id });
  await submit(debit.url, { payment_method: 'bacs_debit' });
  await submit(`${sandbox.url}/_sandbox/sessions/${debit.id}/settle`, { outcome: 'succeed' });
  const monthly = await priceOf(stripe, 2490, 'month');
  await payByCard((await sessionFor(stripe, monthly, { customer: customer.id })).url);
  await refundAndDispute(stripe);
  for await (const event of stripe.events.list({ limit: 100 })) {
    const { type, data } = parse(JSON.stringify(event));
    byType.set(type, event);
    byObject.set(kindOfObject(data.object), data.object);
  }
  await sandbox.stop();
});

/** One payment is refunded, another is disputed by its buyer; the merchant wins. */
async function refundAndDispute(stripe: Stripe): Promise<void> {
  const payment = { amount: 400, currency: 'gbp', confirm: true };
  const refunded = await stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_visa' });
  await stripe.refunds.create({ payment_intent: refunded.id, amount: 100 });
  await stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_createDispute' });
  const { data } = await stripe.disputes.list();
  const evidence = { uncategorized_text: 'winning_evidence' };
  await stripe.disputes.update(data[0]?.id ?? '', { evidence });
}

function kindOfObject(object: { object: string; mode?: string }): string {
  return `${object.object} ${object.mode ?? ''}`;
}

describe('as in the realistic samples', () => {
  test.each(samples)('the object of $name has these members', ({ event: { data } }) => {
    const own = byObject.get(kindOfObject(data.object));
    expect(own).toBeDefined();
    expect(differences(data.object, own, '')).toEqual([]);
  });

  test.each(samples.filter(({ event }) => PLAYED.test(event.type)))(
    'there is an event like $name',
    ({ event }) => {
      const own = byType.get(event.type);
      expect(own).toBeDefined();
      expect(differences(envelope(event), envelope(own), '')).toEqual([]);
    },
  );
});

/** Types of what is played above. */
const PLAYED =
  /^(charge\.|checkout\.session\.|customer\.subscription\.created|invoice\.paid|refund\.created)/;

function envelope(event: unknown): object {
  return { ...(isObject(event) ? event : {}), data: {} };
}

/** Members that the sandbox's object has open: keys of the merchant's own or of one payment method. */
const OPEN = /\.(metadata|payment_method_options|wallet_options)$/;

/** Paths where one has a member that the other lacks, or where they hold different kinds of things. */
function differences(sample: unknown, own: unknown, path: string): string[] {
  if (sample === null || own === null || OPEN.test(path)) return [];
  if (kindOf(sample) !== kindOf(own))
    return [`${path}: ${kindOf(sample)} in the sample, ${kindOf(own)} here`];
  if (Array.isArray(sample) && Array.isArray(own)) {
    return sample.length > 0 && own.length > 0 ? differences(sample[0], own[0], `${path}[]`) : [];
  }
  if (!isObject(sample) || !isObject(own)) return [];
  const lacking = Object.keys(sample).filter((key) => !(key in own));
  const extra = Object.keys(own).filter((key) => !(key in sample));
  return [
    ...lacking.map((key) => `${path}.${key}: not here`),
    ...extra.map((key) => `${path}.${key}: not in the sample`),
    ...Object.keys(sample)
      .filter((key) => key in own)
      .flatMap((key) => differences(sample[key], own[key], `${path}.${key}`)),
  ];
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
