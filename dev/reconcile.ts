/** `npm run reconcile`: compares an installation's books with Stripe's, and, with `--fix`, repairs what is safe. */
import { reconcile, type ReconciledDifference } from '../src/billing/index.ts';
import { readCommandLine } from './command-line.ts';
import { createScriptDeps } from './script-deps.ts';
import { findTargets } from './script-targets.ts';

const usage = `Usage: npm run reconcile -- [--fix] [--days 35] [--json] [--variables .env.production]

Compares subscriptions, payments and grants with Stripe's books, and the ledger with itself. Says of each difference
what would repair it; --fix does what is safe. Ends with 1 when a difference stays open.
Works on DATABASE_URL and STRIPE_SECRET_KEY of the file, else of the environment, else on the running \`npm run dev\`.`;

function lineOf({ kind, id, problem, repair, outcome, ours, stripes }: ReconciledDifference): string {
  const sides = `ours ${JSON.stringify(ours)}, Stripe's ${JSON.stringify(stripes)}`;
  return `${outcome.padEnd(8)} ${kind} ${id}: ${problem} (${repair})\n         ${sides}`;
}

function daysOf(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new Error(usage);
  return Number(text);
}

try {
  const values = readCommandLine(
    {
      fix: { type: 'boolean', default: false },
      days: { type: 'string', default: '35' },
      json: { type: 'boolean', default: false },
      variables: { type: 'string' },
    },
    usage,
  );
  const deps = createScriptDeps(await findTargets(values.variables, usage));
  const found = await reconcile(deps, { fix: values.fix, windowDays: daysOf(values.days) });
  if (values.json) console.log(JSON.stringify(found));
  else {
    for (const difference of found.differences) console.log(lineOf(difference));
    const compared = Object.entries(found.compared).map(([what, count]) => `${count} ${what}`);
    console.log(`Compared ${compared.join(', ')}: ${found.differences.length} differences.`);
  }
  process.exitCode = found.differences.every(({ outcome }) => outcome === 'fixed') ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
