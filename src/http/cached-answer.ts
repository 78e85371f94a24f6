import type { z } from 'zod';
import { secondsSince, type Copy } from '../core/cached-document.ts';
import { sha256, toHex } from '../core/ids.ts';
import type { AppContext } from './context.ts';
import { preparedHeaders } from './security-headers.ts';

/** How long a browser or proxy may reuse a public answer without asking, counted from when the database gave it. */
const reusableSeconds = 5;

/** A body made once and answered many times, named by its content. */
export interface RenderedAnswer {
  readonly body: string;
  /** A weak entity tag, quotes included (RFC 9110 §8.8.3). */
  readonly etag: string;
  /** Of the whole answer; and of the one without it, for who holds it already. */
  readonly headers: Headers;
  readonly heldHeaders: Headers;
}

/** Checks the body against its schema, so that a member it does not name cannot leak, and makes JSON and tag of it. */
export async function renderAnswer<Schema extends z.ZodType>(
  schema: Schema,
  body: z.input<Schema>,
): Promise<RenderedAnswer> {
  const json = JSON.stringify(schema.parse(body));
  const etag = `W/"${toHex(await sha256(json)).slice(0, 32)}"`;
  const shared = { ETag: etag, 'Cache-Control': reusableFor(reusableSeconds) };
  return {
    body: json,
    etag,
    headers: preparedHeaders({ ...shared, 'Content-Type': 'application/json' }),
    heldHeaders: preparedHeaders(shared),
  };
}

/** The header that lets a client ask again without being sent the same body, for `parameters` of a route. */
export const conditionalParameters = [
  {
    name: 'if-none-match',
    in: 'header' as const,
    required: false,
    description: 'An `ETag` that the client holds (or several, or `*`): 304 while the answer is the same.',
    schema: { type: 'string' as const },
  },
];

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
  const held = isHeld(c.req.header('If-None-Match'), rendered.etag);
  const headers = new Headers(held ? rendered.heldHeaders : rendered.headers);
  const age = Math.max(0, Math.floor(secondsSince(c.get('deps').documents, copy.loadedAt)));
  headers.set('Age', String(age));
  if (changesInSeconds < reusableSeconds) headers.set('Cache-Control', reusableFor(changesInSeconds));
  if (copy.stale) headers.set('Warning', '110 - "Response is Stale"');
  return held ? new Response(null, { status: 304, headers }) : new Response(rendered.body, { headers });
}

function reusableFor(seconds: number): string {
  return `public, max-age=${Math.max(0, Math.floor(seconds))}`;
}

/** Weak comparison (RFC 9110 §13.1.2): a cache on the way may have weakened or strengthened the tag. */
function isHeld(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const held: readonly string[] = ifNoneMatch.match(/"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return held.includes(etag.replace(/^W\//, ''));
}
