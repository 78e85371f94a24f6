import { subscriptionMethod } from '../../billing/invoices/default-method.ts';
import type { PlanPreview } from '../../portal/change-plan.ts';
import type { Visit } from '../../portal/visit.ts';
import { displayMoney } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { hiddenFields, html, type Html } from '../html.ts';
import type { PageAnswer } from '../page.ts';
import { day, methodText, planName, priceText } from '../words.ts';
import { address, backLink, portalPage, type Problem } from './frame.ts';

type Invoice = ObjectTypes['invoice'];

/** What a change of plan costs, now and at the next renewal, before it is confirmed. */
export function previewPage(
  visit: Visit,
  preview: PlanPreview,
  fields: URLSearchParams,
  problem: Problem | undefined,
): PageAnswer {
  const { item, price, quantity, subscription } = preview.wish;
  const method = subscriptionMethod(visit.context, subscription);
  const plan = (one: typeof price, count: number): string =>
    `${planName(visit.context, one)}${count === 1 ? '' : ` × ${count}`}, ${priceText(one, count)}`;
  return portalPage(
    visit,
    'Confirm your new plan',
    html`
      <p>From ${plan(item.price, item.quantity ?? 1)}<br />to <strong>${plan(price, quantity)}</strong></p>
      ${consequences(preview)} ${method ? html`<p>Paid by ${methodText(method)}.</p>` : ''}
      <form method="post" action="${address(visit)}">
        ${hiddenFields({
          action: 'change_plan',
          subscription: subscription.id,
          price: price.id,
          quantity: String(quantity),
          promotion_code: fields.get('promotion_code') ?? '',
        })}
        <button class="wide-button">Confirm</button>
      </form>
      ${backLink(visit)}
    `,
    problem,
  );
}

function consequences({ isScheduled, now, next, nextAt }: PlanPreview): Html {
  if (isScheduled) return html`<p>Your plan changes on ${day(nextAt)}. Nothing is charged today.</p>`;
  return html`
    ${
      now
        ? html`<h2>Charged now: ${displayMoney(now.amount_due, now.currency)}</h2>
            ${lines(now)}`
        : html`<p>Nothing is charged today.</p>`
    }
    ${
      next
        ? html`<h2>On ${day(nextAt)}: ${displayMoney(next.amount_due, next.currency)}</h2>
            ${lines(next)}`
        : ''
    }
  `;
}

function lines({ lines: { data }, currency, total_discount_amounts: discounts }: Invoice): Html {
  const discount = (discounts ?? []).reduce((sum, { amount }) => sum + amount, 0);
  return html`<table>
    ${data.map(({ amount, description }) => row(description, amount, currency))}
    ${discount > 0 ? row('Discounts', -discount, currency) : ''}
  </table>`;
}

function row(name: string | null, amount: number, currency: string): Html {
  return html`<tr>
    <td>${name}</td>
    <td class="amount">${displayMoney(amount, currency)}</td>
  </tr>`;
}
