import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the request schemas are those of the installed SDK', async () => {
  const generator = new URL('../../dev/stripe-sandbox/generate-schemas.ts', import.meta.url).pathname;
  const { stderr } = await promisify(execFile)(process.execPath, [generator, '--check']);
  expect(stderr).toBe('');
});
