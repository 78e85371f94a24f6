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
  planCreate: Stripe.PlanCreateParams;
  planUpdate: Stripe.PlanUpdateParams;
  planList: Stripe.PlanListParams;
  couponCreate: Stripe.CouponCreateParams;
  couponUpdate: Stripe.CouponUpdateParams;
  couponList: Stripe.CouponListParams;
  promotionCodeCreate: Stripe.PromotionCodeCreateParams;
  promotionCodeUpdate: Stripe.PromotionCodeUpdateParams;
  promotionCodeList: Stripe.PromotionCodeListParams;
  customerCreate: Stripe.CustomerCreateParams;
  customerUpdate: Stripe.CustomerUpdateParams;
  customerList: Stripe.CustomerListParams;
  customerPaymentMethods: Stripe.CustomerListPaymentMethodsParams;
  customerSourceList: Stripe.CustomerListSourcesParams;
  customerSourceCreate: Stripe.CustomerCreateSourceParams;
  customerSourceUpdate: Stripe.CustomerUpdateSourceParams;
  paymentMethodCreate: Stripe.PaymentMethodCreateParams;
  paymentMethodUpdate: Stripe.PaymentMethodUpdateParams;
  paymentMethodList: Stripe.PaymentMethodListParams;
  paymentMethodAttach: Stripe.PaymentMethodAttachParams;
  paymentMethodDetach: Stripe.PaymentMethodDetachParams;
  paymentIntentCreate: Stripe.PaymentIntentCreateParams;
  paymentIntentUpdate: Stripe.PaymentIntentUpdateParams;
  paymentIntentList: Stripe.PaymentIntentListParams;
  paymentIntentConfirm: Stripe.PaymentIntentConfirmParams;
  paymentIntentCapture: Stripe.PaymentIntentCaptureParams;
  paymentIntentCancel: Stripe.PaymentIntentCancelParams;
  setupIntentCreate: Stripe.SetupIntentCreateParams;
  setupIntentUpdate: Stripe.SetupIntentUpdateParams;
  setupIntentList: Stripe.SetupIntentListParams;
  setupIntentConfirm: Stripe.SetupIntentConfirmParams;
  setupIntentCancel: Stripe.SetupIntentCancelParams;
  chargeUpdate: Stripe.ChargeUpdateParams;
  chargeList: Stripe.ChargeListParams;
  refundCreate: Stripe.RefundCreateParams;
  refundUpdate: Stripe.RefundUpdateParams;
  refundList: Stripe.RefundListParams;
  disputeUpdate: Stripe.DisputeUpdateParams;
  disputeList: Stripe.DisputeListParams;
  disputeClose: Stripe.DisputeCloseParams;
  checkoutSessionCreate: Stripe.Checkout.SessionCreateParams;
  checkoutSessionUpdate: Stripe.Checkout.SessionUpdateParams;
  checkoutSessionList: Stripe.Checkout.SessionListParams;
  checkoutSessionLineItemsList: Stripe.Checkout.SessionListLineItemsParams;
  /** Of the command line only: the SDK does not know it. */
  paymentPageConfirm: { payment_method: string; expected_amount?: number; expand?: string[] };
  subscriptionCreate: Stripe.SubscriptionCreateParams;
  subscriptionUpdate: Stripe.SubscriptionUpdateParams;
  subscriptionList: Stripe.SubscriptionListParams;
  subscriptionCancel: Stripe.SubscriptionCancelParams;
  subscriptionPause: Stripe.SubscriptionPauseParams;
  subscriptionResume: Stripe.SubscriptionResumeParams;
  subscriptionItemCreate: Stripe.SubscriptionItemCreateParams;
  subscriptionItemUpdate: Stripe.SubscriptionItemUpdateParams;
  subscriptionItemList: Stripe.SubscriptionItemListParams;
  subscriptionItemDelete: Stripe.SubscriptionItemDeleteParams;
  subscriptionScheduleCreate: Stripe.SubscriptionScheduleCreateParams;
  subscriptionScheduleUpdate: Stripe.SubscriptionScheduleUpdateParams;
  subscriptionScheduleList: Stripe.SubscriptionScheduleListParams;
  subscriptionScheduleCancel: Stripe.SubscriptionScheduleCancelParams;
  subscriptionScheduleRelease: Stripe.SubscriptionScheduleReleaseParams;
  invoiceCreate: Stripe.InvoiceCreateParams;
  invoiceUpdate: Stripe.InvoiceUpdateParams;
  invoiceList: Stripe.InvoiceListParams;
  invoicePreview: Stripe.InvoiceCreatePreviewParams;
  invoiceFinalize: Stripe.InvoiceFinalizeInvoiceParams;
  invoicePay: Stripe.InvoicePayParams;
  invoiceLineItemsList: Stripe.InvoiceListLineItemsParams;
  invoiceItemCreate: Stripe.InvoiceItemCreateParams;
  invoiceItemUpdate: Stripe.InvoiceItemUpdateParams;
  invoiceItemList: Stripe.InvoiceItemListParams;
  invoicePaymentList: Stripe.InvoicePaymentListParams;
  portalConfigurationCreate: Stripe.BillingPortal.ConfigurationCreateParams;
  portalConfigurationUpdate: Stripe.BillingPortal.ConfigurationUpdateParams;
  portalConfigurationList: Stripe.BillingPortal.ConfigurationListParams;
  portalSessionCreate: Stripe.BillingPortal.SessionCreateParams;
  eventList: Stripe.EventListParams;
  webhookEndpointCreate: Stripe.WebhookEndpointCreateParams;
  webhookEndpointUpdate: Stripe.WebhookEndpointUpdateParams;
  webhookEndpointList: Stripe.WebhookEndpointListParams;
  testClockCreate: Stripe.TestHelpers.TestClockCreateParams;
  testClockList: Stripe.TestHelpers.TestClockListParams;
  testClockAdvance: Stripe.TestHelpers.TestClockAdvanceParams;
  /** What every retrieve, expire and the like takes. */
  expandOnly: Stripe.ProductRetrieveParams;
  /** What a delete takes. */
  nothing: Stripe.CustomerDeleteParams;
}
