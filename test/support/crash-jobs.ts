import { crashPath, type CheckedPath, type CrashPath } from './crash.ts';
import type { Buyer } from './shop.ts';
import type { TestWorker } from './worker.ts';

type JobPath<Case extends { readonly buyer: Buyer }> = Pick<CrashPath<Case>, 'arrange' | 'prepare'> & {
  /** What a statement of the job has in its text. */
  readonly statements: readonly string[];
};

/** What the cron trigger does, and finds again at its next run. `prepare` makes it due. */
export function jobPath<Case extends { readonly buyer: Buyer }>(
  name: string,
  { statements, ...path }: JobPath<Case>,
): CheckedPath {
  const run = (worker: TestWorker) => worker.scheduled();
  return crashPath({
    name,
    ...path,
    act: run,
    retry: run,
    concerns: ({ queries }) => queries.some((query) => statements.some((text) => query.includes(text))),
  });
}
