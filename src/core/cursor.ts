import { malformed } from './errors.ts';

/**
 * Opaque keyset cursors: the position of the last entry of a page, in base64url, so that nobody builds one by hand or
 * relies on what it holds.
 */
export function encodeCursor(position: number): string {
  return btoa(String(position)).replaceAll('=', '');
}

/** Throws `invalid_cursor` for anything that {@link encodeCursor} did not make. */
export function decodeCursor(cursor: string): number {
  const position = decode(cursor);
  if (!Number.isSafeInteger(position) || position < 0 || encodeCursor(position) !== cursor) {
    throw malformed('invalid_cursor', 'The cursor is not one that this API gave out.', [
      {
        pointer: '?cursor',
        code: 'invalid_cursor',
        detail: 'pass `next_cursor` of the page before, unchanged',
      },
    ]);
  }
  return position;
}

function decode(cursor: string): number {
  try {
    return Number(atob(cursor));
  } catch {
    return Number.NaN;
  }
}

/** One page of a list that was asked for with one entry more than `limit`, to know whether there is a next page. */
export function page<Row>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => number,
): { entries: readonly Row[]; nextCursor: string | null } {
  const entries = rows.slice(0, limit);
  const last = entries.at(-1);
  return {
    entries,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null,
  };
}
