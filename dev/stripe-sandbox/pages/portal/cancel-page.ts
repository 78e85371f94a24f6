import { periodEnd } from '../../billing/subscriptions/billed-period.ts';
import type { Visit } from '../../portal/visit.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { hiddenFields, html, type Html } from '../html.ts';
import type { PageAnswer } from '../page.ts';
import { day, planName } from '../words.ts';
import { address, backLink, portalPage, type Problem } from './frame.ts';

type Subscription = ObjectTypes['subscription'];

/** Asks whether a subscription is really to end, when, and why. */
export function cancelPage(visit: Visit, subscription: Subscription, problem?: Problem): PageAnswer {
  const { mode, cancellation_reason: reason } = visit.configuration.features.subscription_cancel;
  const [item] = subscription.items.data;
  const name = item ? planName(visit.context, item.price) : 'Your subscription';
  return portalPage(
    visit,
    'Cancel your subscription',
    html`
      <p>
        ${
          mode === 'immediately'
            ? `${name} ends at once.`
            : `${name} stays yours until ${day(periodEnd(subscription))} and then ends.`
        }
      </p>
      <form method="post" action="${address(visit)}">
        ${hiddenFields({ action: 'cancel', subscription: subscription.id })}
        ${reason.enabled ? reasonFields(reason.options) : ''}
        <button class="wide-button grave">Cancel subscription</button>
      </form>
      ${backLink(visit)}
    `,
    problem,
  );
}

/** Stripe's reasons in the customer's words. */
const REASONS: Readonly<Record<string, string>> = {
  customer_service: 'The customer service was less than expected',
  low_quality: 'The quality was less than expected',
  missing_features: 'Some features are missing',
  other: 'Other reason',
  switched_service: 'I found an alternative',
  too_complex: 'It is too complex',
  too_expensive: 'It is too expensive',
  unused: 'I no longer need it',
};

function reasonFields(options: readonly string[]): Html {
  return html`<fieldset>
      <p>Why do you cancel? You need not answer.</p>
      ${options.map(
        (option) =>
          html`<label
            ><input type="radio" name="feedback" value="${option}" /> ${REASONS[option] ?? option}</label
          >`,
      )}
    </fieldset>
    <label>Anything else? <textarea name="comment" rows="2"></textarea></label>`;
}
