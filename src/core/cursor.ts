import { z } from 'zod';
import { malformed, type DomainError } from './errors.ts';

/** The order of a list is one number, or a number and then a text; one that another service keeps goes by its ids. */
export type Position = number | string | readonly [number, string];

/**
 * Opaque keyset cursors: the position of the last entry of a page, in base64url, so that nobody builds one by hand or
 * relies on what it holds.
 */
export function encodeCursor(position: Position): string {
  return btoa(JSON.stringify(position)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_');
}

/** Throws `invalid_cursor` for anything that {@link encodeCursor} did not make of a number. */
export function decodeCursor(cursor: string): number {
  return decode(cursor, z.int().min(0));
}

/** The same, of an id. */
export function decodeIdCursor(cursor: string): string {
  return decode(cursor, z.string().regex(/^\w{1,255}$/));
}

/** The same, of a number and a text. */
export function decodePairCursor(cursor: string): readonly [number, string] {
  return decode(cursor, z.tuple([z.int32(), z.string().regex(/^[\x20-\x7e]*$/)]));
}

/** The same, of an instant and a UUID. */
export function decodeTimeCursor(cursor: string): readonly [Date, string] {
  const [milliseconds, id] = decode(cursor, z.tuple([z.int().min(0).max(latestMilliseconds), z.uuid()]));
  return [new Date(milliseconds), id];
}

/** The same, with the microseconds that an instant of the database's own has. */
export function decodeMicrosecondCursor(cursor: string): readonly [number, string] {
  return decode(cursor, z.tuple([z.int().min(0), z.uuid()]));
}

/** The same, and the id of an event. */
export function decodeEventCursor(cursor: string): readonly [number, string] {
  return decode(cursor, z.tuple([z.int().min(0), z.string().regex(/^\w{1,255}$/)]));
}

/** The end of the year 9999: ISO 8601 writes no later one in four digits. */
const latestMilliseconds = 253_402_300_799_999;

function decode<P extends Position>(cursor: string, schema: z.ZodType<P>): P {
  const position = schema.safeParse(parse(cursor));
  if (position.success && encodeCursor(position.data) === cursor) return position.data;
  throw invalidCursor();
}

export function invalidCursor(): DomainError {
  return malformed('invalid_cursor', 'The cursor is not one that this API gave out.', [
    {
      pointer: '?cursor',
      code: 'invalid_cursor',
      detail: 'pass `next_cursor` of the page before, unchanged',
    },
  ]);
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return undefined;
  }
}

/** One page of a list that was asked for with one entry more than `limit`, to know whether there is a next page. */
export function page<Row>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => Position,
): { entries: readonly Row[]; nextCursor: string | null } {
  const entries = rows.slice(0, limit);
  const last = entries.at(-1);
  return {
    entries,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null,
  };
}
