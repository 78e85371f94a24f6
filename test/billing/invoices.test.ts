import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBuyer, processed, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { subscriber } from '../support/subscriber.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
afterAll(() => worker.stop());

const invoicesOf = (buyer: Buyer, query = '') =>
  worker.request(`/payment/invoices${query}`, { token: buyer.token });

test('an invoice shows what was billed, for which time, and where it can be read', async () => {
  const customer = await subscriber(worker, 'professional_monthly');
  const { status, json, databaseCalls } = await invoicesOf(customer);
  expect([status, databaseCalls]).toEqual([200, 1]);
  const { data } = await stripeOf(worker).invoices.list({ subscription: customer.subscriptionId });
  const [billed] = data;
  const period = billed?.lines.data[0]?.period;
  const at = (seconds = 0) => new Date(seconds * 1000).toISOString();
  expect(json).toEqual({
    success: true,
    count: 1,
    next_cursor: null,
    invoices: [
      {
        id: billed?.id,
        number: billed?.number,
        status: 'paid',
        currency: 'GBP',
        total: 249,
        amount_due: 249,
        amount_paid: 249,
        period_start: at(period?.start),
        period_end: at(period?.end),
        hosted_invoice_url: billed?.hosted_invoice_url,
        invoice_pdf: billed?.invoice_pdf,
        lines: [
          {
            description: billed?.lines.data[0]?.description,
            amount: 249,
            quantity: 1,
            period_start: at(period?.start),
            period_end: at(period?.end),
          },
        ],
        created_at: at(billed?.created),
      },
    ],
  });
});

test('whoever never paid has none', async () => {
  const { json } = await invoicesOf(await newBuyer(worker));
  expect(json).toEqual({ success: true, invoices: [], count: 0, next_cursor: null });
});

test('a cursor walks through all invoices of the customer, and through nobody else’s', async () => {
  const [customer, other] = [
    await subscriber(worker, 'starter_monthly'),
    await subscriber(worker, 'business_monthly'),
  ];
  await worker.advance('month');
  await worker.advance('month');
  await processed(worker);
  const seen: { id: string; total: number }[] = [];
  let cursor = '';
  for (let page = 1; page <= 3; page += 1) {
    const { json } = await invoicesOf(customer, `?limit=1${cursor}`);
    expect(json.count).toBe(1);
    expect(json.next_cursor === null).toBe(page === 3);
    seen.push(...json.invoices);
    cursor = `&cursor=${json.next_cursor}`;
  }
  expect(new Set(seen.map(({ id }) => id)).size).toBe(3);
  expect(seen.map(({ total }) => total)).toEqual([99, 99, 99]);
  const { json: others } = await invoicesOf(other, '?limit=1');
  const { json } = await invoicesOf(customer, `?cursor=${others.next_cursor}`);
  expect((json.invoices ?? []).every(({ total }: { total: number }) => total === 99)).toBe(true);
});

test.each([
  ['garbage', 'x'],
  ['a number', btoa('7')],
  ['an invoice that does not exist', btoa('"in_nothing"').replaceAll('=', '')],
])('a cursor that nobody gave out is refused: %s', async (_name, cursor) => {
  const customer = await subscriber(worker, 'starter_monthly');
  const { status, json } = await invoicesOf(customer, `?cursor=${cursor}`);
  expect([status, json.code]).toEqual([400, 'invalid_cursor']);
});
