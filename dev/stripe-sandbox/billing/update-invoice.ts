import { invalid, refuseUnsupported } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../api/values.ts';
import { advancing, DAY_SECONDS } from '../objects/invoice.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { checkDue, UNSUPPORTED_IN_INVOICES, writtenMembers } from './create-invoice.ts';
import { withTotals } from './invoice-totals.ts';
import { redeem } from './redeem.ts';

type Invoice = ObjectTypes['invoice'];
type UpdateParams = Params<'invoiceUpdate'>;

/** What can still be changed of a finalized invoice. */
const EDITABLE = new Set(['auto_advance', 'default_payment_method', 'expand', 'metadata']);

/** Changes a draft, or the little that can be changed of a finalized invoice (`invoice.updated`). */
export function updateInvoice(context: Context, invoice: Invoice, params: UpdateParams): Invoice {
  refuseUnsupported(params, UNSUPPORTED_IN_INVOICES);
  if (params.automatic_tax?.enabled) {
    throw invalid('The local Stripe sandbox has no taxes.', 'automatic_tax[enabled]');
  }
  if (invoice.status !== 'draft') return updateFinalized(context, invoice, params);
  const method = params.collection_method ?? invoice.collection_method;
  checkDue(context, method, params);
  const { days_until_due: days } = params;
  const patch = defined({
    ...writtenMembers(context, invoice.customer ?? '', params),
    ...advancement(context, invoice, method, params),
    collection_method: method,
    description: updatedText(params.description, invoice.description),
    discounts: discountsOf(context, invoice, params),
    due_date: days === undefined ? params.due_date : invoice.created + days * DAY_SECONDS,
    metadata: mergeMetadata(invoice.metadata ?? {}, params.metadata),
  });
  return change(context, invoice, withTotals(context, { ...invoice, ...patch }), 'invoice.updated');
}

/** When a draft goes on by itself after an update; nothing said of it changes nothing. */
function advancement(
  context: Context,
  invoice: Invoice,
  method: Invoice['collection_method'],
  params: UpdateParams,
): Partial<Invoice> {
  const at = params.automatically_finalizes_at;
  const isCharged = method === 'charge_automatically';
  if (at !== undefined) {
    return {
      auto_advance: true,
      automatically_finalizes_at: at,
      next_payment_attempt: isCharged ? at : null,
    };
  }
  const { auto_advance: wanted = invoice.auto_advance ?? false } = params;
  if (wanted !== invoice.auto_advance) return advancing(context, method, wanted);
  return { next_payment_attempt: isCharged ? invoice.automatically_finalizes_at : null };
}

function discountsOf(context: Context, invoice: Invoice, params: UpdateParams): string[] | undefined {
  if (params.discounts === undefined) return undefined;
  const target = { customer: invoice.customer, invoice: invoice.id };
  return redeem(context, params.discounts || [], target, 'discounts').map(({ id }) => id);
}

function updateFinalized(context: Context, invoice: Invoice, params: UpdateParams): Invoice {
  const frozen = Object.keys(params).find((name) => !EDITABLE.has(name));
  if (frozen !== undefined) throw notEditable(frozen);
  const isCollected = invoice.status === 'open' && invoice.collection_method === 'charge_automatically';
  const { auto_advance: wanted = invoice.auto_advance ?? false } = params;
  if (wanted !== invoice.auto_advance && invoice.status !== 'open') throw notEditable('auto_advance');
  const next = wanted && isCollected ? advancing(context, 'charge_automatically', true) : undefined;
  const patch = {
    ...writtenMembers(context, invoice.customer ?? '', params),
    auto_advance: wanted,
    metadata: mergeMetadata(invoice.metadata ?? {}, params.metadata),
    ...(wanted !== invoice.auto_advance && { next_payment_attempt: next?.next_payment_attempt ?? null }),
  };
  return change(context, invoice, patch, 'invoice.updated');
}

function notEditable(param: string): Error {
  return invalid("Finalized invoices can't be updated in this way", param, 'invoice_not_editable');
}
