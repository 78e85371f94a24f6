import { invalid, missing, onlyOneOf, refuseUnsupported } from '../../api/errors.ts';
import { named } from '../../api/operations.ts';
import type { Params } from '../../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../../api/values.ts';
import { recurrenceOf } from '../../objects/plan.ts';
import { newPhase, newPhaseItem, phaseDiscount, type Phase } from '../../objects/subscription-schedule.ts';
import type { Context } from '../../state/context.ts';
import { addIntervals } from '../../state/period.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { checkPricesTogether, wantedPrice, wantedQuantity } from '../subscriptions/wanted-items.ts';
import { wantedMethod } from '../subscriptions/wanted-subscription.ts';

export type PhaseParam = NonNullable<Params<'subscriptionScheduleUpdate'>['phases']>[number];
type ItemParam = PhaseParam['items'][number];
type Price = ObjectTypes['price'];

const UNSUPPORTED_IN_PHASES = [
  'add_invoice_items',
  'application_fee_percent',
  'automatic_tax',
  'billing_thresholds',
  'default_tax_rates',
  'invoice_settings',
  'on_behalf_of',
  'transfer_data',
];
const UNSUPPORTED_IN_ITEMS = ['billing_thresholds', 'tax_rates'];

/**
 * The phases that a request describes for a customer, one after the other from
 * `start` (Unix seconds). Throws Stripe's 400 for phases that do not follow each other, and
 * for what cannot be subscribed to.
 */
export function phasesOf(
  context: Context,
  customer: string,
  params: readonly PhaseParam[],
  start: number,
): Phase[] {
  const phases: Phase[] = [];
  for (const [index, param] of params.entries()) {
    const at = `phases[${index}]`;
    const begin = phases.at(-1)?.end_date ?? start;
    if (param.start_date !== undefined && instant(context, param.start_date) !== begin) {
      throw invalid(
        'The `start_date` of a phase must be the `end_date` of the phase before.',
        `${at}[start_date]`,
      );
    }
    phases.push({
      ...phaseOf(context, param, begin, at),
      default_payment_method: wantedMethod(context, customer, param.default_payment_method),
    });
  }
  const [first] = phases;
  if (!first) throw missing('phases');
  if (phases.some(({ currency }) => currency !== first.currency)) {
    throw invalid('All phases of a subscription schedule must have the same currency.', 'phases');
  }
  return phases;
}

/** `now` or Unix seconds. */
export function instant(context: Context, value: number | 'now'): number {
  return value === 'now' ? context.now() : value;
}

function phaseOf(context: Context, params: PhaseParam, start: number, at: string): Phase {
  refuseUnsupported(params, UNSUPPORTED_IN_PHASES);
  if (params.collection_method === 'send_invoice') {
    throw invalid(
      'The local Stripe sandbox does not send invoices by schedules.',
      `${at}[collection_method]`,
    );
  }
  const prices = params.items.map((item, index) => priceOf(context, item, `${at}[items][${index}]`));
  const [price] = prices;
  if (!price) throw missing(`${at}[items]`);
  checkPricesTogether(prices, price.currency);
  const end = endOf(context, params, price, start, at);
  return newPhase({
    billing_cycle_anchor: params.billing_cycle_anchor ?? null,
    collection_method: params.collection_method ?? null,
    currency: price.currency,
    description: textOrNull(params.description),
    discounts: discountsOf(context, params.discounts, at),
    end_date: end,
    items: params.items.map((item, index) =>
      itemOf(context, item, prices[index] ?? price, `${at}[items][${index}]`),
    ),
    metadata: mergeMetadata({}, params.metadata),
    proration_behavior: params.proration_behavior ?? 'create_prorations',
    start_date: start,
    trial_end: trialEnd(context, params, start, end, at),
  });
}

/** Without `end_date` or `duration` a phase lasts one interval of its price. */
function endOf(context: Context, params: PhaseParam, price: Price, start: number, at: string): number {
  const { duration, end_date } = params;
  if (duration && end_date !== undefined) {
    throw onlyOneOf(['end_date', 'duration'], `${at}[end_date]`);
  }
  const { interval, interval_count = 1 } = duration ?? recurrenceOf(price);
  const end =
    end_date === undefined ? addIntervals(start, interval, interval_count) : instant(context, end_date);
  if (end <= start)
    throw invalid('The `end_date` of a phase must be after its `start_date`.', `${at}[end_date]`);
  return end;
}

function trialEnd(
  context: Context,
  { trial, trial_end }: PhaseParam,
  start: number,
  end: number,
  at: string,
): number | null {
  if (trial && trial_end !== undefined) {
    throw onlyOneOf(['trial', 'trial_end'], `${at}[trial_end]`);
  }
  if (trial) return end;
  if (trial_end === undefined) return null;
  const ends = instant(context, trial_end);
  if (ends > end) throw invalid('`trial_end` must be before the end of its phase.', `${at}[trial_end]`);
  return ends > start ? ends : null;
}

function priceOf(context: Context, params: ItemParam, at: string): Price {
  refuseUnsupported(params, UNSUPPORTED_IN_ITEMS);
  const price = wantedPrice(context, params, 'recurring', at);
  if (!price) throw missing(`${at}[price]`);
  return price;
}

function itemOf(context: Context, params: ItemParam, price: Price, at: string): Phase['items'][number] {
  return newPhaseItem({
    discounts: discountsOf(context, params.discounts, at),
    metadata: mergeMetadata({}, params.metadata),
    price: price.id,
    quantity: wantedQuantity(params.quantity, `${at}[quantity]`),
  });
}

/** Discounts of what exists; whether they can be redeemed is seen when their phase begins. */
function discountsOf(context: Context, params: PhaseParam['discounts'], at: string): Phase['discounts'] {
  return (params || []).map((param, index) => {
    for (const name of ['coupon', 'discount', 'promotion_code'] as const) {
      const id = param[name];
      if (id !== undefined) named(context, name, id, `${at}[discounts][${index}][${name}]`);
    }
    return phaseDiscount(param);
  });
}
