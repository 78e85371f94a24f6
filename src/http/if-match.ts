import { z } from 'zod';

const entityTag = String.raw`(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"|\d+`;
const entityTags = new RegExp(`^(?:${entityTag})(?:[ \\t]*,[ \\t]*(?:${entityTag}))*$`);

/**
 * `If-Match` (RFC 9110 §13.1.1) as the versions that the client is content with; undefined for `*`, any. The bare
 * number is taken too, and so is a weak tag: a version is exact however it was passed on.
 */
const ifMatch = z.string().transform((header, context) => {
  const value = header.trim();
  if (value === '*') return undefined;
  if (!entityTags.test(value)) {
    context.addIssue({ code: 'custom', message: 'must be the `ETag` of an answer, several, or `*`' });
    return z.NEVER;
  }
  const tags: readonly string[] = value.match(new RegExp(entityTag, 'g')) ?? [];
  return tags.map((tag) => tag.replace(/^(?:W\/)?"(.*)"$/, '$1'));
});

/** For `request.headers` of a route that changes what has a version. */
export const versionHeaders = z.object({
  'if-match': ifMatch.optional().meta({
    type: 'string',
    description: 'The `ETag` of the item as it was read: 412 `version_conflict` when it has changed since.',
  }),
});
