import { randomUUID } from 'node:crypto';
import type { Variant } from '../measure/compare.ts';
import type { LoadRequest } from '../measure/load.ts';
import type { Stage } from '../measure/stage.ts';
import { hotSubject } from '../ledger-data.ts';

/** What a stage is asked, by whom it knows. */
export type RequestsOf = (asking: Asking) => Variant['requests'];

/** Who asks a grown stage. */
export interface Asking {
  /** Of as many customers, whatever the size: more of them would find less in every cache. */
  readonly tokens: readonly string[];
  /** Of the one with the long story. */
  readonly hotToken: string;
  readonly adminToken: string;
}

const asking = 90;

export async function customersAsking(stage: Stage, customers: number): Promise<Asking> {
  const stride = Math.floor((customers - 1) / asking);
  const subjects = Array.from({ length: asking }, (_, n) => `customer-${2 + n * stride}`);
  const [tokens, hotToken, adminToken] = await Promise.all([
    Promise.all(subjects.map((subject) => stage.token('customer', subject))),
    stage.token('customer', hotSubject),
    stage.token('admin', 'bench-admin'),
  ]);
  return { tokens, hotToken, adminToken };
}

function inTurns(count: number, requestOf: (n: number) => LoadRequest): readonly LoadRequest[] {
  return Array.from({ length: count }, (_, n) => requestOf(n));
}

/** Customers in turns, and every other time the one with the long story. */
function byCustomers(requestOf: (token: string) => LoadRequest): RequestsOf {
  return ({ tokens, hotToken }) =>
    (count) =>
      inTurns(count, (n) =>
        requestOf(n % 2 === 0 ? hotToken : (tokens[((n - 1) / 2) % tokens.length] ?? hotToken)),
      );
}

function byAdmin(paths: readonly string[]): RequestsOf {
  return ({ adminToken }) =>
    (count) =>
      inTurns(count, (n) => read(paths[n % paths.length] ?? '')(adminToken));
}

const read =
  (path: string) =>
  (token: string): LoadRequest => ({
    path,
    method: 'GET',
    headers: { Accept: 'application/json', Authorization: `Bearer ${token}` },
  });

const write =
  (path: string, body: string, status?: number) =>
  (token: string): LoadRequest => ({
    path,
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': randomUUID(),
    },
    body,
    ...(status === undefined ? {} : { status }),
  });

/** What must not grow with ledger and inbox. */
export const ofLedger: Readonly<Record<string, RequestsOf>> = {
  balance: byCustomers(read('/credits/balance')),
  history: byCustomers(read('/credits/history')),
  spend: byCustomers(write('/credits/spend', '{"amount":1}')),
  'webhook list': byAdmin(
    ['', '?status=dead', '?type=invoice.*', '?customer=customer-7', '?status=failed,processing'].map(
      (filter) => `/admin/webhooks${filter}`,
    ),
  ),
};

/** What must not grow with the catalogue. A checkout is a subscriber's: the plan is looked up, and Stripe is not asked. */
export const ofCatalogue: Readonly<Record<string, RequestsOf>> = {
  'checkout of a plan': byCustomers(write('/payment/create-checkout', '{"plan":"starter_monthly"}', 409)),
  'a page of plans, for admins': byAdmin(['/admin/pricing/plans?limit=7']),
  balance: byCustomers(read('/credits/balance')),
};
