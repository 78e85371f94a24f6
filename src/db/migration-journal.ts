/** One SQL statement with its parameters ($1, $2, …). */
export interface SqlStatement {
  readonly text: string;
  readonly params: readonly unknown[];
}

/**
 * Runs statements in one READ COMMITTED transaction, all or nothing, and answers the rows of each.
 * Rejects with the database's error, which has its SQLSTATE as `code`.
 */
export type TransactionRunner = (
  statements: readonly SqlStatement[],
) => Promise<readonly (readonly Readonly<Record<string, unknown>>[])[]>;

/** One applied migration. The hashes are SHA-256 in hex, of its up and of its down file. */
export interface JournalEntry {
  readonly position: number;
  readonly name: string;
  readonly contentHash: string;
  readonly downHash: string;
}

/** The applied migrations in order, and the whole journal as one text that {@link onUnchanged} compares. */
export interface Journal {
  readonly entries: readonly JournalEntry[];
  readonly fingerprint: string;
}

/** The table's own CHECKs keep out what no run of ours can have written. */
const createJournal = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    position integer PRIMARY KEY CHECK (position > 0),
    name text NOT NULL UNIQUE,
    content_hash text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    down_hash text NOT NULL CHECK (down_hash ~ '^[0-9a-f]{64}$'),
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL
  )`;

/** Held to the end of the transaction, so that runs of migrations on one database follow each other. */
const lock = `SELECT pg_advisory_xact_lock(hashtextextended('schema_migrations', 0))`;

const fingerprint = `
  SELECT coalesce(string_agg(concat_ws(' ', position, name, content_hash, down_hash), ', ' ORDER BY position), 'empty')
  FROM schema_migrations`;

/** SQLSTATE of our own: the journal is not what this run read. */
const journalConflict = 'RCJ01';

/** A DO block takes no parameters; the expected journal travels as a setting that ends with the transaction. */
const expectJournal = `SELECT set_config('ratecard.expected_journal', $1, true)`;
const refuseOtherJournal = `
  DO $guard$ BEGIN
    IF (${fingerprint}) IS DISTINCT FROM current_setting('ratecard.expected_journal') THEN
      RAISE EXCEPTION 'schema_migrations changed since it was read' USING ERRCODE = '${journalConflict}';
    END IF;
  END $guard$`;

/** Reads the journal, which it makes first in a database that has none. */
export async function readJournal(run: TransactionRunner): Promise<Journal> {
  const results = await run([
    statement(lock),
    statement(createJournal),
    statement('SELECT position, name, content_hash, down_hash FROM schema_migrations ORDER BY position'),
    statement(`SELECT (${fingerprint}) AS fingerprint`),
  ]);
  return {
    entries: (results[2] ?? []).map((row) => ({
      position: Number(row.position),
      name: String(row.name),
      contentHash: String(row.content_hash),
      downHash: String(row.down_hash),
    })),
    fingerprint: String(results[3]?.[0]?.fingerprint),
  };
}

/**
 * The statements behind the lock, and behind a guard that aborts the transaction when the journal is no longer the
 * one that was read: over HTTP nobody can look first and decide then.
 */
export function onUnchanged(journal: Journal, statements: readonly SqlStatement[]): SqlStatement[] {
  return [
    statement(lock),
    statement(expectJournal, journal.fingerprint),
    statement(refuseOtherJournal),
    ...statements,
  ];
}

/** Whether a transaction was aborted by the guard of {@link onUnchanged}. */
export function isJournalConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === journalConflict;
}

/** Records an applied migration; `appliedBy` undefined means the database's user. */
export function addEntry(entry: JournalEntry, appliedBy: string | undefined): SqlStatement {
  return statement(
    `INSERT INTO schema_migrations (position, name, content_hash, down_hash, applied_by)
     VALUES ($1, $2, $3, $4, coalesce($5, current_user))`,
    entry.position,
    entry.name,
    entry.contentHash,
    entry.downHash,
    appliedBy ?? null,
  );
}

export function deleteEntry(entry: JournalEntry): SqlStatement {
  return statement('DELETE FROM schema_migrations WHERE position = $1', entry.position);
}

function statement(text: string, ...params: readonly unknown[]): SqlStatement {
  return { text, params };
}
