import { readCard, type Card } from '../banks/cards.ts';
import type { Context } from '../state/context.ts';
import { html, type Html } from './html.ts';

/**
 * Fields for a card as somebody types it: `card_number`, `exp` (MM/YY), `cvc`,
 * with what was `typed` before. A browser is not to offer real cards here.
 */
export function cardFields(typed: URLSearchParams): Html {
  const input = (name: string, placeholder: string): Html =>
    html`<input
      type="text"
      name="${name}"
      value="${typed.get(name)}"
      inputmode="numeric"
      autocomplete="off"
      placeholder="${placeholder}"
    />`;
  return html`
    <label>Card number ${input('card_number', '4242 4242 4242 4242')}</label>
    <div class="row">
      <label>Expiry ${input('exp', '12/34')}</label>
      <label>CVC ${input('cvc', '123')}</label>
    </div>
  `;
}

const TEST_CARDS = [
  ['4242 4242 4242 4242', 'is paid'],
  ['4000 0000 0000 0002', 'is declined'],
  ['4000 0000 0000 9995', 'has insufficient funds'],
  ['4000 0025 0000 3155', 'asks its bank once, to be saved'],
  ['4000 0027 6000 3184', 'asks its bank every time'],
  ['4000 0000 0000 0341', 'can be saved, and is then declined'],
  ['4000 0000 0000 0259', 'is paid, and then disputed'],
  ['4000 0000 0000 5126', 'is paid, and a refund fails later'],
] as const;

/** What a person can try, and what comes of it (https://docs.stripe.com/testing). */
export const CARD_HINTS = html`<small>
  Test cards, with any expiry to come and any CVC:
  <ul>
    ${TEST_CARDS.map(([number, outcome]) => html`<li><code>${number}</code> ${outcome}</li>`)}
  </ul>
</small>`;

/** The card that was typed into those fields; a string is what the buyer has to correct. */
export function typedCard(context: Context, fields: URLSearchParams): Card | string {
  const text = (name: string): string => fields.get(name) ?? '';
  return readCard({ number: text('card_number'), expiry: text('exp'), cvc: text('cvc') }, context.now());
}
