import { detailsOf, type LineItem, type Session } from '../checkout/details.ts';
import { collectsMethod } from '../checkout/pay.ts';
import type { Context } from '../state/context.ts';
import { displayMoney } from '../api/money.ts';
import { CARD_HINTS, cardFields } from './card-form.ts';
import { document, hiddenFields, HOME, html, problemText, type Html } from './html.ts';
import { couponText, day, priceText } from './words.ts';

/** What the buyer has typed already, to be shown again. */
export interface Typed {
  /** The session's own address, which the buyer does not change. */
  readonly knownEmail: string | null;
  readonly fields: URLSearchParams;
}

/** The page of an open session: the order, its promotion code, and the form that pays it. */
export function payForm(context: Context, session: Session, typed: Typed, problem?: string): Html {
  return document(
    submitText(context, session),
    html`
      ${orderSummary(context, session)} ${problemText(problem)}
      ${session.allow_promotion_codes ? codeForm(context, session, typed) : ''}
      <form method="post">
        <label>
          Email
          <input
            type="email"
            name="email"
            value="${typed.knownEmail ?? typed.fields.get('email')}"
            ${typed.knownEmail === null ? '' : 'readonly'}
          />
        </label>
        <label
          >Name <input type="text" name="name" autocomplete="name" value="${typed.fields.get('name')}"
        /></label>
        ${collectsMethod(session) ? methodFields(session, typed.fields) : ''}
        <button class="wide-button" name="action" value="pay">${submitText(context, session)}</button>
        <button class="quiet" name="action" value="cancel" formnovalidate>Cancel and go back</button>
      </form>
      ${collectsMethod(session) ? CARD_HINTS : ''}
    `,
  );
}

/** `Pay £4.00`, `Subscribe £24.90`, or that a trial begins. */
function submitText(context: Context, session: Session): string {
  if (trialText(context, session) !== null) return 'Start trial';
  return `${session.mode === 'subscription' ? 'Subscribe' : 'Pay'} ${totalOf(session)}`;
}

function totalOf(session: Session): string {
  return displayMoney(session.amount_total ?? 0, session.currency ?? 'gbp');
}

function orderSummary(context: Context, session: Session): Html {
  const trial = trialText(context, session);
  return html`<h1>Checkout</h1>
    <p class="total">${totalOf(session)}</p>
    ${trial === null ? '' : html`<p>${trial}</p>`}
    <table>
      ${detailsOf(context, session).lineItems.map(
        (item) =>
          html`<tr>
            <td>${item.description} ${item.quantity === 1 ? '' : html`<small>× ${item.quantity}</small>`}</td>
            <td class="amount">${itemPrice(item)}</td>
          </tr>`,
      )}
      ${discountRow(context, session)}
      <tr>
        <td>Due today</td>
        <td class="amount">${totalOf(session)}</td>
      </tr>
    </table>`;
}

function itemPrice({ price, quantity }: LineItem): string {
  return price ? priceText(price, quantity ?? 1) : '';
}

/** `14 days free, then £24.90 / month` */
function trialText(context: Context, session: Session): string | null {
  const { asked, lineItems } = detailsOf(context, session);
  const { trial_period_days: days, trial_end: end } = asked.subscription_data ?? {};
  if (days === undefined && end === undefined) return null;
  const free = end === undefined ? `${days} ${days === 1 ? 'day' : 'days'} free` : `Free until ${day(end)}`;
  const later = lineItems.filter(({ price }) => price?.recurring).map(itemPrice);
  return `${free}, then ${later.join(' and ')}`;
}

function discountRow(context: Context, session: Session): Html {
  const { discount } = detailsOf(context, session);
  if (!discount) return html``;
  const { coupon } = discount.terms;
  const off = displayMoney(-(session.total_details?.amount_discount ?? 0), session.currency ?? 'gbp');
  return html`<tr>
    <td>${coupon.name ?? coupon.id} <small>${couponText(coupon)}</small></td>
    <td class="amount">${off}</td>
  </tr>`;
}

function codeForm(context: Context, session: Session, typed: Typed): Html {
  const { discount } = detailsOf(context, session);
  const code = context.store.get('promotion_code', discount?.given.promotion_code ?? '');
  return code
    ? html`<form method="post">
        <p>
          Promotion code <code>${code.code}</code>
          <button class="small" name="action" value="remove_code">Remove</button>
        </p>
      </form>`
    : html`<form method="post">
        <label>
          Promotion code
          <input type="text" name="promotion_code" value="${typed.fields.get('promotion_code')}" />
        </label>
        <button class="small" name="action" value="apply_code">Apply</button>
      </form>`;
}

/** The choice between a card and a debit, each with its own fields, or the fields of the only one. */
function methodFields({ payment_method_types: types }: Session, typed: URLSearchParams): Html {
  const debit = types.find((type) => type in DEBITS);
  const card = types.includes('card') ? cardFields(typed) : undefined;
  if (debit === undefined) return card ?? html``;
  const chosen = typed.get('payment_method') ?? (card ? 'card' : debit);
  const choice = (type: string, label: Html): Html =>
    html`<label>
      <input type="radio" name="payment_method" value="${type}" ${type === chosen ? 'checked' : ''} />
      ${label}
    </label>`;
  return html`<fieldset>
    ${card ? html`${choice('card', html`<strong>Card</strong>`)} ${card}` : ''}
    ${choice(debit, html`<strong>Bank debit</strong>`)}
    <small>The money comes some days later, or when somebody says so on <a href="${HOME}">${HOME}</a>.</small>
    ${DEBITS[debit]?.(typed.get('account'))}
  </fieldset>`;
}

/** Bank accounts to try, by the type of debit. */
const DEBITS: Readonly<Record<string, (typed: string | null) => Html>> = {
  bacs_debit: (typed) => html`
    <label>
      Account number <input type="text" name="account" value="${typed}" placeholder="00012345" />
    </label>
    <small>00012345 pays · 22222227 has no money · 33333335 has not agreed</small>
  `,
  sepa_debit: (typed) => html`
    <label>
      IBAN <input type="text" name="account" value="${typed}" placeholder="AT61 1904 3002 3457 3201" />
    </label>
    <small>AT61 1904 3002 3457 3201 pays · AT98 1904 3000 0222 2227 has no money</small>
  `,
};

/** The bank asks the buyer. */
export function askPage(session: Session, typed: Typed): Html {
  return document(
    'Confirm your payment',
    html`<h1>Your bank asks</h1>
      <p>Do you confirm the payment of ${totalOf(session)}?</p>
      <form method="post">
        ${hiddenFields({ email: typed.fields.get('email') ?? '', name: typed.fields.get('name') ?? '' })}
        <button name="action" value="confirm">Complete authentication</button>
        <button class="quiet" name="action" value="refuse">Fail authentication</button>
      </form>`,
  );
}
