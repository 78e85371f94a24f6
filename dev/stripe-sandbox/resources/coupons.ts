import { refuseUnsupported } from '../api/errors.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { defined, mergeMetadata } from '../api/values.ts';
import { deactivateCodes } from '../billing/discounts/coupon-validity.ts';
import { checkedName, createCoupon } from '../objects/coupon.ts';
import { change } from '../state/context.ts';

const PATH = '/v1/coupons';

export const coupons: readonly Operation[] = [
  operation('POST', PATH, 'couponCreate', createCoupon),
  retrieve(PATH, 'coupon'),
  operation('POST', `${PATH}/:id`, 'couponUpdate', (context, params, id) => {
    refuseUnsupported(params, ['currency_options']);
    const coupon = own(context, 'coupon', id);
    const patch = defined({
      metadata: mergeMetadata(coupon.metadata ?? {}, params.metadata),
      name: params.name === undefined ? undefined : checkedName(params.name),
    });
    return change(context, coupon, patch, 'coupon.updated');
  }),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) => {
    const coupon = own(context, 'coupon', id);
    deactivateCodes(context, id);
    const products = context.store.facts('coupon', id)?.products ?? null;
    context.store.setFacts('coupon', id, { products, deleted: coupon });
    context.events.emit(context, 'coupon.deleted', coupon);
    return context.store.delete(coupon);
  }),
  list(PATH, 'coupon', 'couponList'),
];
