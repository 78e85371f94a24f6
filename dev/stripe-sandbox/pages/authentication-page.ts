import { intentSettled } from '../billing/invoices/collect-invoice.ts';
import { authenticationUrl, payIntent } from '../payments/pay-intent.ts';
import { setUp } from '../payments/setup-intents.ts';
import type { Context } from '../state/context.ts';
import { displayMoney } from '../api/money.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { document, html } from './html.ts';
import { notice, type PageAnswer, type PageRequest, type PageRoute } from './page.ts';

type Intent = ObjectTypes['payment_intent'] | ObjectTypes['setup_intent'];

const PATH = '/authenticate/:id';

/**
 * The page of a bank that wants to know whether it is really its customer who
 * pays or saves a card. POST takes `action` = `confirm` or `fail`. Answers: 303
 * to the intent's return_url, which learns of the result by its query; without
 * one a page that says it.
 */
export const authenticationPages: readonly PageRoute[] = [
  { method: 'GET', path: PATH, handle: (request) => withIntent(request, ask) },
  { method: 'POST', path: PATH, handle: (request) => withIntent(request, answer) },
];

function withIntent(
  request: PageRequest,
  handle: (request: PageRequest, intent: Intent) => PageAnswer,
): PageAnswer {
  const { context, id } = request;
  const intent = context.store.get('payment_intent', id) ?? context.store.get('setup_intent', id);
  if (!intent) return notice(404, 'Not found', 'There is nothing to authenticate.');
  // An intent of a checkout or of an old attempt is asked about elsewhere, or no more.
  const asked = intent.next_action?.redirect_to_url?.url === authenticationUrl(context, id);
  return asked ? handle(request, intent) : notice(410, 'Nothing to confirm', 'Your bank has no question.');
}

function ask(_request: PageRequest, intent: Intent): PageAnswer {
  const what =
    intent.object === 'payment_intent'
      ? html`the payment of ${displayMoney(intent.amount, intent.currency)}`
      : 'that your card is saved';
  return {
    status: 200,
    html: document(
      'Your bank asks',
      html`<h1>Your bank asks</h1>
        <p>Do you confirm ${what}?</p>
        <form method="post">
          <button name="action" value="confirm">Complete authentication</button>
          <button class="quiet" name="action" value="fail">Fail authentication</button>
        </form>`,
    ),
  };
}

function answer(request: PageRequest, intent: Intent): PageAnswer {
  const action = request.fields.get('action');
  if (action !== 'confirm' && action !== 'fail') return notice(400, 'Unknown action', 'Please go back.');
  const after = finish(request.context, intent, action === 'confirm' ? 'confirmed' : 'refused');
  const result = after.status === 'requires_payment_method' ? 'failed' : 'succeeded';
  const returnUrl = intent.next_action?.redirect_to_url?.return_url ?? null;
  if (returnUrl === null) return notice(200, `Authentication ${result}`, 'You may close this page.');
  const location = new URL(returnUrl);
  location.searchParams.set(after.object, after.id);
  location.searchParams.set(`${after.object}_client_secret`, after.client_secret ?? '');
  location.searchParams.set('redirect_status', result);
  return { status: 303, location: location.href };
}

function finish(context: Context, intent: Intent, authentication: 'confirmed' | 'refused'): Intent {
  const method = context.store.must('payment_method', intent.payment_method ?? '');
  if (intent.object === 'setup_intent') return setUp(context, intent, method, { authentication });
  const tried = payIntent(context, intent, method, { offSession: false, authentication });
  intentSettled(context, tried);
  return tried;
}
