import { invalid, noSuch, refuseUnsupported } from '../api/errors.ts';
import { equals, inRange, page } from '../api/lists.ts';
import { operation, own, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../api/values.ts';
import { planOf, tellPlan, type Plan } from '../objects/plan.ts';
import { createPrice } from '../objects/price.ts';
import { change, type Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { DeletedObject, Store } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/plans';
type Price = ObjectTypes['price'];

/** Recurring prices by their older face (https://docs.stripe.com/api/plans). */
export const plans: readonly Operation[] = [
  operation('POST', PATH, 'planCreate', createPlan),
  operation('GET', `${PATH}/:id`, 'expandOnly', (context, _params, id) => planOf(ownPrice(context, id))),
  operation('POST', `${PATH}/:id`, 'planUpdate', (context, params, id) => {
    refuseUnsupported(params, ['product', 'trial_period_days']);
    const price = ownPrice(context, id);
    const patch = defined({
      active: params.active,
      metadata: mergeMetadata(price.metadata, params.metadata),
      nickname: updatedText(params.nickname, undefined),
    });
    tellPlan(context, 'plan.updated', { ...price, ...patch }, price);
    return planOf(change(context, price, patch, 'price.updated'));
  }),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) =>
    deletePlan(context, ownPrice(context, id)),
  ),
  operation('GET', PATH, 'planList', (context, params) =>
    page(
      context.store
        .all('price')
        .filter((price) => price.recurring !== null)
        .map(planOf),
      params,
      PATH,
      (plan) =>
        equals(plan.active, params.active) &&
        equals(plan.product, params.product) &&
        inRange(plan.created, params.created),
    ),
  ),
];

function ownPrice(context: Context, id: string): Price {
  const price = own(context, 'price', id);
  if (price.recurring) return price;
  throw noSuch('plan', id, 'id', 404);
}

function createPlan(context: Context, params: Params<'planCreate'>): Plan {
  const { amount, amount_decimal, id, interval, interval_count, meter, product, ...rest } = params;
  const { trial_period_days, usage_type, transform_usage, metadata, ...shared } = rest;
  refuseUnsupported({ transform_usage }, ['transform_usage']);
  if (id && context.store.find(id)) throw invalid('Plan already exists.', 'id', 'resource_already_exists');
  const optional = defined({
    metadata: metadata || undefined,
    product: typeof product === 'string' ? product : undefined,
    product_data: typeof product === 'object' ? product : undefined,
    unit_amount: amount,
    unit_amount_decimal: amount_decimal,
  });
  const recurring = { interval, ...defined({ interval_count, meter, trial_period_days, usage_type }) };
  return planOf(createPrice(context, { ...shared, ...optional, recurring }, id || newId('plan_')));
}

const USERS = [
  'checkout.session',
  'invoice',
  'invoiceitem',
  'subscription',
  'subscription_schedule',
] as const;

/** Nothing here could go on without a price that it names: then it stays, which Stripe is not so strict about. */
function deletePlan(context: Context, price: Price): DeletedObject {
  if (isUsed(context.store, price)) {
    throw invalid('The local Stripe sandbox only deletes plans that nothing has used.');
  }
  context.events.emit(context, 'plan.deleted', planOf(price));
  context.events.emit(context, 'price.deleted', price);
  return { ...context.store.delete(price), object: 'plan' };
}

function isUsed(store: Store, { id, product }: Price): boolean {
  const names = (value: unknown): boolean => JSON.stringify(value ?? null).includes(`"${id}"`);
  return (
    store.get('product', product)?.default_price === id ||
    store
      .all('billing_portal.configuration')
      .some((one) => names(store.facts('billing_portal.configuration', one.id))) ||
    store.all('checkout.session').some((one) => names(store.facts('checkout.session', one.id))) ||
    USERS.some((kind) => store.all(kind).some(names))
  );
}
