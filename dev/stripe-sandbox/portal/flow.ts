import { invalid, missing, noSuch, refuseUnsupported, type StripeFailure } from '../api/errors.ts';
import { named } from '../api/operations.ts';
import { isEnding } from '../billing/subscriptions/cancellation.ts';
import { isOver } from '../billing/subscriptions/end-subscription.ts';
import type { Params } from '../api/parameters.ts';
import { textOrNull } from '../api/values.ts';
import { checkWebAddress } from '../api/web-address.ts';
import { checkRedeemable } from '../billing/discounts/redeem.ts';
import type { Configuration } from '../objects/portal-configuration.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { offeredPrices } from './offer.ts';

type FlowParam = NonNullable<Params<'portalSessionCreate'>['flow_data']>;
type Flow = NonNullable<ObjectTypes['billing_portal.session']['flow']>;
type Subscription = ObjectTypes['subscription'];

/**
 * The one thing that a session is for
 * (https://docs.stripe.com/customer-management/portal-deep-links). Throws
 * Stripe's 400 for what the customer could not do there.
 */
export function newFlow(
  context: Context,
  params: FlowParam,
  customer: string,
  configuration: Configuration,
): Flow {
  const base: Flow = {
    after_completion: afterCompletion(params.after_completion),
    customer_update: null,
    subscription_cancel: null,
    subscription_pause: null,
    subscription_update: null,
    subscription_update_confirm: null,
    type: params.type,
  };
  const ask = { context, customer, configuration };
  const { features } = configuration;
  switch (params.type) {
    case 'customer_update':
      if (!features.customer_update.enabled) throw disabled('The customer', 'customer update');
      return { ...base, customer_update: {} };
    case 'payment_method_update':
      if (!features.payment_method_update.enabled)
        throw disabled('The payment method', 'payment method update');
      return base;
    case 'subscription_cancel':
      return { ...base, subscription_cancel: cancelFlow(ask, params.subscription_cancel) };
    case 'subscription_update': {
      const { subscription } = given(params.subscription_update, 'subscription_update');
      updatable(ask, subscription, 'subscription_update');
      return { ...base, subscription_update: { subscription } };
    }
    case 'subscription_update_confirm':
      return {
        ...base,
        subscription_update_confirm: confirmFlow(ask, params.subscription_update_confirm),
      };
    case 'subscription_pause':
      throw invalid(
        'The local Stripe sandbox does not pause subscriptions in the portal.',
        'flow_data[type]',
      );
  }
}

/** Who asks, and what is allowed. */
interface Ask {
  readonly context: Context;
  readonly customer: string;
  readonly configuration: Configuration;
}

function disabled(noun: string, feature: string): StripeFailure {
  const verb = feature === 'subscription cancel' ? 'canceled' : 'updated';
  return invalid(
    `${noun} cannot be ${verb} because the ${feature} feature in the portal configuration is disabled.`,
    'flow_data[type]',
  );
}

function given<Data>(data: Data | undefined, name: string): Data {
  if (data === undefined) throw missing(`flow_data[${name}]`);
  return data;
}

function afterCompletion(params: FlowParam['after_completion']): Flow['after_completion'] {
  const type = params?.type ?? 'portal_homepage';
  if (type === 'redirect') {
    const url = params?.redirect?.return_url;
    if (!url) throw missing('flow_data[after_completion][redirect][return_url]');
    checkWebAddress(url, 'flow_data[after_completion][redirect][return_url]');
    return { hosted_confirmation: null, redirect: { return_url: url }, type };
  }
  const message = textOrNull(params?.hosted_confirmation?.custom_message);
  const confirmation = type === 'hosted_confirmation' ? { custom_message: message } : null;
  return { hosted_confirmation: confirmation, redirect: null, type };
}

function subscriptionNamed({ context, customer }: Ask, id: string, flow: string): Subscription {
  const param = `flow_data[${flow}][subscription]`;
  const subscription = named(context, 'subscription', id, param);
  if (subscription.customer !== customer) throw noSuch('subscription', id, param);
  return subscription;
}

function cancelFlow(ask: Ask, params: FlowParam['subscription_cancel']): Flow['subscription_cancel'] {
  const flow = given(params, 'subscription_cancel');
  refuseUnsupported(flow, ['retention']);
  if (!ask.configuration.features.subscription_cancel.enabled) {
    throw disabled('This subscription', 'subscription cancel');
  }
  const subscription = subscriptionNamed(ask, flow.subscription, 'subscription_cancel');
  if (isEnding(subscription) || isOver(subscription)) {
    throw invalid(
      `The subscription \`${subscription.id}\` cannot be canceled because it is already set to be canceled.`,
      'flow_data[subscription_cancel][subscription]',
    );
  }
  return { retention: null, subscription: subscription.id };
}

function updatable(ask: Ask, id: string, flow: string): Subscription {
  if (!ask.configuration.features.subscription_update.enabled) {
    throw disabled('This subscription', 'subscription update');
  }
  const subscription = subscriptionNamed(ask, id, flow);
  if (subscription.items.data.length === 1 && !isOver(subscription)) return subscription;
  const why = isOver(subscription) ? `it is \`${subscription.status}\`` : 'it has multiple items';
  throw invalid(
    `The subscription \`${id}\` cannot be updated because ${why}.`,
    `flow_data[${flow}][subscription]`,
  );
}

function confirmFlow(
  ask: Ask,
  params: FlowParam['subscription_update_confirm'],
): Flow['subscription_update_confirm'] {
  const flow = given(params, 'subscription_update_confirm');
  const param = 'flow_data[subscription_update_confirm]';
  const subscription = updatable(ask, flow.subscription, 'subscription_update_confirm');
  const [item, another] = flow.items;
  if (!item) throw missing(`${param}[items]`);
  if (another) throw invalid('Only one item may be updated.', `${param}[items]`);
  const current = subscription.items.data.find(({ id }) => id === item.id);
  if (!current) throw noSuch('subscription item', item.id, `${param}[items][0][id]`);
  const price = item.price ?? current.price.id;
  const quantity = item.quantity ?? current.quantity ?? 1;
  named(ask.context, 'price', price, `${param}[items][0][price]`);
  const offered = offeredPrices(ask.context, ask.configuration, subscription);
  if (price !== current.price.id && !offered.some(({ id }) => id === price)) {
    throw invalid(
      `The item \`${item.id}\` cannot be updated to price \`${price}\` because the configuration ` +
        `\`${ask.configuration.id}\` does not include the price in its \`features[subscription_update][products]\`.`,
      `${param}[items][0][price]`,
    );
  }
  const target = { customer: ask.customer, subscription: subscription.id, currency: subscription.currency };
  checkRedeemable(ask.context, flow.discounts ?? [], target, `${param}[discounts]`);
  const discounts = flow.discounts?.map(({ coupon, promotion_code: code }) => ({
    coupon: coupon ?? null,
    promotion_code: code ?? null,
  }));
  if (price === current.price.id && quantity === current.quantity && !discounts) {
    throw invalid('Cannot update the subscription because there are no changes to confirm.');
  }
  return {
    discounts: discounts ?? null,
    items: [{ id: item.id, price, quantity }],
    subscription: subscription.id,
  };
}
