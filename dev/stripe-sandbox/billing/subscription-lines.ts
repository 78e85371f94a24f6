import type { LineDraft } from '../objects/invoice-line.ts';
import type { Context } from '../state/context.ts';
import { displayMoney } from '../state/money.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** What a subscription item costs in its present period. */
export function periodLine(
  context: Context,
  subscription: Subscription,
  item: Subscription['items']['data'][number],
): LineDraft {
  const { price, quantity = 1 } = item;
  const interval = price.recurring?.interval ?? 'month';
  const each = displayMoney(Number(price.unit_amount_decimal), price.currency);
  return {
    ...priceLine(context, price, quantity, subscription.metadata),
    description: `${quantity} × ${productName(context, price)} (at ${each} / ${interval})`,
    discounts: item.discounts,
    period: { start: item.current_period_start, end: item.current_period_end },
    subscriptionItem: item.id,
  };
}

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
