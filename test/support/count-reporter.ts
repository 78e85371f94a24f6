import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A file that cannot be loaded, a hook that fails and an error outside of any test count as one failure each. */
function countModule(module: TestModule): Counts {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') passed += 1;
    else if (state === 'failed') failed += 1;
    else skipped += 1;
  }
  failed += module.errors().length;
  for (const suite of module.children.allSuites()) failed += suite.errors().length;
  if (failed === 0 && !module.ok()) failed = 1;
  return { passed, failed, skipped };
}

/**
 * Makes `N passed, N failed` (and `, N skipped` if any) the very last line of a run, for scripts to read. It
 * is written as the process ends, after the default reporter's summary and everybody's clearing up.
 */
class CountReporter implements Reporter {
  /** A run that ends without a result, because the global setup failed for instance, is a failure. */
  #counts: Counts = { passed: 0, failed: 1, skipped: 0 };

  onInit(): void {
    process.once('exit', () => {
      const { passed, failed, skipped } = this.#counts;
      const skippedPart = skipped > 0 ? `, ${skipped} skipped` : '';
      process.stdout.write(`${passed} passed, ${failed} failed${skippedPart}\n`);
    });
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    const sum = (key: keyof Counts): number =>
      modules.map((module) => countModule(module)[key]).reduce((total, count) => total + count, 0);
    const failed = sum('failed') + unhandledErrors.length;
    this.#counts = {
      passed: sum('passed'),
      failed: failed === 0 && reason !== 'passed' ? 1 : failed,
      skipped: sum('skipped'),
    };
  }
}

export default CountReporter;
