import { connectRunner } from '../../dev/database/connect.ts';

/**
 * Everything in a database that a migration can make, one line each, as PostgreSQL itself defines it, without the
 * migrations' journal and what extensions own. Two databases with equal lines have the same schema.
 */
export async function describeCatalog(url: string): Promise<string[]> {
  const rows = await rowsOf(url, catalogQuery);
  return rows.map(({ kind, name, definition }) => `${String(kind)} ${String(name)}: ${String(definition)}`);
}

/** The rows of one query on a connection of its own. */
export async function rowsOf(
  url: string,
  text: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { run, close } = await connectRunner(url);
  try {
    return (await run([{ text, params: [] }]))[0] ?? [];
  } finally {
    await close();
  }
}

const catalogQuery = `
  WITH relations AS (
    SELECT c.* FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
      AND c.relname NOT LIKE 'schema\\_migrations%'
  ), described AS (
    SELECT 'schema' AS kind, nspname AS name, '' AS definition FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%'
    UNION ALL
    SELECT 'extension', extname, extversion FROM pg_extension
    UNION ALL
    SELECT 'relation', relname,
      concat_ws(' ', relkind, relacl, reloptions, relrowsecurity, CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)
    FROM relations WHERE relkind <> 'i'
    UNION ALL
    SELECT 'index', relname, pg_get_indexdef(oid) FROM relations WHERE relkind = 'i'
    UNION ALL
    SELECT 'column', r.relname || '.' || a.attname,
      concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        pg_get_expr(d.adbin, d.adrelid))
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE r.relkind = 'r'
    UNION ALL
    SELECT 'constraint', r.relname || '.' || c.conname, pg_get_constraintdef(c.oid)
    FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid
    UNION ALL
    SELECT 'trigger', r.relname || '.' || t.tgname, concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
    FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '')
    FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'type', t.typname,
      concat_ws(' ', t.typtype, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
    FROM pg_type t
    WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('d', 'e')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
  )
  SELECT kind, name, definition FROM described ORDER BY kind, name COLLATE "C", definition COLLATE "C"`;
