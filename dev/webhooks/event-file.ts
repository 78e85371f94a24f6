import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Refusal } from './installation.ts';

const list = z.object({ object: z.literal('list'), data: z.array(z.unknown()) });

/**
 * The events in a file, `-` for standard input: one as JSON, an array of them, a list as Stripe's API answers it, or one
 * on each line. Throws Refusal.
 */
export function readEvents(file: string): readonly unknown[] {
  const text = readText(file);
  const whole = parse(text);
  if (whole !== undefined) {
    return Array.isArray(whole.json) ? whole.json : (list.safeParse(whole.json).data?.data ?? [whole.json]);
  }
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = parse(line);
    if (parsed === undefined)
      throw new Refusal(`${nameOf(file)} is no JSON, and line ${index + 1} of it is none.`);
    return [parsed.json];
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Refusal(`${nameOf(file)} cannot be read: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

function parse(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function nameOf(file: string): string {
  return file === '-' ? 'Standard input' : file;
}
