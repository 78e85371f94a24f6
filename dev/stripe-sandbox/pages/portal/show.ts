import { bankRefusal } from '../../portal/bank.ts';
import { runningSubscription, type Visit } from '../../portal/visit.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import type { PageAnswer } from '../page.ts';
import { cancelPage } from './cancel-page.ts';
import { cardPage } from './card-page.ts';
import { completionUrl, confirmedPage } from './confirmed-page.ts';
import { detailsPage } from './details-page.ts';
import type { Problem } from './frame.ts';
import { homePage } from './home-page.ts';

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
      return cardPage(visit, problem);
    case 'details':
      return detailsPage(visit, fields, problem);
    case 'confirmed':
      return confirmedPage(visit, fields.get('done'));
    case 'returned':
      return returnedPage(visit, fields);
    case 'cancel':
      return withSubscription(visit, fields, (one) => cancelPage(visit, one, problem), problem);
    default:
      return homePage(visit, fields.get('done'), problem);
  }
}

/** Where the bank sends the customer back to. */
function returnedPage(visit: Visit, fields: URLSearchParams): PageAnswer {
  const refusal = bankRefusal(visit, fields.get('intent') ?? '');
  if (refusal !== undefined) return homePage(visit, null, { status: 402, message: refusal });
  return { status: 303, location: completionUrl(visit, fields.get('done') ?? '') };
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
