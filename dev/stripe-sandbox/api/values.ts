/** A text parameter as the API shows it: an empty one is an unset one. */
export function textOrNull(value: string | null | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}

/** An update's text: undefined leaves the old value, an empty one unsets it. */
export function updatedText<Old>(value: string | null | undefined, old: Old): string | null | Old {
  return value === undefined ? old : textOrNull(value);
}

/** An update's list: undefined leaves the old one, an empty text empties it. */
export function updatedList<Item>(value: Item[] | '' | null | undefined): Item[] | undefined {
  return value === '' ? [] : (value ?? undefined);
}

/** Metadata after an update: an empty value removes its key, an empty hash removes all. */
export function mergeMetadata(
  current: Readonly<Record<string, string>>,
  update: Readonly<Record<string, string | number | null>> | '' | null | undefined,
): Record<string, string> {
  if (update === undefined) return { ...current };
  if (update === '' || update === null) return {};
  const merged = new Map(Object.entries(current));
  for (const [key, value] of Object.entries(update)) {
    if (value === '' || value === null) merged.delete(key);
    else merged.set(key, String(value));
  }
  return Object.fromEntries(merged);
}

/**
 * A copy of `object` without the members that are undefined. The cast is safe
 * because exactly those are left out.
 */
export function defined<Shape extends object>(
  object: Shape,
): { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> } {
  const kept = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> };
}

/** Stripe looks at the form of an address only. */
export function isEmail(text: string): boolean {
  return text.length <= 512 && /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(text);
}
