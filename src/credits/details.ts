import { z } from 'zod';

const maximumBytes = 4096;
const maximumDepth = 16;

/** Whatever a client wants to find again beside a use of credits: a JSON object, small, that Postgres can carry. */
export const usageDetails = z
  .unknown()
  .superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .transform((value) => ofObject(value))
  .meta({
    type: 'object',
    description: 'A JSON object of at most 4 KB and 16 levels, kept with the transaction and given back.',
  });

function problemOf(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return 'must be an object';
  let level: readonly unknown[] = [details];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > maximumDepth + 1) return `must not be deeper than ${maximumDepth} levels`;
    const problem = level.map(problemOfOne).find((found) => found !== undefined);
    if (problem !== undefined) return problem;
    level = level.flatMap(childrenOf);
  }
  const { byteLength } = new TextEncoder().encode(JSON.stringify(details));
  return byteLength > maximumBytes ? `must not be larger than ${maximumBytes} bytes` : undefined;
}

function problemOfOne(value: unknown): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'must not contain numbers beyond range';
  const texts =
    typeof value === 'string'
      ? [value]
      : typeof value === 'object' && value !== null
        ? Object.keys(value)
        : [];
  if (texts.some((text) => !text.isWellFormed() || text.includes('\u0000'))) {
    return 'must not contain NUL or unpaired surrogates';
  }
  return !Array.isArray(value) && texts.includes('__proto__') && typeof value === 'object'
    ? 'must not have a member `__proto__`'
    : undefined;
}

function childrenOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** Safe because `problemOf` let nothing but an object through. */
function ofObject(details: unknown): Readonly<Record<string, unknown>> {
  return details as Readonly<Record<string, unknown>>;
}
