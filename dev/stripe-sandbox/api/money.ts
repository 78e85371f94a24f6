import { invalid } from './errors.ts';

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
  return formatOf(currency).format(amount / 10 ** decimalsOf(currency));
}

/** `1234, 'gbp'` -> `12.34`, as a form shows it. */
export function majorUnits(amount: number, currency: string): string {
  const decimals = decimalsOf(currency);
  return (amount / 10 ** decimals).toFixed(decimals);
}

/** `12.34, 'gbp'` -> `1234`; undefined for what is no such amount, or has too many decimals. */
export function minorUnits(text: string, currency: string): number | undefined {
  const [, whole, , decimals = ''] = /^(\d{1,12})(\.(\d+))?$/.exec(text.trim()) ?? [];
  const length = decimalsOf(currency);
  if (whole === undefined || decimals.length > length) return undefined;
  return Number(whole + decimals.padEnd(length, '0'));
}

/** `gbp` -> `£` */
export function currencySymbol(currency: string): string {
  return (
    formatOf(currency)
      .formatToParts(0)
      .find(({ type }) => type === 'currency')?.value ?? ''
  );
}

function formatOf(currency: string): Intl.NumberFormat {
  return new Intl.NumberFormat('en-GB', { style: 'currency', currency: currency.toUpperCase() });
}

function decimalsOf(currency: string): number {
  return formatOf(currency).resolvedOptions().maximumFractionDigits ?? 2;
}

/**
 * The least that Stripe charges at once, in minor units; other currencies have
 * amounts near these (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
 */
export function smallestCharge(currency: string): number {
  return currency === 'gbp' ? 30 : 50;
}
