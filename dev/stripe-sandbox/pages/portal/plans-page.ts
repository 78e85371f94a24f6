import { offeredPrices, quantityBounds } from '../../portal/offer.ts';
import type { Visit } from '../../portal/visit.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { hiddenFields, html, type Html } from '../html.ts';
import type { PageAnswer } from '../page.ts';
import { planName, priceText } from '../words.ts';
import { address, backLink, portalPage, type Problem } from './frame.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** The plans to choose from; the next page shows what the choice costs. */
export function plansPage(
  visit: Visit,
  subscription: Subscription,
  fields: URLSearchParams,
  problem?: Problem,
): PageAnswer {
  const { default_allowed_updates: allowed } = visit.configuration.features.subscription_update;
  const [item] = subscription.items.data;
  const chosen = fields.get('price') ?? item?.price.id;
  return portalPage(
    visit,
    'Change your plan',
    html`
      <form method="get" action="${address(visit)}">
        ${hiddenFields({ page: 'preview', subscription: subscription.id })}
        ${choices(visit, subscription).map((price) => choice(visit, price, item?.price.id, chosen))}
        ${item ? quantityField(visit, subscription, fields) : ''}
        ${
          allowed.includes('promotion_code')
            ? html`<label>
                Promotion code
                <input type="text" name="promotion_code" value="${fields.get('promotion_code')}" />
              </label>`
            : ''
        }
        <button class="wide-button">Continue</button>
      </form>
      ${backLink(visit)}
    `,
    problem,
  );
}

/** The present plan and those that may take its place. */
function choices({ context, configuration }: Visit, subscription: Subscription): Price[] {
  const { default_allowed_updates: allowed } = configuration.features.subscription_update;
  const current = subscription.items.data.map(({ price }) => price);
  const offered = allowed.includes('price') ? offeredPrices(context, configuration, subscription) : [];
  return [...current, ...offered.filter(({ id }) => current.every((one) => one.id !== id))];
}

function choice(
  { context }: Visit,
  price: Price,
  current: string | undefined,
  chosen: string | undefined,
): Html {
  return html`<label class="card">
    <input type="radio" name="price" value="${price.id}" ${price.id === chosen ? 'checked' : ''} />
    <strong>${planName(context, price)}</strong> ${priceText(price)}
    ${price.id === current ? html`<span class="tag">Your plan</span>` : ''}
  </label>`;
}

function quantityField(
  { context, configuration }: Visit,
  { items }: Subscription,
  fields: URLSearchParams,
): Html {
  const [item] = items.data;
  if (!item || !quantityBounds(context, configuration, item.price)) return html``;
  const quantity = fields.get('quantity') ?? String(item.quantity ?? 1);
  return html`<label>
    Quantity <input type="number" name="quantity" min="0" step="1" value="${quantity}" />
  </label>`;
}
