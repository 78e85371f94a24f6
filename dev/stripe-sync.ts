/** `npm run stripe:sync`: brings the catalogue of a database into a Stripe account. Safe to run at any time, again. */
import { parseArgs } from 'node:util';
import { syncCatalogue } from '../src/pricing/index.ts';
import { createScriptDeps } from './script-deps.ts';
import { findTargets } from './script-targets.ts';

const usage = `Usage: npm run stripe:sync -- [--variables .env.production]

Works on DATABASE_URL and STRIPE_SECRET_KEY of the file, else of the environment, else on the running \`npm run dev\`.`;

try {
  const { values } = parseArgs({ options: { variables: { type: 'string' } } });
  const done = await syncCatalogue(createScriptDeps(await findTargets(values.variables, usage)));
  for (const [what, count] of Object.entries(done)) console.log(`${what.padEnd(20)} ${count}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
