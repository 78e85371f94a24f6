import { compare, measure, ratioOf, type Variant } from '../measure/compare.ts';
import { findDirect } from '../measure/direct.ts';
import { load } from '../measure/load.ts';
import type { Result, Side } from '../measure/results.ts';
import type { Stage } from '../measure/stage.ts';
import { startWorkerd } from '../measure/workerd.ts';
import { plantAccounts, type Account } from './accounts.ts';
import type { Bench, BenchCase } from './bench-case.ts';
import { againstDirect, type HotRound } from './hot-account.ts';
import { expectBooks, expectRawBooks, makeRawAccounts, Tally } from './spend-books.ts';
import { cost, rawSpends, spends, spendStatement } from './spend-requests.ts';

const spenders = 64;
const goal = { atLeast: 0.8 };
/** Of what it can do, how much it is then asked to do at a fixed rate. */
const shareOfRate = 0.6;

/** Who spends, and what is counted of it. */
interface Cast {
  readonly spread: readonly Account[];
  readonly hot: readonly [Account];
  readonly tally: Tally;
  readonly rawTally: Tally;
}

/** One round: everything that is compared, measured one after the other. */
interface Round extends HotRound {
  readonly spread: Side;
  readonly rawSpread: Side;
  readonly rawHot: Side;
}

/**
 * Spending, with the key that a client sends, against one statement that takes as much from a row: by 64 spenders of
 * 64 accounts and of one. Void when the books do not agree with the answers.
 */
export const spending: BenchCase = {
  key: 'spend',
  run: async (bench) => {
    const { stage, effort, progress } = bench;
    const cast = await cast64(stage);
    await expectNoOverdraft(stage);
    await expectBooks(stage, all(cast), cast.tally);
    const variants = await variantsOf(stage, cast);
    const measured = await measureRounds(bench, cast, variants);
    const { rounds } = measured;
    const of = 'requests per second';
    const pairs = (one: (round: Round) => Side, other: (round: Round) => Side) =>
      rounds.map((round) => [one(round), other(round)] as const);
    const spread = ratioOf(
      { name: 'spend, 64 accounts', of, goal },
      pairs(
        (round) => round.spread,
        (round) => round.rawSpread,
      ),
    );
    const results: readonly Result[] = [
      spread,
      ratioOf(
        { name: 'spend, one account', of, goal },
        pairs(
          (round) => round.hot,
          (round) => round.rawHot,
        ),
      ),
      ratioOf(
        { name: 'spend, one account beside 64', of },
        pairs(
          (round) => round.hot,
          (round) => round.spread,
        ),
      ),
      againstDirect(measured.direct, rounds, goal),
      await compare(
        {
          name: `spend at ${100 * shareOfRate} % of its rate`,
          of: 'p99 latency',
          subject: variants.spread,
          baseline: variants.rawSpread,
          connections: spenders,
          requests: 800,
          ratePerSecond: shareOfRate * spread.subject.requestsPerSecond,
        },
        effort,
        progress,
      ),
    ];
    await expectBooks(stage, all(cast), cast.tally);
    await expectRawBooks(stage, cast.rawTally);
    return results;
  },
};

const all = ({ spread, hot }: Cast): readonly Account[] => [...spread, ...hot];

async function cast64(stage: Stage): Promise<Cast> {
  const [hot, ...spread] = await plantAccounts(stage, 1 + spenders);
  if (hot === undefined) throw new Error('there are no accounts');
  await makeRawAccounts(stage, [hot, ...spread]);
  return { spread, hot: [hot], tally: new Tally(), rawTally: new Tally() };
}

async function variantsOf(stage: Stage, { spread, hot, tally, rawTally }: Cast) {
  const ours = { setup: await stage.ratecard(), answered: tally.note };
  const raw = {
    name: 'one raw neon() UPDATE',
    setup: await stage.worker('bench/baselines/raw-spend.ts'),
    answered: rawTally.note,
  };
  return {
    spread: { ...ours, name: 'Ratecard', requests: spends(spread) },
    hot: { ...ours, name: 'Ratecard, one account', requests: spends(hot) },
    rawSpread: { ...raw, requests: rawSpends(spread) },
    rawHot: { ...raw, requests: rawSpends(hot) },
    hop: {
      name: 'one raw neon() select 1',
      setup: await stage.worker('bench/baselines/raw-hop.ts'),
      requests: rawSpends(hot),
    },
  } satisfies Record<string, Variant>;
}

async function measureRounds(
  { stage, effort, progress }: Bench,
  { hot: [account], tally }: Cast,
  variants: Awaited<ReturnType<typeof variantsOf>>,
): Promise<{ readonly direct: string; readonly rounds: readonly Round[] }> {
  const sizes = { connections: spenders, requests: 1200 };
  const direct = await findDirect();
  const runDirect = async (statement: ReturnType<typeof spendStatement>): Promise<Side> => {
    const requests = Math.ceil(sizes.requests * effort.scale);
    const { databaseUrl } = stage;
    const result = await direct.run({ databaseUrl, statement, connections: spenders, requests });
    return { name: direct.name, ...result, processorMicroseconds: null };
  };
  const statement = spendStatement({ issuer: stage.issuer, subject: account.subject });
  const rounds: Round[] = [];
  for (let round = 1; round <= effort.rounds; round += 1) {
    progress(`64 spenders: round ${round} of ${effort.rounds}`);
    const spread = await measure(variants.spread, sizes, effort);
    const rawSpread = await measure(variants.rawSpread, sizes, effort);
    const rawHot = await measure(variants.rawHot, sizes, effort);
    const hot = await measure(variants.hot, sizes, effort);
    const directHot = await runDirect(statement);
    tally.note(directHot);
    const hop = await measure(variants.hop, sizes, effort);
    const directHop = await runDirect({ text: 'select 1', parameters: [] });
    rounds.push({ spread, rawSpread, rawHot, hot, directHot, hop, directHop });
  }
  return { direct: direct.name, rounds };
}

/** Many more spends at once than an account has credits for: as many as it can pay are made, and the rest refused. */
async function expectNoOverdraft(stage: Stage): Promise<void> {
  const affordable = 20;
  const accounts = await plantAccounts(stage, 1, (affordable * cost) / 2);
  const workerd = await startWorkerd(await stage.ratecard());
  try {
    const { offered, dropped, errors } = await load(workerd.url, spends(accounts)(2 * spenders), spenders);
    const made = offered - dropped - errors;
    if (made !== affordable) throw new Error(`${affordable} spends could be paid, ${made} were made`);
    const tally = new Tally();
    tally.note({ offered: made, dropped, errors: 0 });
    await expectBooks(stage, accounts, tally);
  } finally {
    await workerd.stop();
  }
}
