import { compare, type Variant } from '../measure/compare.ts';
import type { LoadRequest } from '../measure/load.ts';
import { fastApi, hasFastApi } from '../measure/uvicorn.ts';
import type { BenchCase } from './bench-case.ts';
import { deliveries, signed } from './webhook-intake.ts';

const name = 'side by side with FastAPI';
/** A process for each core of the machine that the figures are for; one workerd answers with one thread. */
const workers = 2;

const asks = (count: number): readonly LoadRequest[] =>
  Array.from({ length: count }, () => ({
    path: '/payment/plans',
    method: 'GET',
    headers: { Accept: 'application/json' },
  }));

/**
 * What a team would otherwise run: the same two routes in FastAPI with a pool of psycopg2 connections. It speaks to
 * PostgreSQL itself, and keeps nothing in memory; the Worker speaks to it over HTTP, as to Neon.
 */
export const sideBySide: BenchCase = {
  key: 'fastapi',
  run: async ({ stage, effort, progress }) => {
    if (!(await hasFastApi())) {
      return [{ kind: 'skipped', name, reason: 'to install it: sh bench/baselines/fastapi/install.sh' }];
    }
    await stage.query(
      `create table if not exists plain_events (
         event_id text primary key, event_type text not null, payload text not null,
         received_at timestamptz not null default now())`,
    );
    const ours = { name: 'Ratecard', setup: await stage.ratecard() };
    const theirs = {
      name: `FastAPI, ${workers} processes`,
      setup: fastApi(workers, {
        DATABASE_URL: stage.databaseUrl,
        STRIPE_WEBHOOK_SECRET: stage.webhookSecret,
      }),
    };
    const delivered = (count: number) => deliveries(count, (payload) => signed(payload, stage.webhookSecret));
    const sides = (requests: Variant['requests']) => ({
      subject: { ...ours, requests },
      baseline: { ...theirs, requests },
    });
    const ratio = { of: 'requests per second', connections: 16 } as const;
    return [
      await compare(
        { name: `${name}, plan list`, ...ratio, requests: 2000, ...sides(asks) },
        effort,
        progress,
      ),
      await compare(
        { name: `${name}, webhook intake`, ...ratio, requests: 1000, ...sides(delivered) },
        effort,
        progress,
      ),
    ];
  },
};
