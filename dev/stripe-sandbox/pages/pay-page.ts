import { StripeFailure } from '../api/errors.ts';
import { isEmail } from '../api/values.ts';
import { knownEmail } from '../checkout/customer.ts';
import type { Session } from '../checkout/details.ts';
import { applyCode, removeCode } from '../checkout/discount-session.ts';
import { collectsMethod, finishAuthentication, payWith, type PayOutcome } from '../checkout/pay.ts';
import { newBankDebit, newCard, newSepaDebit, type Buyer } from '../objects/payment-method.ts';
import { typedCard } from './card-form.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { notice, type PageAnswer, type PageRequest, type PageRoute } from './page.ts';
import { askPage, payForm, type Typed } from './pay-form.ts';

const PATH = '/c/pay/:id';

/**
 * The hosted payment page, a plain form. POST takes `action` = `pay` (the
 * default), `cancel`, `confirm` or `refuse` (the bank's question), `apply_code`
 * (with `promotion_code`) or `remove_code`. `pay` takes `email`, `name`,
 * `payment_method` (`card`, `bacs_debit`, `sepa_debit`); for a card
 * `card_number`, `exp` (MM/YY), `cvc`; for a debit `account`.
 *
 * Answers: 303 to success_url or cancel_url, or to the page itself after a
 * promotion code; 402 with the form again after a decline, 400 after a mistake
 * in the form.
 */
export const payPages: readonly PageRoute[] = [
  { method: 'GET', path: PATH, handle: (request) => withSession(request, showForm) },
  { method: 'POST', path: PATH, handle: (request) => withSession(request, act) },
];

type Handle = (request: PageRequest, session: Session) => PageAnswer;

function withSession(request: PageRequest, handle: Handle): PageAnswer {
  const session = request.context.store.get('checkout.session', request.id);
  if (!session) return notice(404, 'Not found', 'There is no such checkout.');
  if (session.status === 'expired') {
    return notice(410, 'This page has expired', 'Please start again in the shop.');
  }
  return handle(request, session);
}

function showForm(request: PageRequest, session: Session): PageAnswer {
  return session.status === 'complete'
    ? notice(200, "You're all done here", 'This payment was completed.')
    : form(request, 200);
}

/** What a button of the page does, by its `action`. */
const ACTIONS: ReadonlyMap<string, Handle> = new Map<string, Handle>([
  ['', pay],
  ['pay', pay],
  ['cancel', cancel],
  ['confirm', (request, session) => authenticate(request, session, true)],
  ['refuse', (request, session) => authenticate(request, session, false)],
  ['apply_code', apply],
  [
    'remove_code',
    (request, session) => {
      removeCode(request.context, session);
      return again(session);
    },
  ],
]);

function cancel(_request: PageRequest, session: Session): PageAnswer {
  if (session.cancel_url === null) return notice(200, 'Cancelled', 'You may close this page.');
  return { status: 303, location: session.cancel_url };
}

function apply(request: PageRequest, session: Session): PageAnswer {
  const applied = applyCode(request.context, session, text(request, 'promotion_code'));
  return typeof applied === 'string' ? form(request, 400, applied) : again(session);
}

function act(request: PageRequest, session: Session): PageAnswer {
  // A second tab or a double click: what is paid stays paid once.
  if (session.status === 'complete') return { status: 303, location: successUrl(session) };
  const action = ACTIONS.get(text(request, 'action'));
  if (!action) return form(request, 400, 'Unknown action.');
  try {
    return action(request, session);
  } catch (error) {
    if (error instanceof StripeFailure) return form(request, 400, error.message);
    throw error;
  }
}

function pay(request: PageRequest, session: Session): PageAnswer {
  const buyer = buyerOf(request, session);
  if (buyer.email === null) return form(request, 400, 'Your email is incomplete.');
  const method = collectsMethod(session) ? methodOf(request, session, buyer) : null;
  if (typeof method === 'string') return form(request, 400, method);
  return answerOf(request, session, payWith(request.context, session, buyer, method));
}

function authenticate(request: PageRequest, session: Session, confirmed: boolean): PageAnswer {
  const buyer = buyerOf(request, session);
  return answerOf(request, session, finishAuthentication(request.context, session, buyer, confirmed));
}

/** The payment method that the form describes; a string is what the buyer has to correct. */
function methodOf(
  request: PageRequest,
  session: Session,
  buyer: Buyer,
): ObjectTypes['payment_method'] | string {
  const { context } = request;
  const type = text(request, 'payment_method') || 'card';
  if (!session.payment_method_types.includes(type)) return `${type} cannot pay this.`;
  if (type !== 'card') return debitOf(context, buyer, type, text(request, 'account'));
  const card = typedCard(context, request.fields);
  return typeof card === 'string' ? card : newCard(context, buyer, card);
}

/** A bank account by its number or IBAN; without one, an account that has the money. */
function debitOf(
  context: Context,
  buyer: Buyer,
  type: string,
  account: string,
): ObjectTypes['payment_method'] | string {
  if (type === 'sepa_debit') {
    const iban = account.replaceAll(' ', '').toUpperCase() || 'AT611904300234573201';
    if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) return 'Your IBAN is invalid.';
    return newSepaDebit(context, buyer, iban);
  }
  if (account === '') return newBankDebit(context, buyer);
  if (!/^\d{8}$/.test(account)) return 'Your account number is invalid.';
  return newBankDebit(context, buyer, { sortCode: '108800', accountNumber: account });
}

function answerOf(request: PageRequest, session: Session, outcome: PayOutcome): PageAnswer {
  switch (outcome.kind) {
    case 'complete':
      return { status: 303, location: successUrl(outcome.session) };
    case 'declined':
      return form(request, 402, outcome.message);
    case 'authentication_required':
      return { status: 200, html: askPage(session, typedIn(request, session)) };
  }
}

/** The form with the session as it is now. */
function form(request: PageRequest, status: number, problem?: string): PageAnswer {
  const session = request.context.store.must('checkout.session', request.id);
  return { status, html: payForm(request.context, session, typedIn(request, session), problem) };
}

/** Back to the page, so that loading it again repeats nothing. */
function again(session: Session): PageAnswer {
  return { status: 303, location: session.url ?? '' };
}

function successUrl(session: Session): string {
  return (session.success_url ?? '').replaceAll('{CHECKOUT_SESSION_ID}', session.id);
}

function typedIn(request: PageRequest, session: Session): Typed {
  return {
    knownEmail: knownEmail(request.context, session),
    fields: request.fields,
  };
}

/** The session's own e-mail address wins over the form's, as on the real page. */
function buyerOf(request: PageRequest, session: Session): Buyer {
  const typed = text(request, 'email');
  return {
    email: knownEmail(request.context, session) ?? (isEmail(typed) ? typed : null),
    name: text(request, 'name') || null,
  };
}

function text({ fields }: PageRequest, name: string): string {
  return (fields.get(name) ?? '').trim();
}
