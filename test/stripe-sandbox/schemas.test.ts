import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the request schemas are those of the installed SDK', async () => {
  const generator = path.join(import.meta.dirname, '../../dev/stripe-sandbox/api/generate-schemas.ts');
  const { stderr } = await promisify(execFile)(process.execPath, [generator, '--check']);
  expect(stderr).toBe('');
});
