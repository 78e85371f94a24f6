import {
  MigrationRefused,
  prepareMigrations,
  type Migration,
  type PreparedMigration,
} from './migration-files.ts';
import {
  addEntry,
  deleteEntry,
  isJournalConflict,
  onUnchanged,
  readJournal,
  type Journal,
  type JournalEntry,
  type SqlStatement,
  type TransactionRunner,
} from './migration-journal.ts';

export { MigrationRefused, type Migration, type TransactionRunner };

/** The database refused a migration, and nothing of it was kept. `cause` is the driver's error. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';
}

export interface MigrateOptions {
  /** Who runs it, for the journal; the database's user when absent. */
  readonly appliedBy?: string | undefined;
  /** Called after each migration that this run applied. */
  readonly onApplied?: ((name: string) => void) | undefined;
}

/**
 * Applies every migration that the database does not have, in order, each with its journal row in one transaction
 * under a lock: any number of runs at once apply each migration once, and one that fails leaves nothing behind.
 * Answers what this run applied.
 * @throws MigrationRefused when an applied migration changed, is missing or was overtaken, or a name is wrong.
 * @throws MigrationFailed when the database refuses a statement; the migrations before it stay applied.
 */
export async function migrate(
  run: TransactionRunner,
  migrations: readonly Migration[],
  options: MigrateOptions = {},
): Promise<{ applied: string[] }> {
  const prepared = await prepareMigrations(migrations);
  const applied: string[] = [];
  let conflicting: Journal | undefined;
  for (;;) {
    const journal = await readJournal(run);
    if (journal.fingerprint === conflicting?.fingerprint) {
      throw new MigrationRefused('the connection does not keep a transaction together; use a direct one');
    }
    const next = pendingMigrations(journal.entries, prepared)[0];
    if (next === undefined) return { applied };
    const statements = [...next.up, addEntry(next.entry, options.appliedBy)];
    // A conflict means that another run has committed meanwhile: read what it did, and go on from there.
    if (!(await runOnUnchanged(run, journal, next.entry.name, statements))) {
      conflicting = journal;
      continue;
    }
    applied.push(next.entry.name);
    options.onApplied?.(next.entry.name);
  }
}

/**
 * Undoes the newest applied migration: its down statements and the deletion of its journal row in one transaction.
 * Answers its name, or undefined when there is nothing to undo.
 * @throws MigrationRefused as {@link migrate}, and when another run changed the journal meanwhile: to go on then
 * would undo a migration that nobody asked to undo.
 * @throws MigrationFailed when the database refuses a statement; the migration stays applied.
 */
export async function rollback(
  run: TransactionRunner,
  migrations: readonly Migration[],
): Promise<{ rolledBack: string | undefined }> {
  const prepared = await prepareMigrations(migrations);
  const journal = await readJournal(run);
  pendingMigrations(journal.entries, prepared);
  const newest = prepared[journal.entries.length - 1];
  if (newest === undefined) return { rolledBack: undefined };
  const statements = [...newest.down, deleteEntry(newest.entry)];
  if (!(await runOnUnchanged(run, journal, newest.entry.name, statements))) {
    throw new MigrationRefused('another run changed the database meanwhile; nothing was rolled back');
  }
  return { rolledBack: newest.entry.name };
}

/** Runs statements on the journal as it was read. False, with nothing done, when it has changed since. */
async function runOnUnchanged(
  run: TransactionRunner,
  journal: Journal,
  name: string,
  statements: readonly SqlStatement[],
): Promise<boolean> {
  try {
    await run(onUnchanged(journal, statements));
    return true;
  } catch (error) {
    if (isJournalConflict(error)) return false;
    const reason = error instanceof Error ? error.message : 'unknown error';
    throw new MigrationFailed(`${name} failed, and nothing of it was kept: ${reason}`, { cause: error });
  }
}

/** What remains to be applied, once the journal is known to be the beginning of the files. */
function pendingMigrations(
  applied: readonly JournalEntry[],
  prepared: readonly PreparedMigration[],
): PreparedMigration[] {
  for (const entry of applied) {
    const file = prepared.find((migration) => migration.entry.name === entry.name);
    if (file === undefined) {
      throw new MigrationRefused(`${entry.name} was applied to this database, but its files are missing`);
    }
    refuseChanged('up', entry.name, entry.contentHash, file.entry.contentHash);
    refuseChanged('down', entry.name, entry.downHash, file.entry.downHash);
  }
  const appliedNames = new Set(applied.map((entry) => entry.name));
  const pending = prepared.filter((migration) => !appliedNames.has(migration.entry.name));
  const newest = applied.at(-1);
  const first = pending[0];
  if (newest !== undefined && first !== undefined && first.entry.position < newest.position) {
    throw new MigrationRefused(`${first.entry.name} was never applied, but the later ${newest.name} was`);
  }
  return pending;
}

function refuseChanged(direction: 'up' | 'down', name: string, applied: string, present: string): void {
  if (applied === present) return;
  throw new MigrationRefused(
    `${name}.${direction}.sql has changed since it was applied; write a new one instead`,
  );
}
