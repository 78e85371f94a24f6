import { MISBEHAVIOUR_NAMES, MISBEHAVIOURS, type Misbehaviour } from '../../chaos/config.ts';
import type { ChaosControl } from '../../chaos/control.ts';
import { hiddenFields, HOME, html, type Html } from '../html.ts';
import { button, type Content } from './layout.ts';

const LABELS: Readonly<Record<Misbehaviour, string>> = {
  duplicate: 'An event comes twice',
  reorder: 'Later events come first',
  delay: 'An event comes late',
  burst: 'Events gather and come at once',
  rate_limit: '429 before the work',
  error: '500 before the work',
  saved_error: '500 saved under the idempotency key',
  lost_answer: 'The answer is lost after the work',
  hang: 'No answer until the client gives up',
};

/** How Stripe misbehaves, and how often it has. */
export function chaosPage(chaos: ChaosControl): Content {
  const { config, counts } = chaos.state();
  const field = (name: Misbehaviour): Html =>
    html`<label>
      ${LABELS[name]} ${counts ? html`<small>(${counts[name]} times so far)</small>` : ''}
      <input
        type="number"
        name="${name}"
        min="0"
        max="1"
        step="any"
        value="${config?.[name]}"
        placeholder="0"
      />
    </label>`;
  const fieldsOf = (part: 'webhooks' | 'api'): Html[] =>
    MISBEHAVIOUR_NAMES.filter((name) => MISBEHAVIOURS[name] === part).map(field);
  return {
    title: 'Chaos',
    body: html`
      <p>
        ${config ? 'It is on.' : 'It is off.'} Each misbehaviour has a probability from 0 to 1. The same story
        meets the same faults when the seed is the same. When it ends, everything that was held back goes out.
      </p>
      <form method="post" action="${HOME}/chaos">
        ${hiddenFields({ back: `${HOME}/chaos` })}
        <label>Seed <input type="text" name="seed" value="${config?.seed ?? '1'}" /></label>
        <div class="row">
          <fieldset>
            <h2>Webhooks</h2>
            ${fieldsOf('webhooks')} ${milliseconds('delay_ms', config?.delay_ms)}
            ${milliseconds('burst_ms', config?.burst_ms)}
          </fieldset>
          <fieldset>
            <h2>API</h2>
            ${fieldsOf('api')}
            <label>
              Only these paths, with commas between them
              <input
                type="text"
                name="paths"
                value="${config?.paths?.join(', ')}"
                placeholder="/v1/prices, POST /v1/refunds"
              />
            </label>
          </fieldset>
        </div>
        <button>${config ? 'Begin anew' : 'Begin'}</button>
      </form>
      ${config ? html`<p>${button('End it', '/chaos', '/chaos', { fields: { off: '1' } })}</p>` : ''}
    `,
  };
}

function milliseconds(name: 'delay_ms' | 'burst_ms', value: number | undefined): Html {
  const label = name === 'delay_ms' ? 'How late at most' : 'How long events gather';
  return html`<label>
    ${label}, in milliseconds
    <input type="number" name="${name}" min="0" max="60000" value="${value}" placeholder="300" />
  </label>`;
}
