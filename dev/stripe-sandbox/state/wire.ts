import type Stripe from 'stripe';

type OtherString = string & Record<never, never>;
type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** A union of names without the SDK's "any other string", so that tsc refuses a wrong name. */
type Closed<T> = T extends string ? (IsSame<T, OtherString> extends true ? never : T) : T;

/** An API object of its own, which the API gives as its id unless it is expanded. */
type Resource = { id: string; object: string };

/** `string | Customer | null` on the wire, not expanded: `string | null`. */
type Unexpanded<T> = [Extract<T, Resource>] extends [never] ? T : string extends T ? Exclude<T, Resource> : T;

type WireMember<T> = T extends Stripe.Decimal
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

/**
 * The JSON of an SDK response type: decimals as strings, expandable members as
 * ids, names limited to those that this API version documents.
 */
export type Wire<T> = WireMember<Closed<Unexpanded<T>>>;

/** Every kind of object that the sandbox keeps, by its `object` member. */
export interface ObjectTypes {
  product: Wire<Stripe.Product>;
  price: Wire<Stripe.Price>;
  coupon: Wire<Stripe.Coupon>;
  promotion_code: Wire<Stripe.PromotionCode>;
  discount: Wire<Stripe.Discount>;
  customer: Wire<Stripe.Customer>;
  payment_method: Wire<Stripe.PaymentMethod>;
  payment_intent: Wire<Stripe.PaymentIntent>;
  setup_intent: Wire<Stripe.SetupIntent>;
  charge: Wire<Stripe.Charge>;
  refund: Wire<Stripe.Refund>;
  dispute: Wire<Stripe.Dispute>;
  subscription: Wire<Stripe.Subscription>;
  subscription_schedule: Wire<Stripe.SubscriptionSchedule>;
  invoice: Wire<Stripe.Invoice>;
  invoiceitem: Wire<Stripe.InvoiceItem>;
  invoice_payment: Wire<Stripe.InvoicePayment>;
  webhook_endpoint: Wire<Stripe.WebhookEndpoint>;
  'test_helpers.test_clock': Wire<Stripe.TestHelpers.TestClock>;
  'billing_portal.configuration': Wire<Stripe.BillingPortal.Configuration>;
  'checkout.session': Wire<Stripe.Checkout.Session>;
  'billing_portal.session': Wire<Stripe.BillingPortal.Session>;
  event: EventObject;
}
export type ObjectName = keyof ObjectTypes;
export type StripeObject = ObjectTypes[ObjectName];

export type EventType = Closed<Stripe.Event['type']>;
export type EventObject = Wire<Omit<Stripe.EventBase, 'data' | 'type'>> & {
  type: EventType;
  data: { object: object; previous_attributes?: object };
};
