import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { balanceOf, booksOf, buy, newBuyer, pay, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
afterAll(() => worker.stop());

describe('a package', () => {
  test('bought on the pay page is credited by the signed webhook, once', async () => {
    const buyer = await newBuyer(worker);
    expect(await balanceOf(worker, buyer)).toBe(0);
    const { status, json, databaseCalls } = await worker.request('/payment/purchase-credits', {
      token: buyer.token,
      body: { package: 'credits_2500' },
    });
    expect({ status, json, databaseCalls }).toEqual({
      status: 200,
      json: {
        success: true,
        checkout_url: expect.stringContaining(worker.stripe.url),
        session_id: expect.stringMatching(/^cs_test_/),
        credits: 2500,
      },
      databaseCalls: 2,
    });
    const paid = await pay(json.checkout_url);
    expect(paid.headers.get('Location')).toBe(`https://shop.test/success?session_id=${json.session_id}`);
    await eventually('the credits are there', async () => (await balanceOf(worker, buyer)) === 2500);
    await processed(worker);
    expect(await booksOf(worker, buyer)).toEqual({
      lots: [{ source_ref: json.session_id, source: 'checkout_session', granted: 2500, remaining: 2500 }],
      transactions: [
        {
          sequence: 1,
          transaction_type: 'purchase',
          amount: 2500,
          balance_after: 2500,
          source_ref: json.session_id,
        },
      ],
      payments: [
        {
          stripe_payment_intent_id: expect.stringMatching(/^pi_/),
          stripe_invoice_id: null,
          amount_minor: 400,
          currency: 'GBP',
        },
      ],
      checkouts: [
        { stripe_session_id: json.session_id, stripe_subscription_id: null, mode: 'payment', status: 'paid' },
      ],
    });
  });
});

test('the card that paid for a package stays with the customer, and can be charged again without them', async () => {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_500' });
  await pay(checkoutUrl);
  const stripe = stripeOf(worker);
  const session = await stripe.checkout.sessions.retrieve(sessionId, { expand: ['payment_intent'] });
  const customer = String(session.customer);
  expect(session.payment_intent).toMatchObject({ setup_future_usage: 'off_session', customer });
  const { data: methods } = await stripe.customers.listPaymentMethods(customer);
  expect(methods.map(({ card }) => card?.last4)).toEqual(['4242']);
  const again = await stripe.paymentIntents.create({
    amount: 99,
    currency: 'gbp',
    customer,
    payment_method: String(methods[0]?.id),
    confirm: true,
    off_session: true,
  });
  expect(again.status).toBe('succeeded');
});

test.each([
  [
    'https://shop.test/done?from=shop#top',
    (id: string) => `https://shop.test/done?from=shop&session_id=${id}#top`,
  ],
  ['https://shop.test/done/{CHECKOUT_SESSION_ID}', (id: string) => `https://shop.test/done/${id}`],
])('after paying, the browser comes back to %s with the session’s id', async (configured, expected) => {
  const shop = await startWorker({ variables: { CHECKOUT_SUCCESS_URL: configured } });
  try {
    await syncToStripe(shop);
    const { checkoutUrl, sessionId } = await buy(shop, await newBuyer(shop), { package: 'credits_500' });
    expect((await pay(checkoutUrl)).headers.get('Location')).toBe(expected(sessionId));
  } finally {
    await shop.stop();
  }
});
