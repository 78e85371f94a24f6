import { StripeFailure } from '../../api/errors.ts';
import { afterBank } from '../../portal/bank.ts';
import { previewPlan } from '../../portal/change-plan.ts';
import { runningSubscription, type Visit } from '../../portal/visit.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import type { PageAnswer } from '../page.ts';
import { cancelPage } from './cancel-page.ts';
import { cardPage } from './card-page.ts';
import { completionUrl, confirmedPage } from './confirmed-page.ts';
import { detailsPage } from './details-page.ts';
import type { Problem } from './frame.ts';
import { homePage } from './home-page.ts';
import { plansPage } from './plans-page.ts';
import { previewPage } from './preview-page.ts';

type Subscription = ObjectTypes['subscription'];

/** What a session's link opens: the page of its flow, or the portal's home. */
export function firstPage(visit: Visit): PageAnswer {
  const { flow } = visit.session;
  switch (flow?.type) {
    case 'customer_update':
      return pageNamed(visit, 'details', new URLSearchParams());
    case 'payment_method_update':
      return pageNamed(visit, 'card', new URLSearchParams());
    case 'subscription_cancel':
      return pageNamed(visit, 'cancel', about(flow.subscription_cancel));
    case 'subscription_update':
      return pageNamed(visit, 'plans', about(flow.subscription_update));
    case 'subscription_update_confirm':
      return pageNamed(visit, 'preview', about(flow.subscription_update_confirm));
    default:
      return homePage(visit, null);
  }
}

function about(data: { readonly subscription: string } | null): URLSearchParams {
  return new URLSearchParams({ subscription: data?.subscription ?? '' });
}

/** The page of this name; the home page when there is none, or when it is about nothing of the customer's. */
export function pageNamed(
  visit: Visit,
  name: string,
  fields: URLSearchParams,
  problem?: Problem,
): PageAnswer {
  switch (name) {
    case 'card':
      return cardPage(visit, fields, problem);
    case 'details':
      return detailsPage(visit, fields, problem);
    case 'confirmed':
      return confirmedPage(visit, fields.get('done'));
    case 'returned':
      return returnedPage(visit, fields);
    case 'cancel':
      return withSubscription(visit, fields, (one) => cancelPage(visit, one, problem), problem);
    case 'plans':
      return withSubscription(visit, fields, (one) => plansPage(visit, one, fields, problem), problem);
    case 'preview':
      return preview(visit, fields, problem);
    default:
      return homePage(visit, fields.get('done'), problem);
  }
}

/** What the chosen plan costs, or what speaks against it with the choice again, unless the flow has chosen. */
function preview(visit: Visit, fields: URLSearchParams, problem: Problem | undefined): PageAnswer {
  try {
    return previewPage(visit, previewPlan(visit, fields), fields, problem);
  } catch (error) {
    const isChosen = Boolean(visit.session.flow?.subscription_update_confirm);
    const refused = problemOf(error);
    return pageNamed(visit, isChosen ? 'home' : 'plans', fields, problem ?? refused);
  }
}

/** Where the bank sends the customer back to. */
function returnedPage(visit: Visit, fields: URLSearchParams): PageAnswer {
  try {
    afterBank(visit, fields.get('intent') ?? '');
    return { status: 303, location: completionUrl(visit, fields.get('done') ?? '') };
  } catch (error) {
    return homePage(visit, null, problemOf(error));
  }
}

/** What a Stripe failure tells the customer. Throws anything else. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof StripeFailure)) throw error;
  return { status: error.status, message: error.message };
}

function withSubscription(
  visit: Visit,
  fields: URLSearchParams,
  show: (subscription: Subscription) => PageAnswer,
  problem: Problem | undefined,
): PageAnswer {
  const subscription = runningSubscription(visit, fields.get('subscription') ?? '');
  if (subscription) return show(subscription);
  return homePage(visit, null, problem ?? { status: 404, message: 'There is no such subscription.' });
}
