import type { Deps } from '../deps.ts';
import type { PlanLine } from './invoice-credits.ts';

/**
 * From which days a subscription's months are, or were, counted. The present one is Stripe's to say; a change of the
 * interval has moved it, and what it gives back is of a month that was counted from an earlier one: where a period
 * began that was paid for (`starts`). Only prorations depend on it.
 */
export async function anchorsOf(
  { stripe }: Pick<Deps, 'stripe'>,
  lines: readonly PlanLine[],
  starts: readonly { readonly periodStart: Date | null }[],
): Promise<readonly Date[]> {
  const proration = lines.find(({ line }) => line.isProration);
  if (proration === undefined) return [];
  const subscription = await stripe.findSubscription(proration.subscriptionId);
  return [subscription?.billingCycleAnchor, ...starts.map(({ periodStart }) => periodStart)].flatMap(
    (anchor) => anchor ?? [],
  );
}
