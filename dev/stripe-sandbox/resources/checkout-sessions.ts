import { checkSession } from '../checkout/check-session.ts';
import type { CheckoutDetails, LineItem, Session } from '../checkout/details.ts';
import { expireSession } from '../checkout/expire.ts';
import { lineItemsOf } from '../checkout/line-items.ts';
import { newSession } from '../checkout/new-session.ts';
import type { Context } from '../state/context.ts';
import { invalid } from '../api/errors.ts';
import { equals, page } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';

const PATH = '/v1/checkout/sessions';

export const checkoutSessions: readonly Operation[] = [
  operation('POST', PATH, 'checkoutSessionCreate', createSession),
  retrieve(PATH, 'checkout.session'),
  operation('POST', `${PATH}/:id/expire`, 'expandOnly', (context, _params, id) => {
    const session = own(context, 'checkout.session', id);
    if (session.status === 'open') return expireSession(context, session);
    throw invalid(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
    );
  }),
  operation('GET', `${PATH}/:id/line_items`, 'checkoutSessionLineItemsList', (context, params, id) => {
    const session = own(context, 'checkout.session', id);
    return page(lineItemsOfSession(context, session), params, `${PATH}/${id}/line_items`);
  }),
  list(PATH, 'checkout.session', 'checkoutSessionList', (session, params) => {
    return (
      equals(session.customer_account, params.customer_account) &&
      equals(session.payment_link, params.payment_link) &&
      equals(session.customer, params.customer) &&
      equals(session.payment_intent, params.payment_intent) &&
      equals(session.subscription, params.subscription) &&
      equals(session.status, params.status) &&
      equals(session.customer_details?.email, params.customer_details?.email)
    );
  }),
];

export function lineItemsOfSession(context: Context, session: Session): readonly LineItem[] {
  return context.store.facts('checkout.session', session.id)?.lineItems ?? [];
}

function createSession(context: Context, params: Params<'checkoutSessionCreate'>): Session {
  const mode = checkSession(context, params);
  const lineItems = lineItemsOf(context, mode, params.line_items);
  const session = newSession(context, mode, params, lineItems);
  const details: CheckoutDetails = {
    lineItems,
    paymentIntentData: params.payment_intent_data,
    subscriptionData: params.subscription_data,
    paymentIntent: null,
    awaitingAuthentication: null,
  };
  context.store.setFacts('checkout.session', session.id, details);
  return context.store.put(session);
}
