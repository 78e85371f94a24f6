import { invalid } from './errors.ts';

/** Decoded form values: every leaf is still a string. */
export type FormValue = string | FormValue[] | { [name: string]: FormValue };
export type Form = { [name: string]: FormValue };

type Branch = Map<string, string | Branch>;

/** Deeper names are an attack, not a request. */
const DEPTH_AT_MOST = 50;

/**
 * Decodes `application/x-www-form-urlencoded` in all the forms Stripe takes:
 * `a=1`, `a[b]=1`, `a[0][b]=1`, `a[]=1`, `a[][b]=1&a[][c]=2` (one element until
 * a name repeats). An array is a branch whose names are all numbers; metadata
 * never is one.
 */
export function decodeForm(text: string): Form {
  const root: Branch = new Map();
  for (const [name, value] of new URLSearchParams(text)) {
    insert(root, segmentsOf(name), value);
  }
  return Object.fromEntries(Array.from(root, ([name, value]) => [name, plain(value, name)]));
}

function segmentsOf(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (!match) throw invalid(`Invalid request: malformed parameter name '${name}'.`);
  const [, first = '', rest = ''] = match;
  const segments = [first, ...Array.from(rest.matchAll(/\[([^[\]]*)\]/g), ([, inner = '']) => inner)];
  if (segments.length > DEPTH_AT_MOST)
    throw invalid('Invalid request: a parameter is nested too deeply.', first);
  return segments;
}

function insert(root: Branch, segments: readonly string[], value: string): void {
  let branch = root;
  segments.forEach((segment, depth) => {
    const key = segment === '' ? openIndex(branch, segments.slice(depth + 1)) : segment;
    const known = branch.get(key);
    const isLast = depth === segments.length - 1;
    if (known !== undefined && isLast !== (typeof known === 'string')) {
      throw invalid(`Invalid request: '${key}' is both a value and a hash.`, key);
    }
    if (isLast) {
      branch.set(key, value);
      return;
    }
    const next = known instanceof Map ? known : new Map();
    branch.set(key, next);
    branch = next;
  });
}

/** `[]` goes on in the last element unless that already has what follows. */
function openIndex(branch: Branch, following: readonly string[]): string {
  let next = branch.size;
  while (branch.has(String(next))) next += 1;
  const last = branch.get(String(next - 1));
  const continues = following.length > 0 && last instanceof Map && !hasPath(last, following);
  return String(continues ? next - 1 : next);
}

function hasPath(value: string | Branch | undefined, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return value !== undefined;
  return value instanceof Map && hasPath(value.get(name), rest);
}

function plain(value: string | Branch, name: string): FormValue {
  if (typeof value === 'string') return value;
  const entries = Array.from(value, ([key, inner]): [string, FormValue] => [key, plain(inner, key)]);
  const isArray = name !== 'metadata' && entries.every(([key]) => /^\d+$/.test(key));
  if (!isArray) return Object.fromEntries(entries);
  return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, inner]) => inner);
}
