/**
 * Runs a program that must not outlive us, with everything that it starts.
 *
 * The program is started by this same file, run as `node kept-process.ts <command as JSON>` in a process group of its
 * own, with a pipe on stdin as the lifeline: the pipe closes when the owner says so, and also when the owner dies in
 * whatever way, `kill -9` included. Then the whole group is ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
}

export interface KeptProcess {
  /** Resolves with the exit code when the program ended. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

export interface KeptProcessOptions {
  /** Variables on top of our own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Told each line of the program's output. */
  readonly log: (line: string) => void;
}

const patienceMilliseconds = 8_000;

export function startKept(command: Command, { environment, log }: KeptProcessOptions): KeptProcess {
  const keeper = spawn(process.execPath, [import.meta.filename, JSON.stringify(command)], {
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  for (const output of [keeper.stdout, keeper.stderr]) createInterface({ input: output }).on('line', log);
  const ended = new Promise<number>((resolve, reject) => {
    keeper.once('error', reject);
    keeper.once('exit', (code) => resolve(code ?? 1));
  });
  return {
    ended,
    stop: async () => {
      keeper.stdin.end();
      await ended;
    },
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group has ended already.
  }
}

function keep(command: Command): void {
  const child = spawn(command.file, command.arguments, {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = () => {
    signalGroup(child, 'SIGTERM');
    setTimeout(() => signalGroup(child, 'SIGKILL'), patienceMilliseconds).unref();
  };
  process.stdin.on('close', end).on('error', end).resume();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  // The owner's ends of these pipes may be gone.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
  child.once('error', () => process.exit(1));
  child.once('exit', (code) => {
    // What the program started itself may still be there.
    signalGroup(child, 'SIGKILL');
    process.exit(code ?? 1);
  });
}

if (import.meta.main) keep(JSON.parse(process.argv[2] ?? ''));
