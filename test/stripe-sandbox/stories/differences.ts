/**
 * The paths of the members in which two JSON values differ; a member that is
 * null is as one that is missing.
 */
export function differences(one: unknown, other: unknown, path = ''): string[] {
  if (Object.is(one ?? null, other ?? null)) return [];
  if (!isObject(one) || !isObject(other)) return [path];
  const [first, second] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...new Set([...first.keys(), ...second.keys()])].flatMap((key) =>
    differences(first.get(key), second.get(key), path === '' ? key : `${path}.${key}`),
  );
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What an object was before an event, by the event's `previous_attributes`. */
export function before(object: object, previous: object): object {
  const members = new Map<string, unknown>(Object.entries(object));
  for (const [key, was] of Object.entries(previous)) {
    const is = members.get(key);
    const isHash = isObject(was) && isObject(is) && !Array.isArray(was) && !Array.isArray(is);
    members.set(key, isHash ? before(is, was) : was);
  }
  return Object.fromEntries(members);
}
