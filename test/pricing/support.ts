import { randomUUID } from 'node:crypto';
import type { TestAnswer, TestRequest, TestWorker } from '../support/worker.ts';

export interface StripePrice {
  readonly id: string;
  readonly active: boolean;
  readonly lookup_key: string | null;
  readonly unit_amount: number;
  readonly currency: string;
  readonly product: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StripeProduct {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

async function listAll<T extends { id: string }>(worker: TestWorker, path: string): Promise<T[]> {
  const found: T[] = [];
  for (let after = ''; ; after = `&starting_after=${found.at(-1)?.id}`) {
    const response = await fetch(`${worker.stripe.url}${path}?limit=100${after}`, {
      headers: { Authorization: `Bearer ${worker.stripe.apiKey}` },
    });
    const page = (await response.json()) as { data: T[]; has_more: boolean };
    found.push(...page.data);
    if (!page.has_more) return found;
  }
}

export function stripePrices(worker: TestWorker): Promise<StripePrice[]> {
  return listAll(worker, '/v1/prices');
}

export function stripeProducts(worker: TestWorker): Promise<StripeProduct[]> {
  return listAll(worker, '/v1/products');
}

/** The Prices of one item, by what Ratecard wrote on its Product. */
export async function pricesOf(worker: TestWorker, key: string): Promise<StripePrice[]> {
  const products = await stripeProducts(worker);
  const ours = products.filter(({ metadata }) => metadata.ratecard_key === key).map(({ id }) => id);
  return (await stripePrices(worker)).filter(({ product }) => ours.includes(product));
}

/** An admin of a test's own, who asks for things. */
export async function newAdmin(worker: TestWorker) {
  const subject = randomUUID();
  const token = await worker.token('admin', subject);
  const ask = (path: string, request: TestRequest = {}): Promise<TestAnswer> =>
    worker.request(`/admin/pricing${path}`, { token, ...request });
  return {
    label: `admin:${subject}`,
    ask,
    patch: (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      ask(path, { method: 'PATCH', body, headers }),
    history: async (key: string) => (await ask(`/history?item_key=${key}&limit=100`)).json.history,
  };
}

export type Admin = Awaited<ReturnType<typeof newAdmin>>;

/** A package of a test's own, made through the API. */
export async function newPackage(admin: Admin, terms: object = {}): Promise<string> {
  const key = `package_${randomUUID().slice(0, 8)}`;
  const body = { package_key: key, name: key, price: 100, currency: 'GBP', credits: 10, ...terms };
  const answer = await admin.ask('/packages', { body });
  if (answer.status !== 201) throw new Error(`package refused: ${answer.text}`);
  return key;
}

/** What the public list shows of a package. */
export async function shownPackage(worker: TestWorker, key: string) {
  return (await worker.request('/payment/credit-packages')).json.packages[key];
}
