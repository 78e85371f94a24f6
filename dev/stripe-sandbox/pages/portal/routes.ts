import { visitOf, type Visit } from '../../portal/visit.ts';
import { notice, type PageAnswer, type PageRequest, type PageRoute } from '../page.ts';
import { ACTIONS } from './actions.ts';
import { completionUrl } from './confirmed-page.ts';
import { homePage } from './home-page.ts';
import { firstPage, pageNamed, problemOf } from './pages.ts';

const PATH = '/p/session/:id';

/**
 * The customer portal: what a customer has, and what can be done about it.
 *
 * GET takes `page` = `home`, `plans`, `preview`, `cancel`, `card` or `details`,
 * and the fields that the page is about; the ends of a flow and of the bank's
 * question lead to `confirmed` and `returned`. POST takes `action` and its fields:
 *
 * - `cancel`: `subscription`, and if the configuration asks why, `feedback`
 *   (one of Stripe's reasons) and `comment`
 * - `change_plan`: `subscription`, and what is to change: `price`, `quantity`,
 *   `promotion_code` (as the customer types it)
 * - `keep_plan`: `subscription`, whose change at the period's end is undone
 * - `resume`: `subscription`, which was to end
 * - `pay_invoice`: `invoice`
 * - `update_card`: `card_number`, `exp` (MM/YY), `cvc`
 * - `update_details`: `name`, `email`, `phone`, or the address by `line1`,
 *   `line2`, `city`, `state`, `postal_code`, `country`
 *
 * Answers: 303 to the portal, to the flow's own end or to the bank's question;
 * 400 after a mistake and 402 after a decline, with the page and what was wrong;
 * 404 for an unknown link and 410 for one that is too old.
 */
export const portalPages: readonly PageRoute[] = [
  { method: 'GET', path: PATH, handle: (request) => withVisit(request, show) },
  { method: 'POST', path: PATH, handle: (request) => withVisit(request, act) },
];

function withVisit(
  request: PageRequest,
  handle: (visit: Visit, fields: URLSearchParams) => PageAnswer,
): PageAnswer {
  const visit = visitOf(request.context, request.id);
  if (visit === 'unknown') return notice(404, 'Not found', 'There is no such portal session.');
  if (visit === 'over') {
    return notice(410, 'This link has expired', 'Please open the portal again from the shop.');
  }
  return handle(visit, request.fields);
}

function show(visit: Visit, fields: URLSearchParams): PageAnswer {
  const page = fields.get('page');
  return page === null ? firstPage(visit) : pageNamed(visit, page, fields);
}

function act(visit: Visit, fields: URLSearchParams): PageAnswer {
  const action = ACTIONS.get(fields.get('action') ?? '');
  if (!action) return homePage(visit, null, { status: 400, message: 'Unknown action.' });
  try {
    const result = action.run(visit, fields);
    const location = 'bankAsks' in result ? result.bankAsks : completionUrl(visit, result.done);
    return { status: 303, location };
  } catch (error) {
    return pageNamed(visit, action.page, fields, problemOf(error));
  }
}
