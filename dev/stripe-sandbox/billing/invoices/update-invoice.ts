import { invalid } from '../../api/errors.ts';
import type { Params } from '../../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../../api/values.ts';
import { advancing } from '../../objects/invoice.ts';
import { DAY_SECONDS } from '../../state/period.ts';
import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { checkDue, checkPlayed, checkedFinalization, writtenMembers } from './create-invoice.ts';
import { discountIds } from '../discounts/redeem.ts';
import { withTotals } from './invoice-totals.ts';

type Invoice = ObjectTypes['invoice'];
type UpdateParams = Params<'invoiceUpdate'>;

/** What can still be changed of a finalized invoice. */
const EDITABLE = new Set(['auto_advance', 'default_payment_method', 'expand', 'metadata']);

/** Changes a draft, or the little that can be changed of a finalized invoice (`invoice.updated`). */
export function updateInvoice(context: Context, invoice: Invoice, params: UpdateParams): Invoice {
  checkPlayed(params);
  if (invoice.status !== 'draft') return updateFinalized(context, invoice, params);
  const method = params.collection_method ?? invoice.collection_method;
  checkDue(context, method, params, invoice.due_date);
  const { days_until_due: days } = params;
  const patch = defined({
    ...writtenMembers(context, invoice.customer ?? '', params),
    ...advancement(context, invoice, method, params),
    collection_method: method,
    description: updatedText(params.description, invoice.description),
    discounts:
      params.discounts === undefined
        ? undefined
        : discountIds(context, params.discounts, { customer: invoice.customer, invoice: invoice.id }),
    ...(days !== undefined && { due_date: invoice.created + days * DAY_SECONDS }),
    ...(method === 'charge_automatically' && { due_date: null }),
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
  if (at !== undefined) return advancing(context, method, true, checkedFinalization(context, at));
  const { auto_advance: wanted = invoice.auto_advance ?? false } = params;
  if (wanted !== invoice.auto_advance) return advancing(context, method, wanted);
  const isCharged = method === 'charge_automatically';
  return { next_payment_attempt: isCharged ? invoice.automatically_finalizes_at : null };
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
