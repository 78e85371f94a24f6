/**
 * The process that owns a local PostgreSQL server.
 *
 * Run as `node keeper.ts <job as JSON>` with a pipe on stdin. The pipe is the lifeline: it closes when the
 * owner says so and also when the owner dies in whatever way, `kill -9` included, and then the server is shut
 * down. It is started in a process group of its own, so that a signal to the owner's group (Ctrl-C in a
 * terminal) does not stop the database before the owner is done with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
}

export interface KeeperJob {
  /** Run one after the other; the last one is the server. */
  readonly commands: readonly Command[];
  /** The system user to run them as; only root can name one. */
  readonly identity: { readonly uid: number; readonly gid: number } | null;
  /** Folder to remove at the end, or null to keep the data. */
  readonly removeAtEnd: string | null;
}

/** How long a fast shutdown (it writes a checkpoint) may take before an immediate one is asked for. */
const FAST_SHUTDOWN_MILLISECONDS = 15_000;
const IMMEDIATE_SHUTDOWN_MILLISECONDS = 5_000;

let lifelineClosed = false;
let running: ChildProcess | undefined;

function shutDown(): void {
  if (lifelineClosed) return;
  lifelineClosed = true;
  // SIGINT is Postgres' "fast" shutdown: sessions are cut, data is flushed; initdb removes what it wrote.
  running?.kill('SIGINT');
  setTimeout(() => running?.kill('SIGQUIT'), FAST_SHUTDOWN_MILLISECONDS).unref();
  setTimeout(
    () => running?.kill('SIGKILL'),
    FAST_SHUTDOWN_MILLISECONDS + IMMEDIATE_SHUTDOWN_MILLISECONDS,
  ).unref();
}

/** Runs one command to its end; its output goes to this process's stderr, which the owner reads. */
function run(command: Command, identity: KeeperJob['identity']): Promise<number> {
  return new Promise((resolve, reject) => {
    running = spawn(command.file, command.arguments, {
      ...identity,
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', process.stderr, process.stderr],
    });
    running.once('error', reject);
    running.once('exit', (code) => {
      running = undefined;
      resolve(code ?? 1);
    });
  });
}

async function keep(job: KeeperJob): Promise<number> {
  let exitCode = 0;
  for (const command of job.commands) {
    if (lifelineClosed || exitCode !== 0) break;
    exitCode = await run(command, job.identity);
  }
  if (job.removeAtEnd !== null) rmSync(job.removeAtEnd, { recursive: true, force: true });
  return lifelineClosed ? 0 : exitCode;
}

if (import.meta.main) {
  process.stdin.on('close', shutDown).on('error', shutDown).resume();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, shutDown);
  // The owner's end of this pipe may be gone; what Postgres has to say then is for nobody.
  process.stderr.on('error', () => undefined);
  const job: KeeperJob = JSON.parse(process.argv[2] ?? '');
  keep(job).then(
    (exitCode) => process.exit(exitCode),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
}
