import { invalid, StripeFailure } from '../../api/errors.ts';
import { intentOf } from '../../objects/invoice-payment.ts';
import type { Context } from '../../state/context.ts';

/** The 402 that Stripe answers when an invoice that must be paid at once is not. */
export function paymentFailure(context: Context, invoice: string): StripeFailure {
  const intent = intentOf(context, invoice);
  const error = intent?.last_payment_error;
  if (intent?.status === 'requires_action') {
    return new StripeFailure(402, {
      type: 'card_error',
      code: 'invoice_payment_intent_requires_action',
      message:
        'Payment for this invoice requires additional user action before it can be completed successfully.',
    });
  }
  return new StripeFailure(402, {
    type: 'card_error',
    code: error?.code ?? 'card_declined',
    message: error?.message ?? 'Your card was declined.',
    ...(error?.decline_code !== undefined && { decline_code: error.decline_code }),
  });
}

/** The 400 that Stripe answers when there is something to pay and nothing to pay it with. */
export function noMethod(): StripeFailure {
  return invalid(
    'This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.',
    undefined,
    'resource_missing',
  );
}
