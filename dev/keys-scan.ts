/** `npm run keys:scan`: finds API keys that leaked into files, offline: by their form and their checksum. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { keysIn } from '../src/identity/api-key.ts';

const usage = `Usage: npm run -s keys:scan -- FILE…    (- is standard input)

Prints FILE:LINE and the id of each API key of Ratecard that is found, never the key. Ends with 1 when any is found,
with 2 when a file cannot be read. POST /admin/api-keys/identify tells whose a key is; DELETE /admin/api-keys/{id}
ends it.`;

/** Answers how many were found. */
async function scan(name: string): Promise<number> {
  const input = name === '-' ? process.stdin : createReadStream(name);
  // Byte by byte: files need not be text.
  const lines = createInterface({ input: input.setEncoding('latin1'), crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  let found = 0;
  for await (const text of lines) {
    line += 1;
    for (const { id, mode } of keysIn(text)) {
      found += 1;
      console.log(`${name}:${line}: key ${id} (${mode})`);
    }
  }
  return found;
}

async function scanAll(names: readonly string[]): Promise<0 | 1 | 2> {
  if (names.length === 0 || names.includes('--help')) {
    console.error(usage);
    return 2;
  }
  let found = 0;
  for (const name of names) found += await scan(name);
  return found === 0 ? 0 : 1;
}

try {
  process.exitCode = await scanAll(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
