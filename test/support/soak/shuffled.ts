import type { Random } from '../../stripe-sandbox/stories/random.ts';

/** The same items in an order that chance decides. */
export function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  const order = items.map((item) => ({ item, place: random.next() }));
  return order.toSorted((one, other) => one.place - other.place).map(({ item }) => item);
}
