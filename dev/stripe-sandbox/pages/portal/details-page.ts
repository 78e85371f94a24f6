import { changeableDetails, type Detail } from '../../portal/update-details.ts';
import type { Visit } from '../../portal/visit.ts';
import { hiddenFields, html, type Html } from '../html.ts';
import type { PageAnswer } from '../page.ts';
import { address, backLink, portalPage, type Problem } from './frame.ts';

/** A form of what customers may change about themselves. */
export function detailsPage(visit: Visit, fields: URLSearchParams, problem?: Problem): PageAnswer {
  const changeable = changeableDetails(visit);
  return portalPage(
    visit,
    'Your details',
    html`
      <form method="post" action="${address(visit)}">
        ${hiddenFields({ action: 'update_details' })} ${changeable.map((name) => inputs(visit, fields, name))}
        <button class="wide-button">Save</button>
      </form>
      ${backLink(visit)}
    `,
    problem,
  );
}

function inputs({ customer }: Visit, fields: URLSearchParams, name: Detail): Html {
  const input = (field: string, label: string, old: string | null | undefined, type = 'text'): Html =>
    html`<label
      >${label} <input type="${type}" name="${field}" value="${fields.get(field) ?? old}"
    /></label>`;
  switch (name) {
    case 'name':
      return input('name', 'Name', customer.name);
    case 'email':
      return input('email', 'Email', customer.email, 'email');
    case 'phone':
      return input('phone', 'Phone', customer.phone);
    case 'address':
      return html`
        ${input('line1', 'Address', customer.address?.line1)}
        ${input('line2', 'Address, second line', customer.address?.line2)}
        ${input('city', 'City', customer.address?.city)} ${input('state', 'State', customer.address?.state)}
        ${input('postal_code', 'Postal code', customer.address?.postal_code)}
        ${input('country', 'Country, by its two letters', customer.address?.country)}
      `;
    default:
      return html``;
  }
}
