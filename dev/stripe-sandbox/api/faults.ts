import { StripeFailure } from './errors.ts';

/** What a request meets instead of a normal answer. */
export type Fault =
  | 'none'
  /** An error before any work. `saved`: remembered for the Idempotency-Key, as Stripe does when work had begun. */
  | { readonly status: number; readonly saved?: boolean }
  /** The work is done, then the connection is reset. */
  | 'lose-answer'
  /** No work and no answer. */
  | 'hang';

export interface FaultRequest {
  readonly method: string;
  readonly path: string;
  /** The path with names in the place of ids: `/v1/products/:id`. */
  readonly route: string;
  /** How many requests there were before. */
  readonly sequence: number;
  /** Whether it carries an Idempotency-Key that counts. */
  readonly hasKey: boolean;
}

/** Decides for each request what it meets. */
export type FaultRule = (request: FaultRequest) => Fault;

/** What a request is answered that meets an error on purpose. */
export function failureOfFault(status: number): StripeFailure {
  if (status === 429) {
    return new StripeFailure(
      429,
      {
        type: 'invalid_request_error',
        code: 'rate_limit',
        message:
          'Request rate limit exceeded. You can learn more about rate limits here: https://stripe.com/docs/rate-limits.',
      },
      { 'stripe-rate-limited-reason': 'global-rate' },
    );
  }
  return new StripeFailure(status, {
    type: status >= 500 ? 'api_error' : 'invalid_request_error',
    message: 'An unknown error occurred.',
  });
}
