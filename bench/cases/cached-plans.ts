import { compare, type Variant } from '../measure/compare.ts';
import type { LoadRequest } from '../measure/load.ts';
import type { Stage } from '../measure/stage.ts';
import type { BenchCase } from './bench-case.ts';
import { answerOf, asks, path } from './plan-list.ts';

type Sides = readonly [subject: Variant, baseline: Variant];

/** The plan list out of the isolate's memory, through all the middleware, and a bare Worker with the same bytes. */
export async function listBesideSameBytes(stage: Stage) {
  const setup = await stage.ratecard();
  const { body, etag } = await answerOf(setup);
  const bare = await stage.worker('bench/baselines/same-bytes.ts');
  const same = { ...bare, variables: { BODY: body, ETAG: etag } };
  const fill = async (url: string) => {
    await (await fetch(`${url}${path}`)).arrayBuffer();
  };
  return {
    etag,
    asked: (more: Partial<LoadRequest> = {}): Sides => [
      { name: 'Ratecard', setup, requests: (count) => asks(count, more), prepare: fill },
      { name: 'bare Worker', setup: same, requests: (count) => asks(count, more) },
    ],
  };
}

export const cachedPlans: BenchCase = {
  key: 'plans',
  run: async ({ stage, effort, progress }) => {
    const { etag, asked } = await listBesideSameBytes(stage);
    const [subject, baseline] = asked();
    const [held, bareHeld] = asked({ status: 304, headers: { 'If-None-Match': etag } });
    const many = { connections: 16, requests: 8000 };
    const ratio = { of: 'requests per second', goal: { atLeast: 0.8 }, ...many } as const;
    return [
      await compare({ name: 'cached plan list', ...ratio, subject, baseline }, effort, progress),
      await compare(
        { name: 'cached plan list, 304', ...ratio, subject: held, baseline: bareHeld },
        effort,
        progress,
      ),
      await compare(
        {
          name: 'cached plan list, one connection',
          of: 'p99 latency',
          goal: { atMost: 2 },
          connections: 1,
          requests: 4000,
          subject,
          baseline,
        },
        effort,
        progress,
      ),
    ];
  },
};
