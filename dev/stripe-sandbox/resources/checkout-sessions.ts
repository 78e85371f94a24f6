import { checkSession } from '../checkout/check-session.ts';
import { detailsOf, type Session } from '../checkout/details.ts';
import { discountFor, priced } from '../checkout/discount-session.ts';
import { expireSession } from '../checkout/expire.ts';
import { lineItemsOf } from '../checkout/line-items.ts';
import { newSession } from '../checkout/new-session.ts';
import { change, type Context } from '../state/context.ts';
import { invalid, refuseUnsupported } from '../api/errors.ts';
import { mergeMetadata } from '../api/values.ts';
import { equals, page } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';

const PATH = '/v1/checkout/sessions';
const UNSUPPORTED_IN_UPDATES = [
  'collected_information',
  'line_items',
  'payment_intent_data',
  'shipping_options',
];

export const checkoutSessions: readonly Operation[] = [
  operation('POST', PATH, 'checkoutSessionCreate', createSession),
  retrieve(PATH, 'checkout.session'),
  operation('POST', `${PATH}/:id`, 'checkoutSessionUpdate', (context, params, id) => {
    refuseUnsupported(params, UNSUPPORTED_IN_UPDATES);
    const session = own(context, 'checkout.session', id);
    return change(context, session, { metadata: mergeMetadata(session.metadata ?? {}, params.metadata) });
  }),
  operation('POST', `${PATH}/:id/expire`, 'expandOnly', (context, _params, id) => {
    const session = own(context, 'checkout.session', id);
    if (session.status === 'open') return expireSession(context, session);
    throw invalid(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
    );
  }),
  operation('GET', `${PATH}/:id/line_items`, 'checkoutSessionLineItemsList', (context, params, id) => {
    const session = own(context, 'checkout.session', id);
    return page(detailsOf(context, session).lineItems, params, `${PATH}/${id}/line_items`);
  }),
  list(
    PATH,
    'checkout.session',
    'checkoutSessionList',
    (session, params) =>
      equals(session.customer_account, params.customer_account) &&
      equals(session.payment_link, params.payment_link) &&
      equals(session.customer, params.customer) &&
      equals(session.payment_intent, params.payment_intent) &&
      equals(session.subscription, params.subscription) &&
      equals(session.status, params.status) &&
      equals(session.customer_details?.email, params.customer_details?.email),
  ),
];

function createSession(context: Context, params: Params<'checkoutSessionCreate'>): Session {
  const mode = checkSession(context, params);
  const items = lineItemsOf(context, mode, params.line_items);
  const bare = newSession(context, mode, params, items);
  const [given] = params.discounts ?? [];
  const discount = given ? discountFor(context, bare, items, given, 'discounts[0]') : null;
  const { session, lineItems } = priced(bare, params, items, discount);
  context.store.setFacts('checkout.session', session.id, {
    asked: params,
    lineItems,
    discount,
    paymentIntent: null,
    setupIntent: null,
    awaitingAuthentication: null,
  });
  return context.store.put(session);
}
