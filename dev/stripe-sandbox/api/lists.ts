import { invalid, noSuch, onlyOneOf } from './errors.ts';

export interface Page<Item> {
  object: 'list';
  data: Item[];
  has_more: boolean;
  url: string;
}

export interface PageParams {
  limit?: number;
  starting_after?: string;
  ending_before?: string;
}

/**
 * One page of those `items` that are to be kept, by Stripe's cursors
 * (https://docs.stripe.com/api/pagination). A cursor may name any of the items:
 * whoever changes what a page has shown goes on from there all the same.
 */
export function page<Item extends { id: string; object: string }>(
  items: readonly Item[],
  params: PageParams,
  url: string,
  keep: (item: Item) => boolean = () => true,
): Page<Item> {
  const { limit = 10, starting_after, ending_before } = params;
  if (limit < 1 || limit > 100) {
    const bound = limit < 1 ? 'greater than or equal to 1' : 'less than or equal to 100';
    throw invalid(
      `This value must be ${bound} (it currently is '${limit}').`,
      'limit',
      'parameter_invalid_integer',
    );
  }
  if (starting_after !== undefined && ending_before !== undefined) {
    throw onlyOneOf(['starting_after', 'ending_before'], 'starting_after');
  }
  if (ending_before !== undefined) {
    const before = items.slice(0, positionOf(items, ending_before, 'ending_before')).filter(keep);
    return { object: 'list', data: before.slice(-limit), has_more: before.length > limit, url };
  }
  const start = starting_after === undefined ? 0 : positionOf(items, starting_after, 'starting_after') + 1;
  const after = items.slice(start).filter(keep);
  return { object: 'list', data: after.slice(0, limit), has_more: after.length > limit, url };
}

function positionOf(items: readonly { id: string; object: string }[], id: string, param: string): number {
  const position = items.findIndex((item) => item.id === id);
  if (position === -1) throw noSuch(items[0]?.object ?? 'object', id, param);
  return position;
}

/** The list that an object carries inside itself. */
export function wholeList<Item>(items: readonly Item[], url: string): Page<Item> {
  return { object: 'list', data: [...items], has_more: false, url };
}

export type Range = number | { gt?: number; gte?: number; lt?: number; lte?: number };

/** Does `value` lie in a `created`-like filter? Without a filter: yes. */
export function inRange(value: number, range: Range | undefined): boolean {
  if (range === undefined) return true;
  if (typeof range === 'number') return value === range;
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = range;
  return value > gt && value >= gte && value < lt && value <= lte;
}

/** Does `value` equal the filter? Without a filter: yes. */
export function equals<Value>(value: Value, filter: Value | undefined): boolean {
  return filter === undefined || value === filter;
}
