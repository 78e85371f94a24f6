import type { CheckoutDetails } from '../checkout/details.ts';

/** What belongs to an object and Stripe keeps to itself: the API does not show it. */
export interface Facts {
  'checkout.session': CheckoutDetails;
}
