import { z } from 'zod';
import { secondsSince, type Copy } from '../core/cached-document.ts';
import { sha256, toHex } from '../core/ids.ts';
import type { AppContext } from './context.ts';

/** How long a browser or proxy may reuse a public answer without asking, counted from when the database gave it. */
const reusableSeconds = 5;

/** A body made once and answered many times, named by its content. */
export interface RenderedAnswer {
  readonly body: string;
  /** A weak entity tag, quotes included (RFC 9110 §8.8.3). */
  readonly etag: string;
}

/** Checks the body against its schema, so that a member it does not name cannot leak, and makes JSON and tag of it. */
export async function renderAnswer<Schema extends z.ZodType>(
  schema: Schema,
  body: z.input<Schema>,
): Promise<RenderedAnswer> {
  const json = JSON.stringify(schema.parse(body));
  return { body: json, etag: `W/"${toHex(await sha256(json)).slice(0, 32)}"` };
}

/** Headers that let a client ask again without being sent the same body, for `request.headers` of a route. */
export const conditionalHeaders = z.object({
  'if-none-match': z.string().optional().meta({
    description: 'An `ETag` that the client holds (or several, or `*`): 304 while the answer is the same.',
  }),
});

/** For `responses` of a route that answers by {@link answerCached}. */
export const notModifiedResponse = { description: 'The same as what the client holds.' } as const;

/**
 * Answers with what was rendered from a cached document: 304 to a client that holds it already, `Age` since it was
 * read from the database, `Warning: 110` (RFC 7234 §5.5) where the database no longer vouches for it.
 * @param changesInSeconds when the answer is due to change by itself; nobody may reuse it beyond
 */
export function answerCached(
  c: AppContext,
  copy: Copy<unknown>,
  rendered: RenderedAnswer,
  changesInSeconds = Infinity,
) {
  c.set('cacheLayer', copy.layer);
  const maxAge = Math.max(0, Math.floor(Math.min(reusableSeconds, changesInSeconds)));
  const age = Math.max(0, Math.floor(secondsSince(c.get('deps').documents, copy.loadedAt)));
  c.header('ETag', rendered.etag);
  c.header('Cache-Control', `public, max-age=${maxAge}`);
  c.header('Age', String(age));
  if (copy.stale) c.header('Warning', '110 - "Response is Stale"');
  if (isHeld(c.req.header('If-None-Match'), rendered.etag)) return c.body(null, 304);
  return c.body(rendered.body, 200, { 'Content-Type': 'application/json' });
}

/** Weak comparison (RFC 9110 §13.1.2): a cache on the way may have weakened or strengthened the tag. */
function isHeld(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const held: readonly string[] = ifNoneMatch.match(/"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return held.includes(etag.replace(/^W\//, ''));
}
