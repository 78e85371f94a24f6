import type { InvoiceFacts } from '../billing/invoices/due-invoices.ts';
import type { CheckoutDetails } from '../checkout/details.ts';
import type { ScheduleFacts } from '../billing/schedules/run-schedule.ts';
import type { SubscriptionFacts } from '../billing/subscriptions/subscription-facts.ts';
import type { PortalOffer } from '../objects/portal-configuration.ts';
import type { CouponDetails } from '../objects/coupon.ts';
import type { DiscountTerms } from '../objects/discount.ts';
import type { ChargeFacts, CustomerFacts, PaymentMethodFacts, RefundFacts } from '../payments/facts.ts';
import type { EndpointSecrets } from '../webhooks/secrets.ts';
import type { EventFacts } from '../webhooks/undelivered.ts';

/** What belongs to an object and Stripe keeps to itself: the API does not show it. */
export interface Facts {
  'billing_portal.configuration': PortalOffer;
  'checkout.session': CheckoutDetails;
  coupon: CouponDetails;
  discount: DiscountTerms;
  invoice: InvoiceFacts;
  subscription: SubscriptionFacts;
  subscription_schedule: ScheduleFacts;
  charge: ChargeFacts;
  customer: CustomerFacts;
  payment_method: PaymentMethodFacts;
  refund: RefundFacts;
  event: EventFacts;
  webhook_endpoint: EndpointSecrets;
}
