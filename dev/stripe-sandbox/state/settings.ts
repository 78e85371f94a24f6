import Stripe from 'stripe';

/** What a Stripe account is set to, in its dashboard rather than by the API. */
export interface AccountSettings {
  /**
   * What becomes of a subscription when the last automatic attempt to collect its invoice has failed
   * (https://docs.stripe.com/billing/revenue-recovery/smart-retries).
   */
  readonly afterLastRetry: 'cancel' | 'unpaid' | 'past_due';
  /** The account's default API version: what the list of events says, whatever version an endpoint is delivered. */
  readonly apiVersion: string;
}

export const DEFAULT_SETTINGS: AccountSettings = {
  afterLastRetry: 'cancel',
  apiVersion: Stripe.API_VERSION,
};
