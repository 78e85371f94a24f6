import type { Line } from '../../objects/invoice-line.ts';
import type { Context } from '../../state/context.ts';
import { smallestCharge } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { discountAmounts, type Discountable, type DiscountAmount } from '../discounts/discounts.ts';

type Invoice = ObjectTypes['invoice'];

/**
 * A draft with what its lines, its discounts and its customer's balance add up
 * to. A customer's credit (a balance below zero) pays first, a debt is added;
 * less than the smallest charge is not due but goes to the balance
 * (https://docs.stripe.com/billing/customer/balance).
 */
export function withTotals(context: Context, invoice: Invoice): Invoice {
  const lines = discountedLines(context, invoice);
  const subtotal = sum(lines.map((line) => line.amount - sum(ownAmounts(line).map(({ amount }) => amount))));
  const total = sum(lines.map((line) => line.amount - sum(amountsOf(line).map(({ amount }) => amount))));
  const discounts = byDiscount(lines.flatMap(amountsOf));
  const balance = balanceOf(context, invoice);
  const due = total + balance < smallestCharge(invoice.currency) ? 0 : total + balance;
  return {
    ...invoice,
    amount_due: due,
    amount_remaining: due,
    lines: { ...invoice.lines, data: lines },
    starting_balance: balance,
    subtotal,
    subtotal_excluding_tax: subtotal,
    total,
    total_discount_amounts: discounts,
    total_excluding_tax: total,
    total_pretax_credit_amounts: discounts.map(asCredit),
  };
}

/** The balance is kept in the customer's one currency. */
function balanceOf(context: Context, invoice: Invoice): number {
  const customer = invoice.customer === null ? undefined : context.store.get('customer', invoice.customer);
  if (!customer || (customer.currency && customer.currency !== invoice.currency)) return 0;
  return customer.balance;
}

/** A line's own discounts apply first, then those of the whole invoice to what is left. */
function discountedLines(context: Context, invoice: Invoice): Line[] {
  const lines = invoice.lines.data;
  const own = lines.map((line) => {
    const [amounts = []] = amountsOn(context, line.discounts, [
      { ...discountable(line, line.amount), discountable: true },
    ]);
    return amounts;
  });
  const left = lines.map((line, index) =>
    discountable(line, line.amount - sum((own[index] ?? []).map(({ amount }) => amount))),
  );
  const whole = amountsOn(context, invoice.discounts, left);
  return lines.map((line, index) => {
    const amounts = [...(own[index] ?? []), ...(whole[index] ?? [])];
    return { ...line, discount_amounts: amounts, pretax_credit_amounts: amounts.map(asCredit) };
  });
}

function amountsOn(
  context: Context,
  discounts: readonly string[],
  lines: readonly Discountable[],
): DiscountAmount[][] {
  if (discounts.length === 0) return lines.map(() => []);
  return discountAmounts(
    context,
    discounts.map((id) => context.store.must('discount', id)),
    lines,
  );
}

function discountable(line: Line, amount: number): Discountable {
  const product = line.pricing?.price_details?.product ?? null;
  return { amount, currency: line.currency, product, discountable: line.discountable };
}

function amountsOf(line: Line): DiscountAmount[] {
  return line.discount_amounts ?? [];
}

function ownAmounts(line: Line): DiscountAmount[] {
  return amountsOf(line).filter(({ discount }) => line.discounts.includes(discount));
}

function byDiscount(amounts: readonly DiscountAmount[]): DiscountAmount[] {
  const totals = new Map<string, number>();
  for (const { amount, discount } of amounts) totals.set(discount, (totals.get(discount) ?? 0) + amount);
  return Array.from(totals, ([discount, amount]) => ({ amount, discount }));
}

function asCredit({ amount, discount }: DiscountAmount): {
  amount: number;
  discount: string;
  type: 'discount';
} {
  return { amount, discount, type: 'discount' };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
