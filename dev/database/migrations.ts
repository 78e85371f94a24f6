import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationRefused, type Migration } from '../../src/db/migrate.ts';

/** The folder of the project's migrations; everything that is no migration lies in its `meta`. */
export const migrationsDirectory = 'drizzle';

const fileFormat = /^(?<name>\d{4}_[a-z0-9_]+)\.(?<direction>up|down)\.sql$/;

/**
 * Reads the migrations of a folder in their order. Each has two files, `NNNN_name.up.sql` and `NNNN_name.down.sql`.
 * @throws MigrationRefused for a file of another name, and for an up without a down or the reverse.
 */
export function readMigrations(directory: string): Migration[] {
  const directions = new Map<string, Set<string>>();
  for (const file of readdirSync(directory, { withFileTypes: true })) {
    if (file.isDirectory()) continue;
    const { name, direction } = fileFormat.exec(file.name)?.groups ?? {};
    if (name === undefined || direction === undefined) {
      throw new MigrationRefused(`${join(directory, file.name)} is not named NNNN_name.up.sql or .down.sql`);
    }
    directions.set(name, (directions.get(name) ?? new Set()).add(direction));
  }
  return [...directions]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, found]) => {
      for (const direction of ['up', 'down'].filter((each) => !found.has(each))) {
        throw new MigrationRefused(`${join(directory, name)}.${direction}.sql is missing`);
      }
      const read = (direction: string) => readFileSync(join(directory, `${name}.${direction}.sql`), 'utf8');
      return { name, up: read('up'), down: read('down') };
    });
}
