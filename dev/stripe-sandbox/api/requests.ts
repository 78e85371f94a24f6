import type Stripe from 'stripe';

/**
 * Every request the sandbox understands, by the SDK's own parameter types.
 *
 * `npm run stripe:schemas` turns this interface into
 * `generated/request-schemas.json`, by which requests are checked at run time:
 * one list gives both the types and the checks.
 */
export interface Requests {
  productCreate: Stripe.ProductCreateParams;
  productUpdate: Stripe.ProductUpdateParams;
  productList: Stripe.ProductListParams;
  priceCreate: Stripe.PriceCreateParams;
  priceUpdate: Stripe.PriceUpdateParams;
  priceList: Stripe.PriceListParams;
  customerCreate: Stripe.CustomerCreateParams;
  customerUpdate: Stripe.CustomerUpdateParams;
  customerList: Stripe.CustomerListParams;
  checkoutSessionCreate: Stripe.Checkout.SessionCreateParams;
  checkoutSessionList: Stripe.Checkout.SessionListParams;
  checkoutSessionLineItemsList: Stripe.Checkout.SessionListLineItemsParams;
  paymentIntentList: Stripe.PaymentIntentListParams;
  subscriptionList: Stripe.SubscriptionListParams;
  invoiceList: Stripe.InvoiceListParams;
  invoiceLineItemsList: Stripe.InvoiceListLineItemsParams;
  invoicePaymentList: Stripe.InvoicePaymentListParams;
  portalSessionCreate: Stripe.BillingPortal.SessionCreateParams;
  eventList: Stripe.EventListParams;
  /** What every retrieve, expire and the like takes. */
  expandOnly: Stripe.ProductRetrieveParams;
  /** What a delete takes. */
  nothing: Stripe.CustomerDeleteParams;
}
