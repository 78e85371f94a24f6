import type { LineDraft } from '../../objects/invoice-line.ts';
import { recurrenceOf } from '../../objects/plan.ts';
import type { SubscriptionItem } from '../../objects/subscription.ts';
import type { Context } from '../../state/context.ts';
import { displayMoney } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { shareOfCycle } from './billed-period.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** What a subscription item costs in its present period: nothing in a trial, in proportion in a shorter one. */
export function periodLine(context: Context, subscription: Subscription, item: SubscriptionItem): LineDraft {
  const { price, quantity = 1 } = item;
  const period = { start: item.current_period_start, end: item.current_period_end };
  const isTrial = subscription.trial_end !== null && period.end <= subscription.trial_end;
  const share = isTrial ? 0 : shareOfCycle(price, subscription.billing_cycle_anchor, period);
  return {
    ...priceLine(context, price, quantity, subscription.metadata),
    amount: Math.round(Number(price.unit_amount_decimal) * quantity * share),
    description: isTrial
      ? `Trial period for ${productName(context, price)}`
      : share < 1
        ? prorationName(context, 'Remaining', item, period.start)
        : regularName(context, price, quantity),
    discounts: item.discounts,
    period,
    subscriptionItem: item.id,
    ...(share !== 1 && { unitAmount: String(Number(price.unit_amount_decimal) * share) }),
  };
}

/** `2 × Professional (at £24.90 / month)` */
function regularName(context: Context, price: Price, quantity: number): string {
  const { interval, interval_count: count } = recurrenceOf(price);
  const each = displayMoney(Number(price.unit_amount_decimal), price.currency);
  const every = count === 1 ? interval : `every ${count} ${interval}s`;
  return `${quantity} × ${productName(context, price)} (at ${each} / ${every})`;
}

/** `Remaining time on 2 × Professional after 12 Mar 2027` */
export function prorationName(
  context: Context,
  which: 'Unused' | 'Remaining',
  { price, quantity = 1 }: Pick<SubscriptionItem, 'price' | 'quantity'>,
  instant: number,
): string {
  const name = productName(context, price);
  const day = DAY.format(instant * 1000);
  return `${which} time on ${quantity === 1 ? name : `${quantity} × ${name}`} after ${day}`;
}

const DAY = new Intl.DateTimeFormat('en-GB', {
  day: '2-digit',
  month: 'short',
  timeZone: 'UTC',
  year: 'numeric',
});

/** A price that is billed once, now. */
export function priceLine(
  context: Context,
  price: Price,
  quantity: number,
  metadata: Readonly<Record<string, string>>,
): LineDraft {
  const now = context.now();
  return {
    amount: Math.round(Number(price.unit_amount_decimal) * quantity),
    credited: null,
    currency: price.currency,
    description: productName(context, price),
    discountable: true,
    discounts: [],
    invoiceItem: null,
    metadata,
    period: { start: now, end: now },
    price,
    proration: false,
    quantity,
    subscriptionItem: null,
  };
}

function productName(context: Context, price: Price): string {
  return context.store.must('product', price.product).name;
}
