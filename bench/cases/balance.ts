import { compare, type Variant } from '../measure/compare.ts';
import type { LoadRequest } from '../measure/load.ts';
import { inTurns, plantAccounts } from './accounts.ts';
import type { BenchCase } from './bench-case.ts';

/** More than an isolate could keep in mind by accident: each request is the next one's. */
const customers = 1000;

function asks(token: string): LoadRequest {
  return {
    path: '/credits/balance',
    method: 'GET',
    headers: { Accept: 'application/json', Authorization: `Bearer ${token}` },
  };
}

/**
 * A balance, with its lots and what comes and goes next, against the account's bare row by its key. With a token that
 * proves its bearer by itself, and with one of a session, which the same call has to find open.
 */
export const balance: BenchCase = {
  key: 'balance',
  run: async ({ stage, effort, progress }) => {
    const accounts = await plantAccounts(stage, customers);
    const setup = await stage.ratecard();
    const subject: Variant = {
      name: 'Ratecard',
      setup,
      requests: inTurns(accounts, ({ token }) => asks(token)),
    };
    const ofSessions: Variant = {
      name: 'Ratecard, tokens of sessions',
      setup,
      requests: inTurns(accounts, ({ sessionToken }) => asks(sessionToken)),
    };
    const baseline: Variant = {
      name: 'one raw neon() SELECT',
      setup: await stage.worker('bench/baselines/raw-account.ts'),
      requests: inTurns(accounts, ({ customerId }) => ({
        path: `/accounts/${customerId}`,
        method: 'GET',
        headers: { Accept: 'application/json' },
      })),
    };
    const ratio = { of: 'requests per second', baseline, connections: 16, requests: 1500 } as const;
    return [
      await compare({ name: 'balance', goal: { atLeast: 0.85 }, subject, ...ratio }, effort, progress),
      await compare({ name: 'balance, session', subject: ofSessions, ...ratio }, effort, progress),
    ];
  },
};
