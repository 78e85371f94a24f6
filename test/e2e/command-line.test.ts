import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const scripts = ['up', 'token', 'code', 'admin-create', 'reconcile'];

function run(script: string, word: string) {
  return spawnSync(process.execPath, [`dev/${script}.ts`, word], { encoding: 'utf8' });
}

it.each(scripts)('dev/%s.ts says how it is used to who asks for help, and does nothing', (script) => {
  const { status, stdout, stderr } = run(script, '--help');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^Usage: npm run /);
});

it.each(scripts)('dev/%s.ts refuses a word that it does not know, and says how it is used', (script) => {
  const { status, stderr } = run(script, '--nonsense');
  expect(status).toBeGreaterThan(0);
  expect(stderr).toMatch(/Unknown option '--nonsense'/);
  expect(stderr).toMatch(/^Usage: npm run /m);
  expect(stderr).not.toMatch(/^ {4}at /m);
});
