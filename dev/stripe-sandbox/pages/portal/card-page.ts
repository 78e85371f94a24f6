import type { Visit } from '../../portal/visit.ts';
import { CARD_HINTS, cardFields } from '../card-form.ts';
import { hiddenFields, html } from '../html.ts';
import type { PageAnswer } from '../page.ts';
import { address, backLink, portalPage, type Problem } from './frame.ts';

/** A form for the card that is to pay from now on. */
export function cardPage(visit: Visit, fields: URLSearchParams, problem?: Problem): PageAnswer {
  return portalPage(
    visit,
    'Update your card',
    html`
      <form method="post" action="${address(visit)}">
        ${hiddenFields({ action: 'update_card' })} ${cardFields(fields)}
        <button class="wide-button">Save card</button>
      </form>
      ${CARD_HINTS} ${backLink(visit)}
    `,
    problem,
  );
}
