import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** What the shop calls: the API as any client would, as the demo customer. */
export interface ShopClient {
  readonly worker: string;
  readonly customerToken: string;
}

export interface DemoShop {
  readonly url: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
  /** From here on the shop is open: before, there is no API to call. */
  open(client: ShopClient): void;
  stop(): Promise<void>;
}

interface Offer {
  readonly name: string;
  readonly price: number;
  readonly currency: string;
  readonly credits: number;
  readonly interval?: string;
  readonly price_id: string;
}

type Page = HtmlEscapedString | Promise<HtmlEscapedString>;

/** A shop of one page, to click through a checkout: prices, a button for each, and what the customer has. */
export async function startDemoShop(): Promise<DemoShop> {
  let client: ShopClient | undefined;
  const server = createServer((request, response) => {
    serve(client, request, response).catch((error: unknown) =>
      sendPage(response, 502, renderProblem(String(error))),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    successUrl: `${url}/?paid=1`,
    cancelUrl: `${url}/?canceled=1`,
    open: (opened) => {
      client = opened;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  client: ShopClient | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (client === undefined) {
    response.writeHead(503, { 'Retry-After': '1' }).end('The API is starting.');
    return;
  }
  const url = new URL(request.url ?? '/', 'http://shop');
  if (request.method === 'POST' && url.pathname === '/buy') {
    response.writeHead(303, { Location: await openCheckout(client, url.searchParams) }).end();
    return;
  }
  if (url.pathname !== '/') return sendPage(response, 404, renderProblem('There is no such page.'));
  return sendPage(response, 200, await renderShop(client, url.searchParams));
}

async function sendPage(response: ServerResponse, status: number, page: Page): Promise<void> {
  const text = String(await page);
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(text);
}

/** What went wrong, with the way back. */
function renderProblem(message: string): Page {
  return renderPage(
    html`<p>${message}</p>
      <p><a href="/">Back to the shop</a></p>`,
  );
}

async function openCheckout(client: ShopClient, wanted: URLSearchParams): Promise<string> {
  const [path, item] = wanted.has('plan') ? ['create-checkout', 'plan'] : ['purchase-credits', 'package'];
  const body = { [item]: wanted.get(item), price_id: wanted.get('price_id') };
  const { checkout_url } = await call<{ checkout_url: string }>(client, `/payment/${path}`, body);
  return checkout_url;
}

async function renderShop(client: ShopClient, query: URLSearchParams): Promise<Page> {
  const [{ plans }, { packages }, { credits }] = await Promise.all([
    call<{ plans: Record<string, Offer> }>(client, '/payment/plans'),
    call<{ packages: Record<string, Offer> }>(client, '/payment/credit-packages'),
    call<{ credits: { balance: number } }>(client, '/credits/balance'),
  ]);
  const note = query.has('paid')
    ? html`Thank you. The credits are here as soon as the webhook is: <a href="/?paid=1">look again</a>.`
    : query.has('canceled')
      ? 'Nothing was charged.'
      : '';
  return renderPage(
    html`<p role="status"><strong>${whole(credits.balance)}</strong> credits. ${note}</p>
      <h2>Plans</h2>
      ${renderOffers('plan', plans)}
      <h2>Credits</h2>
      ${renderOffers('package', packages)}`,
  );
}

function renderPage(body: Page): Page {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>Demo shop</title>
      <style>
        body {
          font: 16px/1.5 system-ui;
          max-width: 44rem;
          margin: 2rem auto;
          padding: 0 1rem;
        }
        td {
          padding: 0.25rem 1.25rem 0.25rem 0;
        }
        form {
          margin: 0;
        }
      </style>
      <h1>Demo shop</h1>
      ${body}
    </html>`;
}

function renderOffers(item: 'plan' | 'package', offers: Readonly<Record<string, Offer>>) {
  return html`<table>
    ${Object.entries(offers).map(
      ([key, offer]) =>
        html`<tr>
          <td>${offer.name}</td>
          <td>${whole(offer.credits)} credits</td>
          <td>${money(offer)}${offer.interval === undefined ? '' : ` a ${offer.interval}`}</td>
          <td>
            <form
              method="post"
              action="/buy?${new URLSearchParams({ [item]: key, price_id: offer.price_id })}"
            >
              <button aria-label="Buy ${offer.name}">Buy</button>
            </form>
          </td>
        </tr>`,
    )}
  </table>`;
}

function whole(count: number): string {
  return count.toLocaleString('en-GB');
}

function money({ price, currency }: Offer): string {
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency });
  return format.format(price / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** Safe for a demonstration: the API's own tests hold the shapes. */
async function call<Answer>(client: ShopClient, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${client.worker}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${client.customerToken}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
