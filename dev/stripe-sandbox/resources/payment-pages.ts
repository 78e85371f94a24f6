import { cardError, invalid } from '../api/errors.ts';
import { named, operation, own, type Operation } from '../api/operations.ts';
import { detailsOf, type Session } from '../checkout/details.ts';
import { payWith } from '../checkout/pay.ts';
import { knownEmail } from '../checkout/customer.ts';
import { declinedIntent } from '../payments/intent-state.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/payment_pages';

/**
 * What Stripe's own command line completes a checkout by (`stripe trigger
 * checkout.session.completed`). Stripe documents neither of the two.
 */
export const paymentPages: readonly Operation[] = [
  operation('GET', `${PATH}/:id`, 'expandOnly', (context, _params, id) =>
    pageOf(own(context, 'checkout.session', id)),
  ),
  operation('POST', `${PATH}/:id/confirm`, 'paymentPageConfirm', (context, params, id) => {
    const session = own(context, 'checkout.session', id);
    const method = named(context, 'payment_method', params.payment_method, 'payment_method');
    if (session.status !== 'open') throw invalid('This Checkout Session is no longer open.');
    if (params.expected_amount !== undefined && params.expected_amount !== session.amount_total) {
      throw invalid(
        `The amount is ${session.amount_total}, not the expected ${params.expected_amount}.`,
        'expected_amount',
      );
    }
    return pageOf(confirm(context, session, method));
  }),
];

/** A decline is answered by 402; a card whose bank asks leaves the session open. */
function confirm(context: Context, session: Session, method: ObjectTypes['payment_method']): Session {
  const { email, name } = method.billing_details;
  const buyer = { email: knownEmail(context, session) ?? email, name };
  const outcome = payWith(context, session, buyer, method);
  if (outcome.kind !== 'declined') return context.store.must('checkout.session', session.id);
  const intent = context.store.get('payment_intent', detailsOf(context, session).paymentIntent ?? '');
  const { message } = outcome;
  throw (intent && declinedIntent(intent)) ?? cardError({ code: 'card_declined', message });
}

function pageOf(session: Session): object {
  return {
    id: session.id,
    object: 'payment_page',
    currency: session.currency,
    livemode: false,
    mode: session.mode,
    payment_status: session.payment_status,
    session_id: session.id,
    status: session.status,
    total_summary: {
      due: session.amount_total,
      subtotal: session.amount_subtotal,
      total: session.amount_total,
    },
  };
}
