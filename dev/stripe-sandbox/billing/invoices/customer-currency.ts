import { change, type Context } from '../../state/context.ts';

/** What a customer without a currency is billed in: that of the account. */
export const ACCOUNT_CURRENCY = 'gbp';

/** The first thing that is billed decides in which currency a customer's balance is kept (`customer.updated`). */
export function settleCurrency(context: Context, customerId: string, currency: string): void {
  const customer = context.store.must('customer', customerId);
  if (!customer.currency) change(context, customer, { currency }, 'customer.updated');
}
