import { setTimeout as delay } from 'node:timers/promises';
import { compare, type Variant } from '../measure/compare.ts';
import type { RatioResult } from '../measure/results.ts';
import type { BenchCase } from './bench-case.ts';
import { answerOf, asks, path } from './plan-list.ts';

/** As Server-Timing names them. */
type Layer = 'store' | 'database';

const timingOf = (layer: Layer) => `cache;desc="${layer}"`;

/** The plan list where the isolate has nothing in memory: out of KV, and where KV has nothing either. */
export const coldPlans: BenchCase = {
  key: 'cold',
  run: async ({ stage, effort, progress }) => {
    const cold = await stage.worker('bench/variants/cold-isolate.ts');
    const { body } = await answerOf(cold);
    await stage.query('create table if not exists raw_answers (body text not null)');
    await stage.query('insert into raw_answers values ($1)', [body]);
    const ratecard = (layer: Layer, store: 'kept' | 'empty'): Variant => ({
      name: 'Ratecard',
      setup: { ...cold, store },
      requests: (count) => asks(count, { timing: timingOf(layer) }),
      prepare: (url) => untilAnswersFrom(layer, url),
    });
    const fromStore = {
      name: 'plan list from KV',
      subject: ratecard('store', 'kept'),
      baseline: {
        name: 'one KV read',
        setup: await stage.worker('bench/baselines/kv-read.ts'),
        requests: (count: number) => asks(count),
        prepare: async (url: string) => {
          await (await fetch(url, { method: 'PUT', body })).arrayBuffer();
        },
      },
    };
    const fromDatabase = {
      name: 'plan list from PostgreSQL',
      subject: ratecard('database', 'empty'),
      baseline: {
        name: 'one neon() query',
        setup: await stage.worker('bench/baselines/raw-select.ts'),
        requests: (count: number) => asks(count),
      },
    };
    const rest = { of: 'requests per second', connections: 16 } as const;
    return [
      fromOneLayer(await compare({ ...fromStore, ...rest, requests: 4000 }, effort, progress)),
      fromOneLayer(await compare({ ...fromDatabase, ...rest, requests: 2000 }, effort, progress)),
    ];
  },
};

/** @throws when an answer came from another layer: then something else was measured */
function fromOneLayer(result: RatioResult): RatioResult {
  const { errors, offered } = result.subject;
  if (errors === 0) return result;
  throw new Error(`${result.name}: ${errors} of ${offered} answers failed or came from another layer`);
}

/** KV is filled behind the first answer. @throws when the answers keep coming from another layer */
async function untilAnswersFrom(layer: Layer, url: string): Promise<void> {
  let told = '';
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const answer = await fetch(`${url}${path}`);
    await answer.arrayBuffer();
    told = answer.headers.get('Server-Timing') ?? '';
    if (told.includes(timingOf(layer))) return;
    await delay(20);
  }
  throw new Error(`the plan list must come from the ${layer}, but its Server-Timing says ${told}`);
}
