import { payOpenInvoice } from '../../portal/pay-invoice.ts';
import type { Result } from '../../portal/result.ts';
import { updateDetails } from '../../portal/update-details.ts';
import type { Visit } from '../../portal/visit.ts';

interface Action {
  /** Does it by the fields of the form. Throws a StripeFailure, whose message the customer reads. */
  readonly run: (visit: Visit, fields: URLSearchParams) => Result;
  /** The page that is shown again when something was wrong. */
  readonly page: string;
}

/** What customers can do, by the `action` of the form. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['pay_invoice', { run: payOpenInvoice, page: 'home' }],
  ['update_details', { run: updateDetails, page: 'details' }],
]);
