import { refuseUnsupported } from '../api/errors.ts';
import { cardSource } from '../objects/card.ts';
import { page } from '../api/lists.ts';
import { operation, own, type Operation } from '../api/operations.ts';
import { mergeMetadata } from '../api/values.ts';
import { methodsOf } from '../payments/keep-method.ts';
import { addSource, removeSource, shown, sourceOf, updateSource } from '../payments/sources.ts';

const PATH = '/v1/customers/:id/sources';
const BANK_ACCOUNTS = ['account_holder_name', 'account_holder_type', 'owner'];

/** Cards the legacy way, by token (https://docs.stripe.com/payments/older-apis). They work as payment methods, too. */
export const customerSources: readonly Operation[] = [
  operation('POST', PATH, 'customerSourceCreate', (context, params, id) => {
    refuseUnsupported(params, ['validate']);
    const customer = own(context, 'customer', id);
    return addSource(context, customer, params.source, mergeMetadata({}, params.metadata));
  }),
  operation('GET', PATH, 'customerSourceList', (context, params, id) => {
    const { object } = params;
    const cards = methodsOf(context, own(context, 'customer', id).id).flatMap(
      (method) => cardSource(method) ?? [],
    );
    const kept = object === undefined || object === 'card' ? cards : [];
    return page(kept, params, `/v1/customers/${id}/sources`);
  }),
  operation('GET', `${PATH}/:child`, 'expandOnly', (context, _params, id, child) =>
    shown(context, sourceOf(context, own(context, 'customer', id), child).id),
  ),
  operation('POST', `${PATH}/:child`, 'customerSourceUpdate', (context, params, id, child) => {
    refuseUnsupported(params, BANK_ACCOUNTS);
    return updateSource(context, sourceOf(context, own(context, 'customer', id), child), params);
  }),
  operation('DELETE', `${PATH}/:child`, 'nothing', (context, _params, id, child) =>
    removeSource(context, sourceOf(context, own(context, 'customer', id), child)),
  ),
];
