import type { PaymentIntent } from '../stripe/index.ts';

/** What became of a top-up's PaymentIntent. `withdrawn`: nobody wanted it any more, and nothing was charged. */
export type TopUpOutcome =
  { readonly kind: 'paid' | 'processing' } | { readonly kind: 'failed'; readonly code: string };

export function failed(code: string): TopUpOutcome {
  return { kind: 'failed', code };
}

/**
 * Undefined while nobody has tried to pay it. A bank that wants to ask the customer, who is not there, has declined.
 * Source: https://docs.stripe.com/payments/paymentintents/lifecycle
 */
export function outcomeOf({ status, failureCode }: PaymentIntent): TopUpOutcome | undefined {
  switch (status) {
    case 'succeeded':
    case 'processing':
      return { kind: status === 'succeeded' ? 'paid' : 'processing' };
    case 'canceled':
      return failed('canceled');
    case 'requires_action':
      return failed('authentication_required');
    default:
      return failureCode === null ? undefined : failed(failureCode);
  }
}
