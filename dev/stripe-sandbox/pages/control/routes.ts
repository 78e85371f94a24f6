import { invalid } from '../../api/errors.ts';
import { own } from '../../api/operations.ts';
import { readChaosConfig } from '../../chaos/config.ts';
import { rollSecret } from '../../webhooks/secrets.ts';
import type { PageRequest, PageRoute } from '../page.ts';
import { HOME } from '../html.ts';
import { action, jsonOnly, view } from './answers.ts';
import { ask } from './ask.ts';
import { chaosPage } from './chaos-page.ts';
import type { Controls } from './controls.ts';
import { cancel, failNext, portalSession } from './customer-actions.ts';
import { customerPage } from './customer-page.ts';
import { endpointsPage } from './endpoints-page.ts';
import { eventPage } from './event-page.ts';
import { homePage } from './home-page.ts';
import { customersPage, deliveriesPage, eventsPage, paymentsPage, sessionsPage } from './list-pages.ts';
import { changeSettings, settingsPage } from './settings-page.ts';
import { paymentActions } from './payment-actions.ts';
import { stateOf } from './state.ts';
import { advanceClock, advanceOwnTime, ownTime } from './time-actions.ts';

/**
 * What a person, a test or a script sees and does behind Stripe's back. All
 * paths begin with `/_sandbox`. A form or JSON is taken; a browser's form is
 * led back to its page, and everybody else gets JSON.
 *
 * Pages: ``, `/customers`, `/customers/:id`, `/payments`, `/sessions`, `/events` (`type`),
 * `/events/:id`, `/deliveries`, `/endpoints`, `/chaos`, `/settings`.
 * As JSON: `GET /state` has everything, `GET /time` the sandbox's own time (`now`) and how far ahead of the wall
 * clock it is (`seconds_ahead`), `GET /chaos` the chaos and its counts.
 *
 * - `POST /time/advance`: `by` = `hour`, `day`, `week`, `month` or `next`; or `to`, Unix seconds
 * - `POST /test-clocks/:id/advance`: the same for a test clock
 * - `POST /customers/:id/fail-next`: `times` (1; 0 ends it), `decline_code`
 * - `POST /customers/:id/portal`: opens the customer portal
 * - `POST /subscriptions/:id/cancel`: `when` = `now`, `period_end` or `never`
 * - `POST /invoices/:id/pay`: pays an open invoice with the customer's method
 * - `POST /payments/:id/settle`: `outcome` of a bank debit = `succeed` or `fail`
 * - `POST /sessions/:id/settle`: the same; `POST /sessions/:id/expire`
 * - `POST /charges/:id/refund`: `amount` in the currency's smallest unit, or `money` as people write it
 *   (`1.50`); all that is left by default
 * - `POST /charges/:id/dispute`: `kind` = `fraudulent`, `product_not_received` or `inquiry`
 * - `POST /refunds/:id/settle`, `POST /refunds/:id/fail`: the bank's last word
 * - `POST /disputes/:id/close`: `outcome` = `won` or `lost`; `POST /disputes/:id/escalate`: an inquiry
 *   becomes a chargeback
 * - `POST /events/:id/resend`: to all endpoints that want it, or to `endpoint`
 * - `POST /endpoints/:id`: `disabled`; `POST /endpoints/:id/roll`: a new secret; the old one signs for
 *   `overlap_seconds` (0) more
 * - `POST /chaos`: begins it, by the members of `ChaosConfig`; `off` ends it, as `DELETE /chaos` does
 * - `POST /settings`: `after_last_retry` = `cancel`, `unpaid` or `past_due`
 */
export function controlPages(controls: Controls): readonly PageRoute[] {
  return [
    toHome,
    ...pages(controls),
    action('/settings', changeSettings),
    ...timeActions,
    ...customerActions,
    ...paymentActions,
    ...webhookActions(controls),
  ];
}

/** The bare address leads to what a person can use. */
const toHome: PageRoute = { method: 'GET', path: '/', handle: () => ({ status: 303, location: HOME }) };

function pages(controls: Controls): PageRoute[] {
  const { chaos, deliveries } = controls;
  return [
    view('', ({ context }) => homePage(context, controls)),
    view('/', ({ context }) => homePage(context, controls)),
    view('/customers', ({ context }) => customersPage(context)),
    view('/customers/:id', customerPage),
    view('/payments', ({ context }) => paymentsPage(context)),
    view('/sessions', ({ context }) => sessionsPage(context)),
    view('/events', ({ context, fields }) => eventsPage(context, deliveries, fields.get('type') ?? '')),
    view('/events/:id', (request) => eventPage(request, deliveries)),
    view('/deliveries', () => deliveriesPage(deliveries)),
    view('/endpoints', ({ context }) => endpointsPage(context)),
    view(
      '/chaos',
      () => chaosPage(chaos),
      () => chaos.state(),
    ),
    view('/settings', ({ context }) => settingsPage(context)),
    jsonOnly('/time', ownTime),
    jsonOnly('/state', ({ context }) => stateOf(context, controls)),
  ];
}

const timeActions: readonly PageRoute[] = [
  action('/time/advance', advanceOwnTime),
  action('/test-clocks/:id/advance', advanceClock),
];

const customerActions: readonly PageRoute[] = [
  action('/customers/:id/fail-next', failNext),
  action('/customers/:id/portal', portalSession, { leadTo: ({ url }) => url }),
  action('/subscriptions/:id/cancel', cancel),
  action('/invoices/:id/pay', ({ context, id }) => ask(context, 'POST', `/v1/invoices/${id}/pay`)),
  action('/sessions/:id/expire', ({ context, id }) =>
    ask(context, 'POST', `/v1/checkout/sessions/${id}/expire`),
  ),
];

function webhookActions({ chaos, deliveries }: Controls): PageRoute[] {
  return [
    action('/chaos', ({ fields }) => chaos.set(fields.has('off') ? undefined : readChaosConfig(fields))),
    action('/chaos', () => chaos.set(undefined), { method: 'DELETE' }),
    action('/events/:id/resend', ({ context, fields, id }) => {
      const event = own(context, 'event', id);
      const endpoints = deliveries.sendAgain(event, fields.get('endpoint') ?? undefined);
      if (endpoints === 0) throw invalid('There is no endpoint that wants this event.', 'endpoint');
      return { sent: id, endpoints };
    }),
    action('/endpoints/:id', ({ context, fields, id }) =>
      ask(context, 'POST', `/v1/webhook_endpoints/${id}`, { disabled: fields.get('disabled') ?? '' }),
    ),
    action('/endpoints/:id/roll', roll),
  ];
}

function roll({ context, fields, id }: PageRequest): object {
  const endpoint = own(context, 'webhook_endpoint', id);
  const overlapSeconds = Number(fields.get('overlap_seconds') ?? 0);
  return { id, secret: rollSecret(context.store, endpoint.id, context.sandboxClock.now(), overlapSeconds) };
}
