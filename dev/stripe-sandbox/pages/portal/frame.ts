import { displayMoney } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import type { Visit } from '../../portal/visit.ts';
import { document, hiddenFields, html, problemText, type Html } from '../html.ts';
import type { PageAnswer } from '../page.ts';

/** Where a link or a form of the portal leads: its home page, or one of its others. */
export function address({ session }: Visit, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  const { pathname } = new URL(session.url);
  return search === '' ? pathname : `${pathname}?${search}`;
}

/** What was wrong with the form that led to a page. */
export interface Problem {
  readonly status: number;
  readonly message: string;
}

/** One page of the portal. */
export function portalPage(visit: Visit, title: string, body: Html, problem?: Problem): PageAnswer {
  const { headline } = visit.configuration.business_profile;
  return {
    status: problem?.status ?? 200,
    html: document(
      title,
      html`
        ${headline === null ? '' : html`<p><small>${headline}</small></p>`}
        <h1>${title}</h1>
        ${problemText(problem?.message)} ${body} ${wayBack(visit)} ${legalLinks(visit)}
      `,
    ),
  };
}

function wayBack({ session }: Visit): Html {
  return session.return_url === null ? html`` : html`<p><a href="${session.return_url}">Return</a></p>`;
}

function legalLinks({ configuration }: Visit): Html {
  const { privacy_policy_url: privacy, terms_of_service_url: terms } = configuration.business_profile;
  if (privacy === null && terms === null) return html``;
  return html`<p>
    <small>
      ${terms === null ? '' : html`<a href="${terms}">Terms</a>`}
      ${privacy === null ? '' : html`<a href="${privacy}">Privacy</a>`}
    </small>
  </p>`;
}

/** The way from a page of the portal to its home. A flow has none: it is for one thing only. */
export function backLink(visit: Visit): Html {
  return visit.session.flow === null ? html`<p><a href="${address(visit)}">Back to billing</a></p>` : html``;
}

/** A form that does one thing by one button. */
export function actionButton(
  visit: Visit,
  action: string,
  label: string,
  fields: Readonly<Record<string, string>> = {},
  size: 'small' | '' = '',
): Html {
  return html`<form method="post" action="${address(visit)}">
    ${hiddenFields({ action, ...fields })}
    <button class="${size}">${label}</button>
  </form>`;
}

/** Pays an open invoice with the saved card; `small` stands in a table. */
export function payButton(visit: Visit, invoice: ObjectTypes['invoice'], size: 'small' | '' = ''): Html {
  const amount = displayMoney(invoice.amount_remaining, invoice.currency);
  return actionButton(visit, 'pay_invoice', `Pay ${amount} now`, { invoice: String(invoice.id) }, size);
}
