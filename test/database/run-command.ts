import { execFile } from 'node:child_process';
import { join } from 'node:path';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const noDatabase = { DATABASE_URL: '', DATABASE_FETCH_ENDPOINT: '' };

/** Runs one of `dev/database/*.ts` in a process of its own, with no database in its environment but the given one. */
export function runCommand(
  script: string,
  args: readonly string[],
  options: { readonly directory?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<CommandResult> {
  const file = join(import.meta.dirname, '..', '..', 'dev', 'database', `${script}.ts`);
  const settings = { cwd: options.directory, env: { ...process.env, ...noDatabase, ...options.environment } };
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [file, ...args], settings, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr });
    });
    child.stdin?.end();
  });
}
