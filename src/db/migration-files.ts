import type { JournalEntry, SqlStatement } from './migration-journal.ts';

/** One numbered change of the schema, and its undoing. `name` is `NNNN_what`; `up` and `down` are its files' texts. */
export interface Migration {
  readonly name: string;
  readonly up: string;
  readonly down: string;
}

/** The files and the database's journal disagree, so nothing was done; the message says how. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

/** A migration ready to be run: its statements, and the journal's row of it. */
export interface PreparedMigration {
  readonly entry: JournalEntry;
  readonly up: readonly SqlStatement[];
  readonly down: readonly SqlStatement[];
}

const nameFormat = /^(\d{4})_[a-z0-9_]+$/;
const breakpoint = /--> statement-breakpoint[^\S\n]*(?:\n|$)/;
const leadingComments = /^(?:\s|--[^\n]*(?:\n|$))+/;
const transactionControl =
  /^(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

/**
 * Checks the names (0001, 0002, … without a gap, in order), splits the texts and hashes them.
 * @throws MigrationRefused
 */
export async function prepareMigrations(migrations: readonly Migration[]): Promise<PreparedMigration[]> {
  migrations.forEach(({ name }, index) => {
    const digits = nameFormat.exec(name)?.[1];
    if (digits === undefined) {
      throw new MigrationRefused(`${name} is not a migration's name: four digits, then _ and [a-z0-9_]`);
    }
    if (Number(digits) !== index + 1) {
      const expected = String(index + 1).padStart(4, '0');
      throw new MigrationRefused(`${name} is out of sequence: the next migration is number ${expected}`);
    }
  });
  return Promise.all(
    migrations.map(async ({ name, up, down }, index) => ({
      entry: {
        position: index + 1,
        name,
        contentHash: await contentHash(up),
        downHash: await contentHash(down),
      },
      up: splitStatements(name, up),
      down: splitStatements(name, down),
    })),
  );
}

/**
 * The statements of a text, which are separated by `--> statement-breakpoint`: over HTTP, Neon takes one statement
 * per query, and inside a function's body a semicolon does not end one.
 */
function splitStatements(name: string, text: string): SqlStatement[] {
  const statements = text
    .split(breakpoint)
    .map((part) => part.trim())
    .filter((part) => withoutLeadingComments(part) !== '');
  if (statements.some((part) => transactionControl.test(withoutLeadingComments(part)))) {
    throw new MigrationRefused(
      `${name} begins or ends a transaction; a migration always runs in one of its own`,
    );
  }
  return statements.map((part) => ({ text: part, params: [] }));
}

function withoutLeadingComments(sql: string): string {
  return sql.replace(leadingComments, '');
}

/** SHA-256 in hex. Git may write CRLF into a checkout on Windows; that is no change of the content. */
async function contentHash(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text.replaceAll('\r\n', '\n'));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
