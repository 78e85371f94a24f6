import { invalid } from './errors.ts';

/** Decoded form values: every leaf is still a string. */
export type FormValue = string | FormValue[] | { [name: string]: FormValue };
export type Form = { [name: string]: FormValue };

type Branch = Map<string, string | Branch>;

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
  return [first, ...Array.from(rest.matchAll(/\[([^[\]]*)\]/g), ([, inner = '']) => inner)];
}

function insert(root: Branch, segments: readonly string[], value: string): void {
  let branch = root;
  segments.forEach((segment, depth) => {
    const key = segment === '' ? openIndex(branch, segments[depth + 1]) : segment;
    if (depth === segments.length - 1) {
      branch.set(key, value);
      return;
    }
    const next = branch.get(key) ?? new Map();
    if (typeof next === 'string') throw invalid(`Invalid request: '${key}' is both a value and a hash.`, key);
    branch.set(key, next);
    branch = next;
  });
}

/** `[]` goes on in the last element unless that already has the next name. */
function openIndex(branch: Branch, nextName: string | undefined): string {
  const last = branch.get(String(branch.size - 1));
  const continues = nextName !== undefined && last instanceof Map && !last.has(nextName);
  return String(continues ? branch.size - 1 : branch.size);
}

function plain(value: string | Branch, name: string): FormValue {
  if (typeof value === 'string') return value;
  const entries = Array.from(value, ([key, inner]): [string, FormValue] => [key, plain(inner, key)]);
  const isArray = name !== 'metadata' && entries.every(([key]) => /^\d+$/.test(key));
  if (!isArray) return Object.fromEntries(entries);
  return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, inner]) => inner);
}
