import { randomUUID } from 'node:crypto';
import { Stripe } from 'stripe';
import { createScriptDeps } from '../../dev/script-deps.ts';
import { syncCatalogue } from '../../src/pricing/index.ts';
import type { RunningStripe } from '../measure/stripe.ts';
import type { Stage } from '../measure/stage.ts';
import type { WorkerSetup } from '../measure/workerd.ts';

/** What somebody has bought and paid for, which Stripe has not told of yet. */
export interface Sale {
  readonly subject: string;
  readonly credits: number;
  /** The `checkout.session.completed` about it, as Stripe delivers it. */
  readonly event: { readonly id: string; readonly payload: string };
}

const atOnce = 8;

/** Tells Stripe of the catalogue, as `npm run stripe:sync` does. */
export async function putOnSale(variables: WorkerSetup['variables']): Promise<void> {
  await syncCatalogue(
    createScriptDeps({
      databaseUrl: variables['DATABASE_URL'] ?? '',
      fetchEndpoint: variables['DATABASE_FETCH_ENDPOINT'],
      stripeSecretKey: variables['STRIPE_SECRET_KEY'] ?? '',
      stripeApiBase: variables['STRIPE_API_BASE'],
    }),
  );
}

/** Sells a package to so many new customers, each through the Worker and Stripe's page. */
export async function sell(
  count: number,
  { stage, stripe, url }: { readonly stage: Stage; readonly stripe: RunningStripe; readonly url: string },
): Promise<readonly Sale[]> {
  const [packageKey, credits] = await aPackage(url);
  const subjects = new Map<string, string>();
  const places = Array.from({ length: count }).values();
  const lane = async () => {
    for (const _ of places) {
      const subject = randomUUID();
      subjects.set(await buy(url, packageKey, await stage.token('customer', subject)), subject);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  const { hostname, port } = new URL(stripe.url);
  const sdk = new Stripe(stripe.apiKey, { protocol: 'http', host: hostname, port, telemetry: false });
  const sales: Sale[] = [];
  for await (const event of sdk.events.list({ type: 'checkout.session.completed', limit: 100 })) {
    const subject = 'id' in event.data.object ? subjects.get(String(event.data.object.id)) : undefined;
    if (subject === undefined) continue;
    sales.push({ subject, credits, event: { id: event.id, payload: JSON.stringify(event) } });
  }
  if (sales.length !== count) throw new Error(`Stripe tells of ${sales.length} of ${count} sales`);
  return sales;
}

async function aPackage(url: string): Promise<readonly [key: string, credits: number]> {
  const answer = await fetch(`${url}/payment/credit-packages`);
  const { packages }: { packages: Readonly<Record<string, { readonly credits: number }>> } = JSON.parse(
    await answer.text(),
  );
  const [first] = Object.entries(packages);
  if (first === undefined) throw new Error('there is no package on sale');
  const [key, { credits }] = first;
  return [key, credits];
}

/** Opens a checkout and pays. Answers the session's id. */
async function buy(url: string, packageKey: string, token: string): Promise<string> {
  const answer = await fetch(`${url}/payment/purchase-credits`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ package: packageKey }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`no checkout: ${answer.status} ${text}`);
  const opened: { readonly checkout_url: string; readonly session_id: string } = JSON.parse(text);
  const paid = await fetch(opened.checkout_url, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({
      email: 'buyer@example.com',
      name: 'B. Buyer',
      card_number: '4242 4242 4242 4242',
      exp: '12/34',
      cvc: '123',
    }),
  });
  if (paid.status >= 400) throw new Error(`not paid: ${paid.status} ${await paid.text()}`);
  await paid.arrayBuffer();
  return opened.session_id;
}
