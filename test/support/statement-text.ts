import type { Statement } from '../../src/db/client.ts';

/** A statement as it is sent. Safe because each of drizzle's says its text in one of these two ways. */
export function textOf(statement: Statement): { readonly sql: string; readonly params: readonly unknown[] } {
  const built = statement as unknown as Partial<
    Record<'toSQL' | 'getQuery', () => { sql: string; params: unknown[] }>
  >;
  const query = built.toSQL?.() ?? built.getQuery?.();
  if (query === undefined) throw new Error('a statement that does not say its text');
  return query;
}
