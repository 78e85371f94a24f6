/** Stands in for Zod's messages in other languages (wrangler.toml): nobody is answered in them. */
export const others: readonly string[] = [];
