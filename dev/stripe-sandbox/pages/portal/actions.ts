import { cancel, resume } from '../../portal/cancel.ts';
import { changePlan, keepPlan } from '../../portal/change-plan.ts';
import { payOpenInvoice } from '../../portal/pay-invoice.ts';
import type { Result } from '../../portal/result.ts';
import { updateCard } from '../../portal/update-card.ts';
import { updateDetails } from '../../portal/update-details.ts';
import type { Visit } from '../../portal/visit.ts';
import { typedCard } from '../card-form.ts';

interface Action {
  /** Does it by the fields of the form. Throws a StripeFailure, whose message the customer reads. */
  readonly run: (visit: Visit, fields: URLSearchParams) => Result;
  /** The page that is shown again when something was wrong. */
  readonly page: string;
}

/** What customers can do, by the `action` of the form. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['cancel', { run: cancel, page: 'cancel' }],
  ['change_plan', { run: changePlan, page: 'preview' }],
  ['keep_plan', { run: keepPlan, page: 'home' }],
  ['pay_invoice', { run: payOpenInvoice, page: 'home' }],
  ['resume', { run: resume, page: 'home' }],
  [
    'update_card',
    { run: (visit, fields) => updateCard(visit, typedCard(visit.context, fields)), page: 'card' },
  ],
  ['update_details', { run: updateDetails, page: 'details' }],
]);
