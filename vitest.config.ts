import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    pool: 'forks',
    // One more than the two cores of a small machine: tests also wait, for queues and for time limits.
    maxWorkers: 3,
    // Files share their modules, which take long to read. What they change is each file's own: Worker, database, Stripe.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What a test waits for comes soon, but on a busy machine not within the default second.
    expect: { poll: { timeout: 20_000 } },
  },
});
