/** Bank debits are in the currency of the bank. */
const DEBITS: Readonly<Record<string, 'bacs_debit' | 'sepa_debit'>> = {
  eur: 'sepa_debit',
  gbp: 'bacs_debit',
};

/** The types of payment methods that the account takes in a currency, of those that a request leaves. */
export function methodTypes(
  currency: string,
  {
    allowed_payment_method_types: allowed,
    excluded_payment_method_types: excluded,
  }: {
    readonly allowed_payment_method_types?: readonly string[];
    readonly excluded_payment_method_types?: readonly string[];
  } = {},
): string[] {
  const debit = DEBITS[currency];
  return ['card', ...(debit ? [debit] : [])].filter(
    (type) => (!allowed || allowed.includes(type)) && !excluded?.includes(type),
  );
}
