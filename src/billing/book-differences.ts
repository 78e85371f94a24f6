import type { CheckoutSession, Invoice, Subscription } from '../stripe/index.ts';
import { periodCredits, planLines, prorationCredits, type BilledOffer } from './invoice-credits.ts';
import type { PaymentRow, SubscriptionRow } from './reconcile-queries.ts';

/** What would bring our books in line with Stripe's; `by_hand`: somebody has to look. */
export type Repair =
  'sync_subscription' | 'settle_invoice' | 'settle_session' | 'settle_reversal' | 'by_hand';

/** One thing that Stripe's books and ours do not say alike. */
export interface Difference {
  readonly kind: 'subscription' | 'invoice' | 'checkout' | 'reversal' | 'payment' | 'ledger';
  /** Stripe's id of the object; for `ledger`, the customer's. */
  readonly id: string;
  readonly customerId: string | null;
  readonly problem: string;
  readonly ours: unknown;
  readonly stripes: unknown;
  readonly repair: Repair;
}

/** A subscription of ours that Stripe has otherwise, or that we do not have. */
export function subscriptionDifference(
  seen: Subscription,
  row: SubscriptionRow | undefined,
): Difference | undefined {
  const repair = 'sync_subscription';
  const about = {
    kind: 'subscription' as const,
    id: seen.id,
    customerId: row?.customerId ?? null,
    repair,
  } as const;
  if (row === undefined)
    return { ...about, problem: 'missing', ours: null, stripes: { status: seen.status } };
  const stripes = stripesState(seen, row.stripeItemId);
  const ours = {
    status: row.status,
    price: row.stripePriceId,
    quantity: row.quantity,
    current_period_end: row.currentPeriodEnd.toISOString(),
    cancel_at_period_end: row.cancelAtPeriodEnd,
    cancel_at: row.cancelAt?.toISOString() ?? null,
    ended_at: row.endedAt?.toISOString() ?? null,
    trial_end: row.trialEnd?.toISOString() ?? null,
    pause: row.pauseBehavior,
  };
  const differing = Object.keys(ours).filter((key) => member(ours, key) !== member(stripes, key));
  if (differing.length === 0) return undefined;
  const part = (state: object) => Object.fromEntries(differing.map((key) => [key, member(state, key)]));
  return { ...about, problem: 'differs', ours: part(ours), stripes: part(stripes) };
}

function stripesState(seen: Subscription, stripeItemId: string) {
  const item = seen.items.find(({ id }) => id === stripeItemId) ?? seen.items[0];
  return {
    status: seen.status,
    price: item?.stripePriceId,
    quantity: item?.quantity,
    current_period_end: item?.currentPeriodEnd.toISOString(),
    cancel_at_period_end: seen.cancelAtPeriodEnd,
    cancel_at: seen.cancelAt?.toISOString() ?? null,
    ended_at: seen.endedAt?.toISOString() ?? null,
    trial_end: seen.trialEnd?.toISOString() ?? null,
    pause: seen.pause?.behavior ?? null,
  };
}

function member(state: object, key: string): unknown {
  return Object.entries(state).find(([name]) => name === key)?.[1];
}

/** What of our books tells that something was settled. */
export interface Settled {
  readonly payments: readonly PaymentRow[];
  /** What has moved credits. */
  readonly refs: ReadonlySet<string>;
}

/** The names under which a paid invoice must have moved credits; undefined for one that is not about plans of ours. */
export function movementsOfInvoice(
  invoice: Pick<Invoice, 'id' | 'lines' | 'subscriptionId'>,
  offers: readonly BilledOffer[],
  anchor: Date | undefined,
): readonly string[] | undefined {
  const lines = planLines(invoice, offers);
  if (lines.length === 0) return undefined;
  const change = prorationCredits(lines, anchor === undefined ? [] : [anchor])?.credits ?? 0;
  return [
    ...periodCredits(lines)
      .filter(({ credits }) => credits > 0)
      .map(({ line }) => line.id),
    ...(change > 0 ? [invoice.id] : []),
    ...(change < 0 ? [`proration:${invoice.id}`] : []),
  ];
}

/** A paid invoice that our books do not have, have otherwise, or have not granted all of. */
export function invoiceDifference(
  invoice: Invoice,
  movements: readonly string[],
  { payments, refs }: Settled,
): Difference | undefined {
  const payment = payments.find(({ stripeInvoiceId }) => stripeInvoiceId === invoice.id);
  const about = { kind: 'invoice' as const, id: invoice.id, customerId: payment?.customerId ?? null };
  const missing = movements.filter((ref) => !refs.has(ref));
  if (missing.length > 0) {
    const stripes = { paid_at: invoice.paidAt.toISOString(), moves: movements };
    return {
      ...about,
      problem: 'credits_missing',
      ours: { lacks: missing },
      stripes,
      repair: 'settle_invoice',
    };
  }
  if (payment === undefined || payment.amountMinor === invoice.amountPaidMinor) return undefined;
  const [ours, stripes] = [{ amount: payment.amountMinor }, { amount: invoice.amountPaidMinor }];
  return { ...about, problem: 'amount_differs', ours, stripes, repair: 'by_hand' };
}

/** A paid package that our books have not granted. */
export function sessionDifference(
  session: CheckoutSession,
  offers: readonly BilledOffer[],
  { payments, refs }: Settled,
): Difference | undefined {
  const offer = offers.find(({ stripePriceId }) =>
    session.lines.some((line) => line.stripePriceId === stripePriceId),
  );
  if (session.mode !== 'payment' || session.paymentStatus !== 'paid' || offer === undefined) return undefined;
  if (offer.credits === 0 || refs.has(session.id)) return undefined;
  const payment = payments.find(
    ({ stripePaymentIntentId }) =>
      stripePaymentIntentId !== null && stripePaymentIntentId === session.paymentIntentId,
  );
  return {
    kind: 'checkout',
    id: session.id,
    customerId: payment?.customerId ?? null,
    problem: 'credits_missing',
    ours: null,
    stripes: { amount: session.amountMinor, currency: session.currency },
    repair: 'settle_session',
  };
}

/** A payment of which Stripe says that more, or less, has gone back. */
export function reversalDifference(
  payment: PaymentRow,
  back: { readonly refundedMinor: number; readonly disputedMinor: number },
): Difference | undefined {
  const refunded = Math.min(payment.amountMinor, back.refundedMinor);
  if (payment.refundedMinor === refunded && payment.disputedMinor === back.disputedMinor) return undefined;
  return {
    kind: 'reversal',
    id: payment.stripePaymentIntentId ?? payment.stripeInvoiceId ?? payment.id,
    customerId: payment.customerId,
    problem: 'differs',
    ours: { refunded: payment.refundedMinor, disputed: payment.disputedMinor },
    stripes: { refunded, disputed: back.disputedMinor },
    repair: 'settle_reversal',
  };
}
