import { randomBytes, randomUUID } from 'node:crypto';
import { newKey } from '../../src/identity/api-key.ts';
import type { Outcome } from '../measure/compare.ts';
import { load, type LoadRequest } from '../measure/load.ts';
import type { FigureResult } from '../measure/results.ts';
import type { Stage } from '../measure/stage.ts';
import { startWorkerd } from '../measure/workerd.ts';
import type { BenchCase } from './bench-case.ts';

const name = 'memory after many requests';
/** After how many requests it is looked at; the last is compared with the first. */
const marks = [100_000, 500_000, 1_000_000];
/** Made and sent at once: all together would fill the memory of the client. */
const batch = 10_000;
const connections = 16;

/** What a request is made of: each is the first of its kind that the isolate has seen. */
interface Kind {
  readonly path: string;
  readonly method?: LoadRequest['method'];
  readonly status: number;
  /** Makes the credential of the `n`th request. */
  readonly bearer?: (n: number) => Promise<string> | string;
}

/**
 * Of a hundred requests: what an isolate could keep something of. Addresses, tokens, keys, customers and paths are ever
 * new: a million bring ten thousand of the rarest. Two of a hundred ask the database.
 */
function mixFor(stage: Stage, adminToken: string): readonly Kind[] {
  const [header, claims] = adminToken.split('.');
  const forged = () => `${header}.${claims}.${randomBytes(32).toString('base64url')}`;
  const times = (count: number, kind: Kind) => Array.from({ length: count }, () => kind);
  return [
    ...times(77, { path: '/payment/plans', status: 200 }),
    ...times(8, { path: '/credits/balance', status: 401, bearer: forged }),
    ...times(5, { path: '/nothing', status: 404, bearer: () => adminToken }),
    ...times(7, { path: '/nothing', status: 401 }),
    { path: '/payment/webhook', method: 'POST', status: 400 },
    { path: '/credits/balance', status: 401, bearer: (n) => newKey('test', String(n).padStart(12, '0')) },
    { path: '/credits/balance', status: 200, bearer: () => stage.token('customer', randomUUID()) },
  ];
}

async function requestOf({ path, method = 'GET', status, bearer }: Kind, n: number): Promise<LoadRequest> {
  const address = `2001:db8:${((n >> 16) & 0xffff).toString(16)}:${(n & 0xffff).toString(16)}::1`;
  return {
    path: path === '/nothing' ? `/nothing/${n}` : path,
    method,
    status,
    headers: {
      'CF-Connecting-IP': address,
      ...(bearer === undefined ? {} : { Authorization: `Bearer ${await bearer(n)}` }),
      ...(method === 'POST' ? { 'Stripe-Signature': 't=1,v1=00' } : {}),
    },
    ...(method === 'POST' ? { body: '{}' } : {}),
  };
}

/** Sends requests from the `from`th to before the `until`th, of ever new addresses and credentials. */
async function send(url: string, mix: readonly Kind[], from: number, until: number): Promise<Outcome> {
  const total = { offered: 0, dropped: 0, errors: 0 };
  for (let begin = from; begin < until; begin += batch) {
    const requests = await Promise.all(
      Array.from({ length: Math.min(batch, until - begin) }, (_, offset) => {
        const n = begin + offset;
        // Kinds take turns, as 37 and 100 have no divisor in common.
        const kind = mix[(n * 37) % mix.length];
        if (kind === undefined) throw new Error('the mix is empty');
        return requestOf(kind, n);
      }),
    );
    const { offered, dropped, errors } = await load(url, requests, connections);
    total.offered += offered;
    total.dropped += dropped;
    total.errors += errors;
  }
  return total;
}

interface Look {
  readonly sent: number;
  readonly bytes: number;
}

/** What an isolate keeps of requests must not grow with their number. */
export const memory: BenchCase = {
  key: 'memory',
  run: async ({ stage, effort, progress }) => {
    const workerd = await startWorkerd(await stage.ratecard());
    const mix = mixFor(stage, await stage.token('admin', 'bench-admin'));
    const looks: Look[] = [];
    const outcomes: Outcome[] = [];
    try {
      for (const mark of marks) {
        const from = looks.at(-1)?.sent ?? 0;
        const until = Math.max(from + 1, Math.round(mark * effort.scale));
        progress(`${name}: ${until}`);
        outcomes.push(await send(workerd.url, mix, from, until));
        const bytes = await workerd.residentBytes();
        if (bytes === null) {
          return [{ kind: 'skipped', name, reason: 'this system does not tell what a process takes' }];
        }
        looks.push({ sent: until, bytes });
      }
    } finally {
      await workerd.stop();
    }
    return [growthOf(looks, outcomes)];
  },
};

function growthOf(looks: readonly Look[], outcomes: readonly Outcome[]): FigureResult {
  const [first, last] = [looks.at(0), looks.at(-1)];
  if (first === undefined || last === undefined) throw new Error('nothing was sent');
  const sum = (count: keyof Outcome) => outcomes.reduce((total, outcome) => total + outcome[count], 0);
  const seen = looks.map(({ sent, bytes }) => `${Math.round(bytes / 2 ** 20)} MiB after ${sent}`).join(', ');
  return {
    kind: 'figure',
    name,
    value: last.bytes / first.bytes,
    unit: `of what it is after ${first.sent}`,
    goal: { atMost: 1.3 },
    detail: `workerd takes ${seen}; ${sum('offered')} offered, ${sum('dropped')} dropped, ${sum('errors')} errors`,
  };
}
