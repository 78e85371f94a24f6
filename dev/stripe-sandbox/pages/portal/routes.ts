import { visitOf, type Visit } from '../../portal/visit.ts';
import { document, html } from '../html.ts';
import type { PageAnswer, PageRequest, PageRoute } from '../page.ts';
import { homePage } from './home-page.ts';

const PATH = '/p/session/:id';

/** The customer portal: what a customer has, and what can be done about it. */
export const portalPages: readonly PageRoute[] = [
  { method: 'GET', path: PATH, handle: (request) => withVisit(request, show) },
];

function withVisit(
  request: PageRequest,
  handle: (visit: Visit, fields: URLSearchParams) => PageAnswer,
): PageAnswer {
  const visit = visitOf(request.context, request.id);
  if (visit === 'unknown') return closed(404, 'Not found', 'There is no such portal session.');
  if (visit === 'over') {
    return closed(410, 'This link has expired', 'Please open the portal again from the shop.');
  }
  return handle(visit, request.fields);
}

function closed(status: number, title: string, message: string): PageAnswer {
  return {
    status,
    html: document(
      title,
      html`<h1>${title}</h1>
        <p>${message}</p>`,
    ),
  };
}

function show(visit: Visit, fields: URLSearchParams): PageAnswer {
  return homePage(visit, { done: fields.get('done') });
}
