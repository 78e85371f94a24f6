import { readCard } from '../payments/cards.ts';
import type { Session } from '../checkout/details.ts';
import { finishAuthentication, payWithBankDebit, payWithCard, type PayOutcome } from '../checkout/pay.ts';
import type { Context } from '../state/context.ts';
import { displayMoney } from '../state/money.ts';
import { lineItemsOfSession } from '../resources/checkout-sessions.ts';
import type { Buyer } from '../objects/payment-method.ts';
import { isEmail } from '../api/values.ts';
import { CARD_HINTS, cardFields } from './card-form.ts';
import { document, html, type Html } from './html.ts';
import type { PageAnswer, PageRequest, PageRoute } from './page.ts';

const PATH = '/c/pay/:id';

/**
 * The hosted payment page, a plain form. POST takes `action` = `pay` (the
 * default), `cancel`, `confirm` or `refuse` (the bank's question), and for
 * `pay`: `payment_method` (`card` or `bacs_debit`), `email`, `name`,
 * `card_number`, `exp` (MM/YY), `cvc`.
 *
 * Answers: 303 to success_url or cancel_url, 402 with the form again after a
 * decline, 400 after a mistake in the form.
 */
export const payPage: readonly PageRoute[] = [
  { method: 'GET', path: PATH, handle: (request) => withSession(request, showForm) },
  { method: 'POST', path: PATH, handle: (request) => withSession(request, act) },
];

function withSession(
  request: PageRequest,
  handle: (request: PageRequest, session: Session) => PageAnswer,
): PageAnswer {
  const session = request.context.store.get('checkout.session', request.id);
  if (!session) return closed(404, 'Not found', 'There is no such checkout.');
  if (session.status === 'expired')
    return closed(410, 'This page has expired', 'Please start again in the shop.');
  return handle(request, session);
}

function showForm(request: PageRequest, session: Session): PageAnswer {
  if (session.status === 'complete')
    return closed(200, "You're all done here", 'This payment was completed.');
  return { status: 200, html: formPage(request, session) };
}

function act(request: PageRequest, session: Session): PageAnswer {
  const { context, fields } = request;
  // A second tab or a double click: what is paid stays paid once.
  if (session.status === 'complete') return { status: 303, location: successUrl(session) };
  switch (fields.get('action') ?? 'pay') {
    case 'cancel':
      return session.cancel_url === null
        ? closed(200, 'Cancelled', 'You may close this page.')
        : { status: 303, location: session.cancel_url };
    case 'confirm':
      return answerOf(
        request,
        session,
        finishAuthentication(context, session, buyerOf(request, session), true),
      );
    case 'refuse':
      return answerOf(
        request,
        session,
        finishAuthentication(context, session, buyerOf(request, session), false),
      );
    case 'pay':
      return pay(request, session);
    default:
      return { status: 400, html: formPage(request, session, 'Unknown action.') };
  }
}

function pay(request: PageRequest, session: Session): PageAnswer {
  const { context, fields } = request;
  const buyer = buyerOf(request, session);
  const mistake = (message: string): PageAnswer => ({
    status: 400,
    html: formPage(request, session, message),
  });
  if (buyer.email === null) return mistake('Your email is incomplete.');
  if (fields.get('payment_method') === 'bacs_debit') {
    if (!session.payment_method_types.includes('bacs_debit')) return mistake('Please pay by card.');
    return answerOf(request, session, payWithBankDebit(context, session, buyer));
  }
  const card = readCard(
    { number: text(fields, 'card_number'), expiry: text(fields, 'exp'), cvc: text(fields, 'cvc') },
    new Date(context.now() * 1000),
  );
  if (typeof card === 'string') return mistake(card);
  return answerOf(request, session, payWithCard(context, session, buyer, card));
}

function answerOf(request: PageRequest, session: Session, outcome: PayOutcome): PageAnswer {
  switch (outcome.kind) {
    case 'complete':
      return { status: 303, location: successUrl(outcome.session) };
    case 'declined':
      return { status: 402, html: formPage(request, session, outcome.message) };
    case 'authentication_required':
      return { status: 200, html: authenticationPage(request, session) };
  }
}

function successUrl(session: Session): string {
  return (session.success_url ?? '').replaceAll('{CHECKOUT_SESSION_ID}', session.id);
}

/** The session's own e-mail address wins over the form's, as on the real page. */
function buyerOf({ context, fields }: PageRequest, session: Session): Buyer {
  const typed = text(fields, 'email');
  return {
    email: knownEmail(context, session) ?? (isEmail(typed) ? typed : null),
    name: text(fields, 'name') || null,
  };
}

function knownEmail(context: Context, session: Session): string | null {
  const customer = session.customer === null ? undefined : context.store.get('customer', session.customer);
  return customer?.email ?? session.customer_email;
}

function text(fields: URLSearchParams, name: string): string {
  return (fields.get(name) ?? '').trim();
}

function formPage({ context, fields }: PageRequest, session: Session, problem?: string): Html {
  const email = knownEmail(context, session);
  const verb = session.mode === 'subscription' ? 'Subscribe' : 'Pay';
  return document(
    `${verb} ${totalOf(session)}`,
    html`
      ${orderSummary(context, session)}
      ${problem === undefined ? '' : html`<p class="problem" role="alert">${problem}</p>`}
      <form method="post">
        <label>
          Email
          <input
            type="email"
            name="email"
            value="${email ?? fields.get('email')}"
            ${email === null ? '' : 'readonly'}
          />
        </label>
        <label
          >Name <input type="text" name="name" autocomplete="name" value="${fields.get('name')}"
        /></label>
        ${cardFields()} ${methodChoice(session)}
        <button class="wide-button" name="action" value="pay">${verb} ${totalOf(session)}</button>
        <button class="quiet" name="action" value="cancel" formnovalidate>Cancel and go back</button>
      </form>
      ${CARD_HINTS}
    `,
  );
}

function methodChoice(session: Session): Html {
  if (!session.payment_method_types.includes('bacs_debit')) return html``;
  return html`
    <label><input type="radio" name="payment_method" value="card" checked /> Card</label>
    <label>
      <input type="radio" name="payment_method" value="bacs_debit" /> Bank debit: paid days later, settle it
      on
      <a href="/_sandbox">/_sandbox</a>
    </label>
  `;
}

function orderSummary(context: Context, session: Session): Html {
  const rows = lineItemsOfSession(context, session).map((item) => {
    const recurring = item.price?.recurring;
    const every = recurring
      ? ` / ${recurring.interval_count > 1 ? `${recurring.interval_count} ` : ''}${recurring.interval}`
      : '';
    return html`<tr>
      <td>${item.description} <small>× ${item.quantity}</small></td>
      <td class="amount">${displayMoney(item.amount_total, item.currency)}${every}</td>
    </tr>`;
  });
  return html`<h1>Checkout</h1>
    <p class="total">${totalOf(session)}</p>
    <table>
      ${rows}
    </table>`;
}

function totalOf(session: Session): string {
  return displayMoney(session.amount_total ?? 0, session.currency ?? 'gbp');
}

function authenticationPage({ fields }: PageRequest, session: Session): Html {
  return document(
    'Confirm your payment',
    html`<h1>Your bank asks</h1>
      <p>Do you confirm the payment of ${totalOf(session)}?</p>
      <form method="post">
        <input type="hidden" name="email" value="${fields.get('email')}" />
        <input type="hidden" name="name" value="${fields.get('name')}" />
        <button name="action" value="confirm">Complete authentication</button>
        <button class="quiet" name="action" value="refuse">Fail authentication</button>
      </form>`,
  );
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
