import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { beforeAll, describe, expect, test } from 'vitest';
import { startStripeSandbox, type StripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import { payByCard, priceOf, sdk, sessionFor, stateOf, submit } from './support.ts';

const SAMPLES = join(import.meta.dirname, '../fixtures/stripe-events');
const PINNED = /^(.+)__2026-10-28\.endive__.+\.json$/;

type Sample = Pick<Stripe.Event, 'type'> & {
  data: { object: { object: string; mode?: string }; previous_attributes?: object };
};

const samples = await Promise.all(
  (await readdir(SAMPLES))
    .filter((name) => PINNED.test(name))
    .map(async (name) => ({ name, event: parse(await readFile(join(SAMPLES, name), 'utf8')) })),
);

function parse(json: string): Sample {
  return JSON.parse(json);
}

/** The sandbox's events of a story, by their type and the mode of what they are about. */
const played = new Map<string, Sample[]>();

beforeAll(async () => {
  let now = new Date('2027-03-01T00:00:00Z');
  const sandbox = await startStripeSandbox({ now: () => now });
  const stripe = sdk(sandbox);
  const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny' });
  await buyOnce(sandbox, stripe, customer.id);
  const monthly = await priceOf(stripe, 2490, 'month');
  await payByCard((await sessionFor(stripe, monthly, { customer: customer.id })).url);
  await refundAndDispute(stripe);
  now = new Date('2027-04-01T02:00:00Z');
  await submit(`${sandbox.url}/_sandbox/customers/${customer.id}/fail-next`, {});
  now = new Date('2027-05-01T02:00:00Z');
  const [subscription] = (await stripe.subscriptions.list()).data;
  await stripe.subscriptions.cancel(subscription?.id ?? '');
  const { events } = await stateOf(sandbox);
  for (const event of events.map((one) => parse(JSON.stringify(one))))
    played.set(kindOfEvent(event), [...(played.get(kindOfEvent(event)) ?? []), event]);
  await sandbox.stop();
});

/** A card is charged at once, a bank debit days later. */
async function buyOnce(sandbox: StripeSandbox, stripe: Stripe, customer: string): Promise<void> {
  const once = await priceOf(stripe, 400);
  await payByCard((await sessionFor(stripe, once, { customer })).url);
  const debit = await sessionFor(stripe, once, { customer });
  await submit(debit.url, { payment_method: 'bacs_debit' });
  await submit(`${sandbox.url}/_sandbox/sessions/${debit.id}/settle`, { outcome: 'succeed' });
}

/** One payment is refunded in part and then whole, another is disputed by its buyer; the merchant wins. */
async function refundAndDispute(stripe: Stripe): Promise<void> {
  const payment = { amount: 400, currency: 'gbp', confirm: true };
  const refunded = await stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_visa' });
  await stripe.refunds.create({ payment_intent: refunded.id, amount: 100 });
  await stripe.refunds.create({ payment_intent: refunded.id });
  await stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_createDispute' });
  const { data } = await stripe.disputes.list();
  const evidence = { uncategorized_text: 'winning_evidence' };
  await stripe.disputes.update(data[0]?.id ?? '', { evidence });
}

function kindOfEvent({ type, data }: Sample): string {
  return `${type} ${data.object.mode ?? ''}`;
}

describe('of each type of the realistic samples the sandbox has an event', () => {
  test.each(samples)('with the members of $name', ({ event }) => {
    const own = played.get(kindOfEvent(event)) ?? [];
    expect(own).not.toEqual([]);
    for (const { data, ...envelope } of own) {
      const { data: sampleData, ...sampleEnvelope } = event;
      expect(differences(sampleEnvelope, envelope, '')).toEqual([]);
      expect(differences(sampleData.object, data.object, '')).toEqual([]);
    }
  });

  test.each(samples.filter(({ event }) => event.data.previous_attributes))(
    'that tells of changes as in $name',
    ({ event }) => {
      const own = played.get(kindOfEvent(event)) ?? [];
      const told = new Set(own.flatMap(({ data }) => Object.keys(data.previous_attributes ?? {})));
      for (const name of Object.keys(event.data.previous_attributes ?? {})) expect(told).toContain(name);
    },
  );
});

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
