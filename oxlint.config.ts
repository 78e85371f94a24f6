import { defineConfig, type OxlintConfig } from 'oxlint';
import { domainNames, layerRules } from './dev/lint/layers.ts';

const tests = ['test/**'];
const worker = ['src/**'];
/** What Cloudflare and the tools load by its default export. */
const entries = [
  'src/index.ts',
  '*.config.ts',
  'dev/lint/plugin.ts',
  'test/support/global-setup.ts',
  'test/support/count-reporter.ts',
  'test/mail/probe-worker.ts',
  'bench/{baselines,variants}/*.ts',
];

/** The rules of the house that the categories `correctness` and `suspicious` do not have. */
const houseRules = {
  'eslint/eqeqeq': 'error',
  'eslint/no-fallthrough': 'error',
  'eslint/no-param-reassign': 'error',
  'eslint/no-throw-literal': 'error',
  'eslint/no-var': 'error',
  'eslint/prefer-const': 'error',
  'import/no-cycle': 'error',
  'import/no-default-export': 'error',
  'import/no-duplicates': 'error',
  'typescript/ban-ts-comment': 'error',
  'typescript/consistent-type-imports': 'error',
  'typescript/no-explicit-any': 'error',
  'typescript/no-import-type-side-effects': 'error',
  'typescript/no-non-null-assertion': 'error',
  'typescript/no-require-imports': 'error',
  'unicorn/no-abusive-eslint-disable': 'error',
  'unicorn/prefer-node-protocol': 'error',
  'eslint/max-lines': ['error', { max: 300 }],
  'eslint/max-lines-per-function': ['error', { max: 60 }],
} satisfies OxlintConfig['rules'];

/** Rules of the categories that find nothing wrong in code like ours. */
const noise = {
  // Hono's handlers are async; the rule is about Express.
  'oxc/no-async-endpoint-handlers': 'off',
  'eslint/no-underscore-dangle': 'off',
  // A helper may stand beside its only use.
  'unicorn/consistent-function-scoping': 'off',
  // `import Stripe from 'stripe'` is how the SDK documents itself.
  'import/no-named-as-default': 'off',
  // A promise may be waited for without its value.
  'promise/always-return': 'off',
} satisfies OxlintConfig['rules'];

/** Layers of the Stripe sandbox, each of which knows only those before it; a type of a later one is no dependence. */
const sandboxLayers = [
  'state',
  'api',
  'banks',
  'objects',
  'payments',
  'billing',
  'checkout',
  'portal',
  'resources',
  'pages',
  'server',
];

const machineTime = 'the time is an input, so that tests and replays can set it: take it from `deps.clock`.';

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'node'],
  jsPlugins: ['./dev/lint/plugin.ts'],
  ignorePatterns: ['src/bindings.d.ts', '**/generated/**'],
  options: { denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  categories: { correctness: 'error', suspicious: 'error' },
  rules: { ...houseRules, ...noise },
  overrides: [
    {
      files: worker,
      rules: {
        ...Object.fromEntries(Object.keys(layerRules).map((name) => [`ratecard/${name}`, 'error'] as const)),
        'eslint/no-console': 'error',
        'eslint/no-restricted-globals': [
          'error',
          {
            name: 'process',
            message: 'configuration is checked by env.ts and comes in `deps`: take it from there.',
          },
        ],
        'node/no-process-env': 'error',
      },
    },
    { files: ['src/core/log.ts', 'src/http/log.ts'], rules: { 'eslint/no-console': 'off' } },
    {
      files: domainNames.map((domain) => `src/${domain}/**`),
      rules: {
        'ratecard/no-ambient-date': 'error',
        'eslint/no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', message: machineTime },
          { object: 'Math', property: 'random', message: 'take ids from core/, and secrets from `crypto`.' },
        ],
      },
    },
    {
      files: tests,
      plugins: ['vitest'],
      rules: {
        'vitest/no-focused-tests': 'error',
        'vitest/no-disabled-tests': 'error',
        'vitest/no-identical-title': 'error',
        // Tests of one table of cases expect by the kind of case, often in a helper.
        'vitest/no-conditional-expect': 'off',
        'vitest/expect-expect': 'off',
        // It refuses an expectation that is awaited later; Vitest itself reports one that never is.
        'vitest/valid-expect': 'off',
        'eslint/max-lines': 'off',
        'eslint/max-lines-per-function': 'off',
      },
    },
    {
      // Stripe's objects are written out whole, one member a line.
      files: ['dev/stripe-sandbox/{objects,resources}/**'],
      rules: { 'eslint/max-lines-per-function': ['error', { max: 100 }] },
    },
    ...sandboxLayers.slice(0, -1).map((layer, index) => ({
      files: [`dev/stripe-sandbox/${layer}/**`],
      rules: {
        'eslint/no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: sandboxLayers.slice(index + 1).map((later) => `**/${later}/**`),
                allowTypeImports: true,
                message: 'this layer comes later: dev/stripe-sandbox/index.ts says in which order.',
              },
            ],
          },
        ] as const,
      } satisfies OxlintConfig['rules'],
    })),
    { files: entries, rules: { 'import/no-default-export': 'off' } },
  ],
});
