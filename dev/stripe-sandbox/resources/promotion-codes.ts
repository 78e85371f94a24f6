import { invalid, refuseUnsupported } from '../api/errors.ts';
import { equals } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata } from '../api/values.ts';
import { isSameCode } from '../billing/discounts/check-redemption.ts';
import { isUsable } from '../billing/discounts/coupon-validity.ts';
import { checkUnique, createPromotionCode } from '../objects/promotion-code.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/promotion_codes';
type PromotionCode = ObjectTypes['promotion_code'];

export const promotionCodes: readonly Operation[] = [
  operation('POST', PATH, 'promotionCodeCreate', createPromotionCode),
  retrieve(PATH, 'promotion_code'),
  operation('POST', `${PATH}/:id`, 'promotionCodeUpdate', (context, params, id) =>
    updateCode(context, own(context, 'promotion_code', id), params),
  ),
  list(
    PATH,
    'promotion_code',
    'promotionCodeList',
    (code, params) =>
      equals(code.active, params.active) &&
      equals(code.customer, params.customer) &&
      equals(code.customer_account, params.customer_account) &&
      equals(code.promotion.coupon, params.coupon) &&
      (params.code === undefined || isSameCode(code.code, params.code)),
  ),
];

function updateCode(
  context: Context,
  code: PromotionCode,
  params: Params<'promotionCodeUpdate'>,
): PromotionCode {
  refuseUnsupported(params, ['restrictions']);
  if (params.active && !code.active) checkReactivation(context, code);
  const patch = defined({
    active: params.active,
    metadata: mergeMetadata(code.metadata ?? {}, params.metadata),
  });
  return change(context, code, patch, 'promotion_code.updated');
}

function checkReactivation(context: Context, code: PromotionCode): void {
  const coupon = context.store.get('coupon', code.promotion.coupon ?? '');
  if (!coupon?.valid || !isUsable(code, context.now())) {
    throw invalid('This promotion code cannot be reactivated: it can no longer be redeemed.', 'active');
  }
  checkUnique(context, code.code, code.customer);
}
