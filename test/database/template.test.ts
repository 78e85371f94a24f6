import { expect, test } from 'vitest';
import { migrationsDirectory, readMigrations } from '../../dev/database/migrations.ts';
import { createTestDatabase } from '../support/database.ts';
import { migratedTemplate } from '../support/template.ts';

test('many copies of the migrated template can be made at once, each whole', async () => {
  const copies = await Promise.all(
    Array.from({ length: 4 }, () => createTestDatabase({ template: migratedTemplate })),
  );
  const names = readMigrations(migrationsDirectory).map(({ name }) => ({ name }));
  for (const copy of copies) {
    expect(await copy.query('SELECT name FROM schema_migrations ORDER BY position')).toEqual(names);
    await copy.drop();
  }
});
