import { z } from 'zod';
import { id, reference } from './members.ts';

const authentication = 'authentication_required';

/**
 * https://docs.stripe.com/api/payment_intents/object. Why it was declined is said by the bank's own code
 * (https://docs.stripe.com/declines/codes), where there is one.
 */
export const paymentIntent = z
  .object({
    id,
    status: z.string(),
    last_payment_error: z
      .object({ code: z.string().nullish(), decline_code: z.string().nullish() })
      .nullable(),
  })
  .transform(({ id: paymentIntentId, status, last_payment_error: error }) => ({
    id: paymentIntentId,
    status,
    failureCode: error && (error.code === authentication ? authentication : failureCode(error)),
  }));
export type PaymentIntent = z.output<typeof paymentIntent>;

function failureCode(error: {
  code?: string | null | undefined;
  decline_code?: string | null | undefined;
}): string {
  return error.decline_code ?? error.code ?? 'declined';
}

/** https://docs.stripe.com/api/customers/object, with `subscriptions` expanded; or what is left of a deleted one. */
export const payingCustomer = z.union([
  z.object({ deleted: z.literal(true) }).transform((): readonly (string | null)[] => []),
  z
    .object({
      invoice_settings: z.object({ default_payment_method: reference.nullable() }),
      subscriptions: z
        .object({
          data: z.array(z.object({ status: z.string(), default_payment_method: reference.nullable() })),
        })
        .nullish(),
    })
    .transform(({ invoice_settings, subscriptions }): readonly (string | null)[] => [
      invoice_settings.default_payment_method,
      ...(subscriptions?.data ?? [])
        .filter(({ status }) => status !== 'incomplete' && status !== 'incomplete_expired')
        .map(({ default_payment_method }) => default_payment_method),
    ]),
]);
