import { AsyncLocalStorage } from 'node:async_hooks';
import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { basename } from 'node:path';
import { eventually } from './eventually.ts';

/** Whose processes are being started. */
const owner = new AsyncLocalStorage<Set<ChildProcess>>();

subscribe('child_process', (message) => {
  if (message !== null && typeof message === 'object' && 'process' in message) {
    if (message.process instanceof ChildProcess) owner.getStore()?.add(message.process);
  }
});

/** The processes of workerd behind one Worker: Miniflare starts them and tells nobody which they are. */
export class WorkerdProcesses {
  readonly #started = new Set<ChildProcess>();

  /** Takes note of the processes that are started meanwhile. */
  watch<Result>(start: () => Promise<Result>): Promise<Result> {
    return owner.run(this.#started, start);
  }

  /** Ends them with SIGKILL, whatever they are at; resolves when they are gone. Answers how many there were. */
  async kill(): Promise<number> {
    const running = [...this.#started].filter((child) => isWorkerd(child) && isRunning(child));
    for (const child of running) child.kill('SIGKILL');
    await eventually('workerd is gone', () => !running.some(isRunning));
    return running.length;
  }
}

function isWorkerd({ spawnfile }: ChildProcess): boolean {
  return basename(spawnfile).startsWith('workerd');
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
