import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { z } from 'zod';
import type { Stage } from '../measure/stage.ts';
import { workerdVersion } from '../measure/workerd.ts';
import type { RunRecord } from './run-record.ts';

const versionSchema = z.tuple([z.object({ server_version: z.string() })]);

/** What a run was measured on and with: without it nobody can tell what its figures mean. */
export async function describeMachine(
  stage: Stage,
): Promise<Pick<RunRecord, 'commit' | 'machine' | 'versions'>> {
  const [{ server_version }] = versionSchema.parse(await stage.query('show server_version'));
  return {
    commit: commitOf(),
    machine: {
      system: `${platform()} ${release()} ${arch()}`,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    },
    versions: {
      node: process.versions.node,
      workerd: await workerdVersion(),
      postgresql: server_version,
    },
  };
}

function commitOf(): RunRecord['commit'] {
  const git = (...command: string[]) =>
    execFileSync('git', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return { id: git('rev-parse', 'HEAD'), changed: git('status', '--porcelain') !== '' };
  } catch {
    return null;
  }
}
