import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runCommand, type CommandResult } from './run-command.ts';

/** A project of two domains, as small as one can be. */
let directory: string;

const people = `import { pgTable, text } from 'drizzle-orm/pg-core';
export const people = pgTable('people', { id: text().primaryKey(), name: text().notNull() });
`;
const visits = `import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { people } from '../people/tables.ts';
export const visits = pgTable('visits', { person: text().references(() => people.id), count: integer() });
`;

function writeTables(domain: string, text: string): void {
  mkdirSync(join(directory, 'src', domain), { recursive: true });
  writeFileSync(join(directory, 'src', domain, 'tables.ts'), text);
}

const generate = (...args: string[]) => runCommand('generate', args, { directory });
const read = (file: string) => readFileSync(join(directory, 'drizzle', file), 'utf8');

let firstMigration: CommandResult;
/** The project after its first migration; each test works on a copy. */
let original: string;

beforeAll(async () => {
  original = directory = mkdtempSync(join(tmpdir(), 'ratecard-generate-'));
  symlinkSync(resolve('node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  writeTables('people', people);
  writeTables('visits', visits);
  firstMigration = await generate('--name', 'tables');
});

afterAll(() => {
  rmSync(original, { recursive: true });
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ratecard-generate-'));
  cpSync(original, directory, { recursive: true });
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('db:generate', () => {
  test('writes the first migration, its undoing and the snapshot, after which the check is quiet', async () => {
    expect(firstMigration).toEqual({
      exitCode: 0,
      stdout: 'drizzle/0001_tables.up.sql\ndrizzle/0001_tables.down.sql\n',
      stderr: '',
    });
    expect(read('0001_tables.up.sql')).toMatch(
      /^CREATE TABLE "people" [^;]*;\n--> statement-breakpoint\nCREATE TABLE "visits" [^;]*;\n--> statement-breakpoint\nALTER TABLE "visits" ADD CONSTRAINT [^;]*;\n$/,
    );
    expect(read('0001_tables.down.sql')).toBe(
      'DROP TABLE "people" CASCADE;\n--> statement-breakpoint\nDROP TABLE "visits" CASCADE;\n',
    );
    expect(await generate('--check')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('writes the difference alone, under the next number', async () => {
    writeTables(
      'people',
      people
        .replace('name: text()', 'age: integer().default(7), name: text()')
        .replace('pgTable,', 'integer, pgTable,'),
    );
    expect((await generate('--name', 'add_age')).exitCode).toBe(0);
    expect(read('0002_add_age.up.sql')).toBe('ALTER TABLE "people" ADD COLUMN "age" integer DEFAULT 7;\n');
    expect(read('0002_add_age.down.sql')).toBe('ALTER TABLE "people" DROP COLUMN "age";\n');
    expect((await generate('--check')).exitCode).toBe(0);
  });

  test('with --empty makes a migration to write by hand, and leaves the snapshot', async () => {
    const snapshot = read('meta/snapshot.json');
    expect((await generate('--name', 'functions', '--empty')).exitCode).toBe(0);
    expect(read('0002_functions.up.sql')).toBe('\n');
    expect(read('meta/snapshot.json')).toBe(snapshot);
  });

  test('refuses to make a migration of nothing, or one without a usable name', async () => {
    const before = readdirSync(join(directory, 'drizzle'));
    for (const args of [['--name', 'nothing'], [], ['--name', 'Not A Name'], ['--name', '../up']]) {
      const { exitCode, stderr } = await generate(...args);
      expect(exitCode).toBe(1);
      expect(stderr).not.toBe('');
    }
    expect(readdirSync(join(directory, 'drizzle'))).toEqual(before);
  });
});

describe('db:generate --check', () => {
  test('fails with the pending SQL when the tables have changed, and writes nothing', async () => {
    writeTables('visits', visits.replace('count: integer()', 'count: integer().notNull()'));
    const { exitCode, stderr } = await generate('--check');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('ALTER TABLE "visits" ALTER COLUMN "count" SET NOT NULL;');
    expect(readdirSync(join(directory, 'drizzle'))).toHaveLength(3);
  });

  test('fails, and does not ask, when a column may have been renamed', async () => {
    writeTables('people', people.replace('name: text()', 'called: text()'));
    const { exitCode, stderr } = await generate('--check');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('both added and removed');
  });

  test('fails when a migration lacks its undoing, or a number is missing', async () => {
    await generate('--name', 'functions', '--empty');
    rmSync(join(directory, 'drizzle', '0002_functions.down.sql'));
    expect(await generate('--check')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('0002_functions.down.sql is missing'),
    });
    rmSync(join(directory, 'drizzle', '0002_functions.up.sql'));
    for (const direction of ['up', 'down'])
      writeFileSync(join(directory, 'drizzle', `0003_late.${direction}.sql`), '');
    expect(await generate('--check')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('out of sequence'),
    });
  });
});
