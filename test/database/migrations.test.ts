import { globSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { is } from 'drizzle-orm';
import { PgTable, getTableConfig } from 'drizzle-orm/pg-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectRunner, type RunnerConnection } from '../../dev/database/connect.ts';
import { migrationsDirectory, readMigrations } from '../../dev/database/migrations.ts';
import { migrate, rollback } from '../../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { describeCatalog, rowsOf } from './catalog.ts';

const migrations = readMigrations(migrationsDirectory);

let database: TestDatabase;
let connection: RunnerConnection;

beforeEach(async () => {
  database = await createTestDatabase();
  connection = await connectRunner(database.url);
});

afterEach(async () => {
  await connection.close();
  await database.drop();
});

/** How many rows each table has, the journal aside. */
async function countRows(): Promise<readonly unknown[]> {
  const tables = await rowsOf(
    database.url,
    `SELECT quote_ident(relname) AS name FROM pg_stat_user_tables WHERE relname <> 'schema_migrations' ORDER BY 1`,
  );
  const counts = tables.map(({ name }) => `SELECT '${String(name)}' AS name, count(*) FROM ${String(name)}`);
  return counts.length === 0 ? [] : rowsOf(database.url, counts.join(' UNION ALL '));
}

describe('the migrations', () => {
  test('each down undoes precisely its up, in schema and rows', async () => {
    await migrate(connection.run, []);
    for (let applied = 0; applied < migrations.length; applied++) {
      const files = migrations.slice(0, applied + 1);
      const before = { catalog: await describeCatalog(database.url), rows: await countRows() };
      expect((await migrate(connection.run, files)).applied).toEqual([files.at(-1)?.name]);
      const after = { catalog: await describeCatalog(database.url), rows: await countRows() };
      expect(await rollback(connection.run, files)).toEqual({ rolledBack: files.at(-1)?.name });
      expect({ catalog: await describeCatalog(database.url), rows: await countRows() }).toEqual(before);
      await migrate(connection.run, files);
      expect({ catalog: await describeCatalog(database.url), rows: await countRows() }).toEqual(after);
    }
  });

  test('all the way down and up again is the same database', async () => {
    await migrate(connection.run, []);
    const empty = await describeCatalog(database.url);
    await migrate(connection.run, migrations);
    const whole = await describeCatalog(database.url);
    while ((await rollback(connection.run, migrations)).rolledBack !== undefined);
    expect(await describeCatalog(database.url)).toEqual(empty);
    await migrate(connection.run, migrations);
    expect(await describeCatalog(database.url)).toEqual(whole);
  });

  test('what they make is what the tables in the code say', async () => {
    await migrate(connection.run, migrations);
    expect(await tablesInDatabase(database.url)).toEqual(await tablesInCode());
  });
});

/** Lines of one shape from both sides: table, then what of it (column, constraint, index), then how it is. */
async function tablesInCode(): Promise<string[]> {
  const modules = await Promise.all(
    globSync('src/*/{tables,*-tables}.ts').map(
      (file): Promise<Record<string, unknown>> => import(pathToFileURL(file).href),
    ),
  );
  const tables = modules.flatMap((module) => Object.values(module)).filter((value) => is(value, PgTable));
  return tables.flatMap(linesOfTable).toSorted();
}

function linesOfTable(table: PgTable): string[] {
  const config = getTableConfig(table);
  const names = (columns: readonly { readonly name: string }[]) => columns.map(({ name }) => name).join(', ');
  const uniques = [
    ...config.uniqueConstraints.map((unique) => ({ name: unique.getName(), columns: names(unique.columns) })),
    ...config.columns
      .filter((column) => column.isUnique)
      .map((column) => ({ name: column.uniqueName, columns: column.name })),
  ];
  const primaryKeys = [
    ...config.primaryKeys.map((key) => names(key.columns)),
    ...config.columns.filter((column) => column.primary).map((column) => column.name),
  ];
  return [
    ...config.columns.map((column) => {
      const hasDefault = column.default !== undefined || column.generatedIdentity !== undefined;
      return `column ${column.name} ${column.getSQLType()}${column.notNull ? ' not null' : ''}${hasDefault ? ' default' : ''}`;
    }),
    ...primaryKeys.map((columns) => `primary key (${columns})`),
    ...uniques.map(({ name, columns }) => `unique ${String(name)} (${columns})`),
    ...config.checks.map((check) => `check ${check.name}`),
    ...config.foreignKeys.map((key) => {
      const { columns, foreignTable, foreignColumns } = key.reference();
      const target = `${getTableConfig(foreignTable).name} (${names(foreignColumns)})`;
      return `foreign key ${key.getName()} (${names(columns)}) to ${target}`;
    }),
    ...config.indexes.map((index) => `index ${String(index.config.name)}`),
  ].map((line) => `${config.name}: ${line}`);
}

async function tablesInDatabase(url: string): Promise<string[]> {
  const rows = await rowsOf(
    url,
    `
    WITH tables AS (
      SELECT oid, relname FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'schema_migrations'
    ), lines AS (
      SELECT relname, concat('column ', attname, ' ', format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN ' not null' END, CASE WHEN (atthasdef AND attgenerated = '') OR attidentity <> '' THEN ' default' END) AS line
      FROM tables JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
      UNION ALL
      SELECT relname,
        CASE contype
          WHEN 'p' THEN concat('primary key (', ${columnNames('conrelid', 'conkey')}, ')')
          WHEN 'u' THEN concat('unique ', conname, ' (', ${columnNames('conrelid', 'conkey')}, ')')
          WHEN 'c' THEN concat('check ', conname)
          WHEN 'f' THEN concat('foreign key ', conname, ' (', ${columnNames('conrelid', 'conkey')}, ') to ',
            confrelid::regclass, ' (', ${columnNames('confrelid', 'confkey')}, ')')
        END
      FROM tables JOIN pg_constraint ON conrelid = tables.oid AND contype IN ('p', 'u', 'c', 'f')
      UNION ALL
      SELECT relname, concat('index ', indexrelid::regclass)
      FROM tables JOIN pg_index ON indrelid = tables.oid
      WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')
    )
    SELECT concat(relname, ': ', line) AS line FROM lines`,
  );
  return rows.map(({ line }) => String(line)).toSorted();
}

/** SQL for the names of the columns of a table that a catalogue lists by number. */
function columnNames(table: string, numbers: string): string {
  return `(SELECT string_agg(attname, ', ' ORDER BY position) FROM unnest(${numbers}) WITH ORDINALITY AS key (number, position)
    JOIN pg_attribute ON attrelid = ${table} AND attnum = number)`;
}
