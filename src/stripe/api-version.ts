import Stripe from 'stripe';

/**
 * Whether an object of this API version has the shape that the pinned SDK describes. Versions of one release (the
 * name after the dot) only add to each other.
 * Source: https://docs.stripe.com/api/versioning
 */
export function isPinnedRelease(apiVersion: string | null | undefined): boolean {
  return apiVersion?.split('.')[1] === Stripe.MAJOR_API_VERSION;
}
