import type { Context } from '../state/context.ts';
import { declineOf, type Decline, type DeclineCode } from '../banks/declines.ts';

/** From now on the next `count` payments of a customer are declined, whatever the card; 0 ends it. */
export function failNextPayments(
  context: Context,
  customer: string,
  count: number,
  declineCode: DeclineCode = 'generic_decline',
): void {
  context.store.setFacts('customer', customer, { failNextPayments: { count, declineCode } });
}

/** The decline that is arranged for this payment; it counts as used. */
export function takeArrangedFailure(context: Context, customer: string | null): Decline | undefined {
  if (customer === null) return undefined;
  const arranged = context.store.facts('customer', customer)?.failNextPayments;
  if (!arranged || arranged.count < 1) return undefined;
  failNextPayments(context, customer, arranged.count - 1, arranged.declineCode);
  return declineOf(arranged.declineCode);
}
