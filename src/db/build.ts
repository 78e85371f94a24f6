import { drizzle } from 'drizzle-orm/neon-http';

/** Builds statements, and cannot run them: only a `Database` can, which counts what it runs. */
export const build = drizzle.mock();
