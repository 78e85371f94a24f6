import type { Context } from '../state/context.ts';
import { displayMoney } from '../api/money.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Price = ObjectTypes['price'];
type Coupon = ObjectTypes['coupon'];
type PaymentMethod = ObjectTypes['payment_method'];

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** Unix seconds as `1 March 2027`, in UTC. */
export function day(seconds: number): string {
  return DAY.format(seconds * 1000);
}

/** `£24.90 / month`, `£60.00 / 3 months` */
export function priceText(price: Price, quantity = 1): string {
  const money = displayMoney(Number(price.unit_amount_decimal ?? 0) * quantity, price.currency);
  if (!price.recurring) return money;
  const { interval, interval_count: count } = price.recurring;
  return `${money} / ${count === 1 ? interval : `${count} ${interval}s`}`;
}

/** What a price is for: its product's name, and its own nickname where it has one. */
export function planName(context: Context, price: Price): string {
  const name = context.store.get('product', price.product)?.name ?? price.product;
  return price.nickname === null ? name : `${name} (${price.nickname})`;
}

/** `Visa •••• 4242, expires 12/2040` */
export function methodText({ card, type, bacs_debit: debit }: PaymentMethod): string {
  if (card) {
    const brand = `${card.brand.slice(0, 1).toUpperCase()}${card.brand.slice(1)}`;
    return `${brand} •••• ${card.last4}, expires ${card.exp_month}/${card.exp_year}`;
  }
  return debit ? `Bank account •••• ${debit.last4}` : type;
}

/** `25% off for 3 months`, `£5.00 off once`, `10% off` */
export function couponText({ amount_off, currency, percent_off, ...coupon }: Coupon): string {
  const off = percent_off === null ? displayMoney(amount_off ?? 0, currency ?? 'gbp') : `${percent_off}%`;
  const months = coupon.duration_in_months ?? 1;
  const lasting = {
    forever: '',
    once: ' once',
    repeating: ` for ${months} ${months === 1 ? 'month' : 'months'}`,
  };
  return `${off} off${lasting[coupon.duration]}`;
}
