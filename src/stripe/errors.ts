import Stripe from 'stripe';
import { DomainError, unavailable } from '../core/errors.ts';
import { DescribedFault } from '../core/log.ts';

/** Stripe refused a request of ours: a fault of ours or of the account's set-up, told to no client. */
export class StripeRefusal extends DescribedFault {
  override readonly name = 'StripeRefusal';
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly parameter: string | undefined;
  /** Why the bank declined, where it did: https://docs.stripe.com/declines/codes */
  readonly declineCode: string | undefined;

  constructor(error: InstanceType<typeof Stripe.errors.StripeError>) {
    super(`Stripe refused: ${error.code ?? error.type} ${error.param ?? ''}`.trim());
    this.status = error.statusCode;
    this.code = error.code;
    this.parameter = error.param;
    this.declineCode = error.decline_code;
  }

  override describe() {
    return { stripe_status: this.status, stripe_code: this.code, stripe_parameter: this.parameter };
  }
}

/** Turns what the SDK threw into one of ours: passing trouble may be tried again, a refusal may not. */
export function fromStripeError(error: unknown): Error | DomainError {
  if (!(error instanceof Stripe.errors.StripeError)) {
    return error instanceof Error ? error : new Error('the Stripe SDK threw something that is no error');
  }
  return isPassing(error)
    ? unavailable('stripe_unavailable', 'Stripe does not answer.', error)
    : new StripeRefusal(error);
}

/** How a call has failed; undefined: Stripe said that it has no such thing, which is an answer. */
export function faultOf(error: Error): 'unavailable' | 'refused' | 'unknown' | undefined {
  if (error instanceof DomainError) return 'unavailable';
  if (!(error instanceof StripeRefusal)) return 'unknown';
  return isMissing(error) ? undefined : 'refused';
}

export function isMissing(error: unknown): boolean {
  return error instanceof StripeRefusal && error.status === 404;
}

/**
 * True when a creation cannot go on under its idempotency key: for a day Stripe answers with the 5xx that it saved
 * under it, or refuses it because a first try, cut off, came with other parameters (an item renamed since, an e-mail
 * address changed).
 */
export function isSpentName(error: unknown): boolean {
  if (error instanceof Stripe.errors.StripeIdempotencyError) return error.statusCode === 400;
  return (
    error instanceof Stripe.errors.StripeError &&
    (error.statusCode ?? 0) >= 500 &&
    error.headers?.['idempotent-replayed'] === 'true'
  );
}

function isPassing(error: InstanceType<typeof Stripe.errors.StripeError>): boolean {
  const status = error.statusCode;
  return status === undefined || status === 409 || status === 429 || status >= 500;
}
