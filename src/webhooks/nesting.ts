/** Far more than any object of Stripe's has, and no more than clients of every language can read. */
const levelsAtMost = 200;

/** Whether content of JSON is nested deeper than everybody can read and write it. Looks at it level by level. */
export function isNestedTooDeeply(content: unknown): boolean {
  let level: readonly unknown[] = [content];
  for (let depth = 0; depth <= levelsAtMost; depth += 1) {
    if (level.length === 0) return false;
    level = level.flatMap((value): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  return level.length > 0;
}
