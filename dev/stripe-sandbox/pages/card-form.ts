import { readCard, type Card } from '../payments/cards.ts';
import type { Context } from '../state/context.ts';
import { html, type Html } from './html.ts';

/** Fields for a card as somebody types it: `card_number`, `exp` (MM/YY), `cvc`. */
export function cardFields(): Html {
  return html`
    <label>
      Card number
      <input type="text" name="card_number" inputmode="numeric" placeholder="4242 4242 4242 4242" />
    </label>
    <div class="row">
      <label>Expiry <input type="text" name="exp" placeholder="12/34" /></label>
      <label>CVC <input type="text" name="cvc" inputmode="numeric" placeholder="123" /></label>
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
  return readCard(
    { number: text('card_number'), expiry: text('exp'), cvc: text('cvc') },
    new Date(context.now() * 1000),
  );
}
