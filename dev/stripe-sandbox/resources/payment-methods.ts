import { missing, noSuch, refuseUnsupported } from '../api/errors.ts';
import { equals, page } from '../api/lists.ts';
import { list, named, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { detachMethod, methodsOf } from '../payments/keep-method.ts';
import { namedMethod } from '../payments/named-method.ts';
import { attachOnRequest, createMethod, updateMethod } from '../payments/payment-methods.ts';

const PATH = '/v1/payment_methods';
const OF_CUSTOMER = '/v1/customers/:id/payment_methods';

export const paymentMethods: readonly Operation[] = [
  operation('POST', PATH, 'paymentMethodCreate', (context, params) => {
    refuseUnsupported(params, ['customer', 'payment_method', 'radar_options']);
    return createMethod(context, params);
  }),
  retrieve(PATH, 'payment_method'),
  operation('POST', `${PATH}/:id`, 'paymentMethodUpdate', (context, params, id) =>
    updateMethod(context, own(context, 'payment_method', id), params),
  ),
  operation('POST', `${PATH}/:id/attach`, 'paymentMethodAttach', (context, params, id) => {
    refuseUnsupported(params, ['customer_account']);
    if (params.customer === undefined) throw missing('customer');
    const customer = named(context, 'customer', params.customer, 'customer');
    return attachOnRequest(context, namedMethod(context, id, 'payment_method'), customer.id);
  }),
  operation('POST', `${PATH}/:id/detach`, 'paymentMethodDetach', (context, _params, id) =>
    detachMethod(context, own(context, 'payment_method', id)),
  ),
  list(
    PATH,
    'payment_method',
    'paymentMethodList',
    (method, params) =>
      equals(method.customer, params.customer) &&
      equals(method.customer_account, params.customer_account) &&
      equals(method.type, params.type) &&
      equals(method.allow_redisplay, params.allow_redisplay),
  ),
  operation('GET', OF_CUSTOMER, 'customerPaymentMethods', (context, params, id) => {
    const methods = methodsOf(context, own(context, 'customer', id).id).filter(
      (method) => equals(method.type, params.type) && equals(method.allow_redisplay, params.allow_redisplay),
    );
    return page(methods, params, `/v1/customers/${id}/payment_methods`);
  }),
  operation('GET', `${OF_CUSTOMER}/:child`, 'expandOnly', (context, _params, id, child) => {
    const method = own(context, 'payment_method', child);
    if (method.customer !== id) throw noSuch('payment_method', child, 'payment_method', 404);
    return method;
  }),
];
