import type { Context } from '../../state/context.ts';
import type { AccountSettings } from '../../state/settings.ts';
import { hiddenFields, HOME, html } from '../html.ts';
import type { PageRequest } from '../page.ts';
import { choice } from './answers.ts';
import type { Content } from './layout.ts';

const AFTER_LAST_RETRY = [
  ['cancel', 'Cancel the subscription'],
  ['unpaid', 'Mark the subscription as unpaid'],
  ['past_due', 'Leave the subscription past due'],
] as const satisfies readonly (readonly [AccountSettings['afterLastRetry'], string])[];

/** What a Stripe account is set to in its dashboard. */
export function settingsPage({ store }: Context): Content {
  const options = AFTER_LAST_RETRY.map(
    ([value, label]) =>
      html`<label>
        <input
          type="radio"
          name="after_last_retry"
          value="${value}"
          ${value === store.settings.afterLastRetry ? 'checked' : ''}
        />
        ${label}
      </label>`,
  );
  return {
    title: 'Settings',
    body: html`<form method="post" action="${HOME}/settings">
      ${hiddenFields({ back: `${HOME}/settings` })}
      <fieldset>
        <h2>When all retries of an invoice’s payment have failed</h2>
        ${options}
      </fieldset>
      <button>Save</button>
    </form>`,
  };
}

/** Sets the account. Returns all its settings as they are then. */
export function changeSettings({ context: { store }, fields }: PageRequest): AccountSettings {
  const choices = AFTER_LAST_RETRY.map(([value]) => value);
  store.changeSettings({ afterLastRetry: choice(fields, 'after_last_retry', choices) });
  return store.settings;
}
