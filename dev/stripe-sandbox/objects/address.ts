import type Stripe from 'stripe';
import { textOrNull } from '../api/values.ts';

/** An address as the API shows it: what is not given is null. */
export function addressOf(params: Stripe.AddressParam): Stripe.Address {
  return {
    city: textOrNull(params.city),
    country: textOrNull(params.country),
    line1: textOrNull(params.line1),
    line2: textOrNull(params.line2),
    postal_code: textOrNull(params.postal_code),
    state: textOrNull(params.state),
  };
}
