import type { LintCase } from './cases.ts';

/** Rules of the house beside the layering. */
export const houseCases: readonly LintCase[] = [
  {
    rule: 'import(no-cycle)',
    file: 'src/billing/cycle-one.ts',
    forbids: ["export { $ } from './cycle-two.ts';"],
    allows: ["import type { $ } from './cycle-three.ts';"],
  },
  {
    rule: 'import(no-cycle)',
    file: 'src/billing/cycle-two.ts',
    forbids: ["export { $ } from './cycle-one.ts';"],
    allows: [],
  },
  {
    rule: 'import(no-cycle)',
    file: 'src/billing/cycle-three.ts',
    forbids: [],
    allows: ["import { $ } from './cycle-one.ts';"],
  },
  {
    rule: 'node(no-process-env)',
    file: 'src/env.ts',
    forbids: ['export const $ = process.env;', "export const $ = process.env['JWT_SECRET'];"],
    allows: ['export const $ = (env: { JWT_SECRET: string }): string => env.JWT_SECRET;'],
  },
  {
    rule: 'eslint(no-restricted-globals)',
    file: 'src/core/time.ts',
    forbids: ['export const { env: $ } = process;'],
    allows: [],
  },
  {
    rule: 'node(no-process-env)',
    file: 'dev/up.ts',
    forbids: [],
    allows: ["export const $ = process.env['DATABASE_URL'];"],
  },
  {
    rule: 'typescript(no-explicit-any)',
    file: 'dev/any.ts',
    forbids: [
      'export const $ = (value: any): unknown => value;',
      'export const $ = JSON.parse("{}") as any;',
    ],
    allows: ['export const $ = (value: unknown): unknown => value;'],
  },
  {
    rule: 'typescript(no-non-null-assertion)',
    file: 'test/first.ts',
    forbids: ['export const $ = (list: string[]): string => list[0]!;'],
    allows: ["export const $ = (list: string[]): string => list[0] ?? '';"],
  },
  {
    rule: 'typescript(ban-ts-comment)',
    file: 'src/core/ids.ts',
    forbids: ['// @ts-ignore', '// @ts-nocheck'],
    allows: [],
  },
  ...['src/app.ts', 'src/pricing/index.ts', 'dev/seed.ts'].map((file) => ({
    rule: 'import(no-default-export)',
    file,
    forbids: ['const $ = 1; export { $ as default };'],
    allows: ['export const $ = 1;'],
  })),
  ...['src/index.ts', 'drizzle.config.ts'].map((file) => ({
    rule: 'import(no-default-export)',
    file,
    forbids: [],
    allows: ['const $ = 1; export default $;'],
  })),
  {
    rule: 'eslint(no-console)',
    file: 'src/billing/fulfil.ts',
    forbids: ["console.log('paid');", "console.error('paid');"],
    allows: [],
  },
  ...['src/core/log.ts', 'src/http/log.ts', 'dev/up.ts'].map((file) => ({
    rule: 'eslint(no-console)',
    file,
    forbids: [],
    allows: ["console.log('ready');"],
  })),
  {
    rule: 'eslint(no-restricted-properties)',
    file: 'src/credits/expire-lots.ts',
    forbids: [
      'export const $ = Date.now();',
      "export const $ = Date['now']();",
      'export const { now: $ } = Date;',
      'export const $ = Math.random();',
    ],
    allows: ['export const $ = Math.floor(1.5);', 'export const $ = Date.UTC(2026);'],
  },
  {
    rule: 'ratecard(no-ambient-date)',
    file: 'src/credits/expire-lots.ts',
    forbids: ['export const $ = new Date();', 'export const $ = Date();'],
    allows: [
      'export const $ = new Date(0);',
      'export const $ = (clock: { now(): Date }): Date => clock.now();',
    ],
  },
  {
    rule: 'ratecard(no-ambient-date)',
    file: 'src/deps.ts',
    forbids: [],
    allows: ['export const $ = { now: (): Date => new Date() };'],
  },
  ...['src/billing/long-file.ts', 'dev/long-file.ts'].map((file) => ({
    rule: 'eslint(max-lines)',
    file,
    forbids: [`export const $ = [\n${'  1,\n'.repeat(300)}];`],
    allows: [],
  })),
  ...['src/billing/long-function.ts', 'dev/long-function.ts'].map((file) => ({
    rule: 'eslint(max-lines-per-function)',
    file,
    forbids: [longFunction(60)],
    allows: [longFunction(50)],
  })),
  {
    rule: 'eslint(max-lines-per-function)',
    file: 'test/long.ts',
    forbids: [],
    allows: [longFunction(280)],
  },
  {
    rule: 'vitest(no-focused-tests)',
    file: 'test/focus.test.ts',
    forbids: ["test.only('a replayed event grants credits once $', () => {});"],
    allows: ["test('a replayed event grants credits once $', () => {});"],
  },
  {
    rule: 'typescript(no-import-type-side-effects)',
    file: 'src/pricing/plan.ts',
    forbids: ["import { type $ } from './offer.ts';"],
    allows: ["import type { $ } from './offer.ts';"],
  },
  {
    rule: 'typescript(no-require-imports)',
    file: 'src/pricing/plan.ts',
    forbids: ["export const $ = require('./offer.ts');"],
    allows: [],
  },
];

function longFunction(lines: number): string {
  return `export function $(list: number[]): void {\n${'  list.push(1);\n'.repeat(lines)}}`;
}
