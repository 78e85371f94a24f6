import { compare } from '../measure/compare.ts';
import type { Result } from '../measure/results.ts';
import type { Stage } from '../measure/stage.ts';
import type { Bench, BenchCase } from './bench-case.ts';
import { listBesideSameBytes } from './cached-plans.ts';
import { customersAsking, ofCatalogue, ofLedger, type Asking, type RequestsOf } from './grown-requests.ts';
import { addPlans, setUpGrown } from './grown-stage.ts';

/** Each customer has a hundred rows here, one a thousand. */
const young = { customers: 91, former: 10, transactions: 10_000, hotTransactions: 1000, events: 10_000 };
/** And here thousands, and one half a million. */
const old = {
  customers: 1001,
  former: 1000,
  transactions: 5_000_000,
  hotTransactions: 500_000,
  events: 1_000_000,
};
const plans = 2000;

/** A stage, and who asks it. */
interface Grown {
  readonly name: string;
  readonly stage: Stage;
  readonly asking: Asking;
}

/** Few at once: what one request takes is asked, and not how many the machine can do. */
async function compareAll(
  { effort, progress }: Bench,
  asked: Readonly<Record<string, RequestsOf>>,
  large: Grown,
  small: Grown,
): Promise<readonly Result[]> {
  const variant = async ({ name, stage, asking }: Grown, requestsOf: RequestsOf) => ({
    name,
    setup: await stage.ratecard(),
    requests: requestsOf(asking),
  });
  const results: Result[] = [];
  for (const [what, requestsOf] of Object.entries(asked)) {
    const comparison = {
      name: `growth, ${what}: ${large.name}`,
      of: 'time per request',
      goal: { atMost: 1.2 },
      connections: 2,
      requests: 600,
      subject: await variant(large, requestsOf),
      baseline: await variant(small, requestsOf),
    } as const;
    results.push(await compare(comparison, effort, progress));
  }
  return results;
}

async function measureGrowth(bench: Bench, small: Stage, large: Stage): Promise<readonly Result[]> {
  const { effort, progress } = bench;
  const atFirst = {
    name: '10k rows, 10k events',
    stage: small,
    asking: await customersAsking(small, young.customers),
  };
  const later = {
    name: '5M rows, 1M events',
    stage: large,
    asking: await customersAsking(large, old.customers),
  };
  const results = await compareAll(bench, ofLedger, later, atFirst);
  await addPlans(large, plans);
  const [subject, baseline] = (await listBesideSameBytes(large)).asked();
  const narrow = { ...atFirst, name: '7 plans' };
  const wide = { ...later, name: `${plans} plans` };
  return [
    ...results,
    ...(await compareAll(bench, ofCatalogue, wide, narrow)),
    await compare(
      {
        name: `cached plan list of ${plans} plans`,
        of: 'requests per second',
        connections: 16,
        requests: 1000,
        subject,
        baseline,
      },
      effort,
      progress,
    ),
  ];
}

/** What a request costs must not depend on how old an account, the ledger, the inbox or the catalogue is. */
export const growth: BenchCase = {
  key: 'growth',
  run: async (bench) => {
    const { bundles, progress } = bench;
    progress('filling a small ledger');
    const small = await setUpGrown(bundles, young);
    try {
      progress('filling a large ledger, for a minute or so');
      const large = await setUpGrown(bundles, old);
      try {
        return await measureGrowth(bench, small, large);
      } finally {
        await large.tearDown();
      }
    } finally {
      await small.tearDown();
    }
  },
};
