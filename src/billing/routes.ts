import { accountOf, answer, createRoutes, defineRoute, jsonBody, jsonResponse } from '../http/index.ts';
import { createBalanceRoutes } from './balance-routes.ts';
import { openPortal } from './open-portal.ts';
import { createPaymentRoutes } from './payment-routes.ts';
import {
  createCheckoutAnswer,
  createCheckoutBody,
  portalAnswer,
  portalBody,
  purchaseCreditsAnswer,
  purchaseCreditsBody,
} from './schemas.ts';
import { createStatusRoutes } from './status-routes.ts';
import { createSubscriptionRoutes } from './subscription-routes.ts';
import { createTopUpRoutes } from './top-up-routes.ts';
import { startCheckout } from './start-checkout.ts';

const checkoutProblems =
  'A customer that a service or an admin names, and that is not there yet, is made. 409 `price_changed` carries the present offer as `current`. 503 `offer_not_synced` while it is not at Stripe yet.';

const createCheckout = defineRoute(
  'account',
  {
    method: 'post',
    path: '/payment/create-checkout',
    summary: 'Open a pay page for a plan',
    description:
      'Sells what the plan is offered for now, and closes the customer’s other pay pages for plans. 404 ' +
      `\`plan_not_found\`. ${checkoutProblems} 409 \`already_subscribed\` with the present subscription as \`current\`; ` +
      '`checkout_superseded` when another page of the customer was opened or paid meanwhile.',
    tags: ['Payment'],
    request: { body: jsonBody(createCheckoutBody) },
    responses: { 200: jsonResponse('Where to pay.', createCheckoutAnswer) },
  },
  { scope: 'checkout:create' },
);

const purchaseCredits = defineRoute(
  'account',
  {
    method: 'post',
    path: '/payment/purchase-credits',
    summary: 'Open a pay page for a credit package',
    description: `Sells what the package is offered for now. 404 \`package_not_found\`. ${checkoutProblems}`,
    tags: ['Payment'],
    request: { body: jsonBody(purchaseCreditsBody) },
    responses: { 200: jsonResponse('Where to pay.', purchaseCreditsAnswer) },
  },
  { scope: 'checkout:create' },
);

const createPortalSession = defineRoute(
  'account',
  {
    method: 'post',
    path: '/payment/create-portal-session',
    summary: 'Open the billing portal',
    description:
      'Invoices and payment methods, at Stripe. 409 `no_billing_account` before a first checkout. 404 `customer_not_found`.',
    tags: ['Payment'],
    request: { body: { ...jsonBody(portalBody), required: false } },
    responses: { 200: jsonResponse('Where the portal is.', portalAnswer) },
  },
  { scope: 'checkout:create' },
);

/** Buying, and what was bought. */
export function createBillingRoutes() {
  return createRoutes()
    .openapi(createCheckout, async (c) => {
      const { plan, price_id, customer } = c.req.valid('json');
      const account = accountOf(c, customer);
      const item = { type: 'plan', key: plan } as const;
      const { checkoutUrl, sessionId } = await startCheckout(c.get('deps'), account, item, price_id);
      return answer(c, createCheckoutAnswer, {
        success: true,
        checkout_url: checkoutUrl,
        session_id: sessionId,
      });
    })
    .openapi(purchaseCredits, async (c) => {
      const { package: key, price_id, customer } = c.req.valid('json');
      const account = accountOf(c, customer);
      const item = { type: 'package', key } as const;
      const { checkoutUrl, sessionId, credits } = await startCheckout(c.get('deps'), account, item, price_id);
      return answer(c, purchaseCreditsAnswer, {
        success: true,
        checkout_url: checkoutUrl,
        session_id: sessionId,
        credits,
      });
    })
    .openapi(createPortalSession, async (c) => {
      const account = accountOf(c, c.req.valid('json').customer);
      const url = await openPortal(c.get('deps'), account);
      return answer(c, portalAnswer, { success: true, portal_url: url });
    })
    .route('/', createPaymentRoutes())
    .route('/', createBalanceRoutes())
    .route('/', createTopUpRoutes())
    .route('/', createStatusRoutes())
    .route('/', createSubscriptionRoutes());
}
