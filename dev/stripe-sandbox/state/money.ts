import { invalid } from '../api/errors.ts';

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));
/** The most that Stripe charges at once, in minor units. */
export const LARGEST_AMOUNT = 99_999_999;

/** The lower-case ISO 4217 code, or Stripe's 400. */
export function checkCurrency(currency: string, param: string): string {
  if (/^[a-z]{3}$/i.test(currency) && CURRENCIES.has(currency.toUpperCase())) return currency.toLowerCase();
  throw invalid(`Invalid currency: ${currency}.`, param);
}

/** An amount in minor units that Stripe accepts for a price. */
export function wholeMinorUnits(amount: number, param: string): number {
  if (amount < 0) throw invalid('Invalid non-negative integer', param, 'parameter_invalid_integer');
  if (amount > LARGEST_AMOUNT) {
    throw invalid(`Amount must be no more than ${LARGEST_AMOUNT}.`, param, 'amount_too_large');
  }
  return amount;
}

/** `1234, 'gbp'` -> `£12.34`, with as many decimals as the currency has. */
export function displayMoney(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency: currency.toUpperCase() });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount / 10 ** decimals);
}

/**
 * The least that Stripe charges at once, in minor units; other currencies have
 * amounts near these (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
 */
export function smallestCharge(currency: string): number {
  return currency === 'gbp' ? 30 : 50;
}
