import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const projectRoot = path.resolve(import.meta.dirname, '../..');

const reportSchema = z.object({
  diagnostics: z.array(
    z.object({
      /** `plugin(rule)`; absent where a file could not be read or a rule crashed. */
      code: z.string().optional(),
      message: z.string(),
      filename: z.string(),
      labels: z.array(z.object({ span: z.object({ line: z.int() }) })),
    }),
  ),
});

/** What the linter says about one line. */
export interface Finding {
  readonly file: string;
  readonly line: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
}

/** Lints files, given by their path in a project, with this project's configuration; nothing of theirs is kept. */
export async function lintProject(files: ReadonlyMap<string, string>): Promise<readonly Finding[]> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'ratecard-lint-')));
  try {
    await cp(path.join(projectRoot, 'oxlint.config.ts'), path.join(folder, 'oxlint.config.ts'));
    await cp(path.join(projectRoot, 'dev/lint'), path.join(folder, 'dev/lint'), { recursive: true });
    await symlink(path.join(projectRoot, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
    for (const [file, text] of files) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), text);
    }
    return readReport(await runOxlint(folder, [...files.keys()]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Answers what oxlint prints. It exits with 1 when it finds something, which here is what it is for. */
function runOxlint(folder: string, files: readonly string[]): Promise<string> {
  const oxlint = path.join(projectRoot, 'node_modules/oxlint/bin/oxlint');
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [oxlint, '--format=json', ...files],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (error, output, errors) => {
        if (output.startsWith('{')) resolve(output);
        else reject(new Error(`oxlint gave no report: ${output}${errors}`, { cause: error }));
      },
    );
  });
}

function readReport(report: string): readonly Finding[] {
  return reportSchema.parse(JSON.parse(report)).diagnostics.map(({ code, message, filename, labels }) => ({
    file: filename.replaceAll(path.sep, '/'),
    line: labels[0]?.span.line,
    code,
    message,
  }));
}
