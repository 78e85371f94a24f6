/** What one credit costs, in minor units, to four decimals. For showing: nothing is ever charged by it. */
export function pricePerCredit(amountMinor: number, credits: number): number {
  return credits === 0 ? 0 : Math.round((amountMinor / credits) * 10_000) / 10_000;
}
