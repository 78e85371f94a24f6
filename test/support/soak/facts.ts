import { randomUUID } from 'node:crypto';
import type Stripe from 'stripe';
import type { StripeEvent } from '../crash-events.ts';
import { severally } from '../crash.ts';
import { stripeOf } from '../shop.ts';
import { stateOf } from '../../stripe-sandbox/support.ts';
import type { TestWorker } from '../worker.ts';
import type { SoakCustomer } from './sales.ts';

export const factKinds = [
  'package',
  'plan checkout',
  'subscription',
  'invoice',
  'refund',
  'foreign',
] as const;
export type FactKind = (typeof factKinds)[number];

/** Something that happened at Stripe, and the events that tell of it: each of them is enough. */
export interface Fact {
  readonly kind: FactKind;
  readonly events: readonly StripeEvent[];
}

/** The same news under an id of its own, as when an event is made again. */
export function renamed(event: StripeEvent, members: Readonly<Record<string, unknown>> = {}): StripeEvent {
  return { ...event, ...members, id: `evt_${randomUUID().replaceAll('-', '')}` };
}

/** All that Stripe has to tell of these customers' purchases, and so many things that are none of ours. */
export async function factsOf(
  worker: TestWorker,
  customers: readonly SoakCustomer[],
  foreign: number,
): Promise<readonly Fact[]> {
  const paymentsOfOthers = await severally(foreign, () => payElsewhere(worker));
  const newsOf = await readNews(worker);
  const fact = (kind: FactKind, objectId: string, ...types: readonly Stripe.Event['type'][]): Fact => {
    const events = types.flatMap((type) => newsOf(type, objectId));
    if (events.length === 0) throw new Error(`nobody tells of ${objectId}: ${types.join(', ')}`);
    return { kind, events };
  };
  const ours = customers.flatMap(({ packages, plan }) => [
    ...packages.map(({ sessionId }) => fact('package', sessionId, 'checkout.session.completed')),
    ...packages
      .filter(({ refundedMinor }) => refundedMinor > 0)
      .map(({ paymentIntentId }) => fact('refund', paymentIntentId, 'charge.refunded', 'refund.created')),
    ...(plan === undefined
      ? []
      : [
          fact('plan checkout', plan.sessionId, 'checkout.session.completed'),
          fact(
            'subscription',
            plan.subscriptionId,
            'customer.subscription.created',
            'customer.subscription.updated',
          ),
          fact('invoice', plan.invoiceId, 'invoice.paid', 'invoice.payment_succeeded'),
        ]),
  ]);
  const others = paymentsOfOthers.map((intentId, place) =>
    foreignFact(place, intentId, newsOf, ours[place % ours.length]),
  );
  return [...ours, ...others];
}

/** A payment that was taken by somebody else with the same account, and given back. */
async function payElsewhere(worker: TestWorker): Promise<string> {
  const { id } = await stripeOf(worker).paymentIntents.create({
    amount: 700,
    currency: 'gbp',
    payment_method: 'pm_card_visa',
    confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  await stripeOf(worker).refunds.create({ payment_intent: id });
  return id;
}

/** A payment or a refund that is not ours, a type that nothing is done about, or another account's copy of our news. */
function foreignFact(place: number, intentId: string, newsOf: NewsOf, ours: Fact | undefined): Fact {
  const [copied] = ours?.events ?? [];
  const variants = [
    newsOf('payment_intent.succeeded', intentId),
    newsOf('charge.refunded', intentId),
    newsOf('charge.succeeded', intentId),
    copied === undefined ? [] : [renamed(copied, { account: 'acct_1SomebodyElse' })],
  ];
  return { kind: 'foreign', events: variants[place % variants.length] ?? [] };
}

type NewsOf = (type: Stripe.Event['type'], objectId: string) => readonly StripeEvent[];

interface EventSubject {
  readonly id?: unknown;
  readonly payment_intent?: unknown;
}

/** Finds events by their type and what they are about: a charge and a refund are found by their PaymentIntent. */
async function readNews(worker: TestWorker): Promise<NewsOf> {
  const { events } = await stateOf(worker.stripe);
  const index = new Map<string, StripeEvent[]>();
  for (const event of events) {
    const { id, payment_intent: intent }: EventSubject = event.data.object;
    const isOfPayment = event.type.startsWith('charge.') || event.type.startsWith('refund.');
    const key = `${event.type} ${String(isOfPayment ? intent : id)}`;
    index.set(key, [...(index.get(key) ?? []), { ...event }]);
  }
  return (type, objectId) => index.get(`${type} ${objectId}`) ?? [];
}
