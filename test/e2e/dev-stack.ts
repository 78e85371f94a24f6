import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';

const startMilliseconds = 120_000;

interface DemoPerson {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

/** What `npm run dev` writes when it is ready. */
export interface StackFile {
  readonly worker: string;
  readonly stripe: string;
  readonly gateway: string;
  readonly shop: string;
  readonly mailbox: string;
  readonly database_url: string;
  readonly webhook_secret: string;
  readonly jwt_secret: string;
  readonly jwt_issuer: string;
  readonly jwt_audience: string;
  readonly customer: DemoPerson;
  readonly admin: DemoPerson & { readonly totp_secret: string };
}

/** A `npm run dev` of its own, in a state folder of its own. */
export interface DevStack {
  readonly file: StackFile;
  readonly process: ChildProcess;
  /** All that it printed. */
  output(): string;
  /** Sends the signal to the process group, as a terminal does, and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>;
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export function spawnDev(stateFolder: string, port: number, ...options: string[]) {
  const child = spawn(
    'npm',
    ['run', 'dev', '--', '--state', stateFolder, '--port', String(port), ...options],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // The tests ask more in a minute than one person does.
      env: { ...process.env, RATE_LIMITS: 'off' },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += String(data)));
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  return { child, ended, output: () => output };
}

export async function startDevStack(stateFolder: string, ...options: string[]): Promise<DevStack> {
  const path = join(stateFolder, 'dev.json');
  // One that was killed could not take it away.
  rmSync(path, { force: true });
  const { child, ended, output } = spawnDev(stateFolder, await freePort(), ...options);
  await eventually(
    'npm run dev writes dev.json',
    () => {
      if (child.exitCode !== null) throw new Error(output());
      return existsSync(path);
    },
    startMilliseconds,
  );
  return {
    file: JSON.parse(readFileSync(path, 'utf8')),
    process: child,
    output,
    end: async (signal) => {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
      await ended;
    },
  };
}

/** True when nobody listens at the address any more. */
export async function isClosed(url: string): Promise<boolean> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(2000) });
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}
