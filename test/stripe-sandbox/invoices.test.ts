import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { customerWith, draftOf, onlyPaymentOf, openInvoiceOf, typesDuring } from './billing-support.ts';
import { DAY, NEW_YEAR, priceOf, refusal, sandbox } from './support.ts';

describe('a draft', () => {
  test('takes up the pending items, newest first, each with its period and price', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const price = await priceOf(stripe, 400);
    await stripe.invoiceItems.create({
      customer,
      pricing: { price: price.id },
      quantity: 3,
      metadata: { order: '7' },
    });
    await stripe.invoiceItems.create({
      customer,
      amount: -200,
      currency: 'gbp',
      description: 'Goodwill',
      period: { start: NEW_YEAR, end: NEW_YEAR + DAY },
    });
    const draft = await stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' });
    expect(draft).toMatchObject({
      amount_due: 1000,
      auto_advance: false,
      billing_reason: 'manual',
      currency: 'gbp',
      customer_email: 'jenny@example.com',
      number: null,
      parent: null,
      status: 'draft',
      subtotal: 1000,
      total: 1000,
      lines: {
        data: [
          {
            amount: -200,
            description: 'Goodwill',
            discountable: false,
            period: { start: NEW_YEAR, end: NEW_YEAR + DAY },
            pricing: { unit_amount_decimal: expect.anything() },
          },
          {
            amount: 1200,
            description: 'Professional',
            discountable: true,
            metadata: { order: '7' },
            parent: { type: 'invoice_item_details', invoice_item_details: { proration: false } },
            pricing: { price_details: { price: price.id, product: price.product } },
            quantity: 3,
          },
        ],
      },
    });
    expect((await stripe.invoiceItems.list({ customer, pending: true })).data).toEqual([]);
    expect((await stripe.invoiceItems.list({ invoice: draft.id })).data).toHaveLength(2);
  });

  test('leaves pending items alone unless it is asked to take them', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    await stripe.invoiceItems.create({ customer, amount: 100, currency: 'gbp' });
    const draft = await stripe.invoices.create({ customer });
    expect(draft.lines.data).toEqual([]);
    expect((await stripe.invoiceItems.list({ customer, pending: true })).data).toHaveLength(1);
  });

  test("takes up pending items with a new subscription's first period, also in a preview", async () => {
    const { stripe } = await sandbox();
    const { id: price } = await priceOf(stripe, 2490, 'month');
    const { id: customer } = await stripe.customers.create({
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    await stripe.invoiceItems.create({ customer, amount: 500, currency: 'gbp' });
    const preview = await stripe.invoices.createPreview({
      customer,
      subscription_details: { items: [{ price }] },
      invoice_items: [{ amount: 700, currency: 'gbp' }],
    });
    expect(preview.amount_due).toBe(3690);
    const { latest_invoice } = await stripe.subscriptions.create({
      customer,
      items: [{ price }],
      expand: ['latest_invoice'],
    });
    expect(latest_invoice).toMatchObject({ status: 'paid', amount_paid: 2990 });
    expect((await stripe.invoiceItems.list({ customer, pending: true })).data).toEqual([]);
  });

  test('refuses to change an item of a customer who is gone, whose pending items go, too', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await stripe.customers.create({});
    const draft = await stripe.invoices.create({ customer });
    const cost = { customer, amount: 500, currency: 'gbp' };
    const item = await stripe.invoiceItems.create({ ...cost, invoice: draft.id });
    const pending = await stripe.invoiceItems.create(cost);
    const types = await typesDuring(stripe, () => stripe.customers.del(customer));
    expect(types).toEqual(['invoiceitem.deleted', 'customer.deleted']);
    expect(await refusal(stripe.invoiceItems.retrieve(pending.id))).toMatchObject({ statusCode: 404 });
    expect(await refusal(stripe.invoiceItems.update(item.id, { amount: 1 }))).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      param: 'customer',
    });
  });

  test('follows what happens to its items', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const { id: invoice } = await stripe.invoices.create({ customer });
    const first = await stripe.invoiceItems.create({ customer, invoice, amount: 500 });
    const second = await stripe.invoiceItems.create({
      customer,
      invoice,
      unit_amount_decimal: Stripe.Decimal.from('12.5'),
      quantity: 3,
    });
    expect(second.amount).toBe(38);
    expect((await stripe.invoices.retrieve(invoice)).total).toBe(538);
    await stripe.invoiceItems.update(first.id, { amount: 700, description: 'Corrected' });
    await stripe.invoiceItems.del(second.id);
    const draft = await stripe.invoices.retrieve(invoice);
    expect(draft).toMatchObject({ total: 700, lines: { data: [{ description: 'Corrected' }] } });
    await stripe.invoices.finalizeInvoice(invoice);
    expect(await refusal(stripe.invoiceItems.update(first.id, { amount: 1 }))).toMatchObject({
      statusCode: 400,
      code: 'invoice_not_editable',
    });
    expect(await refusal(stripe.invoiceItems.del(first.id))).toMatchObject({ statusCode: 400 });
    expect(await refusal(stripe.invoiceItems.create({ customer, invoice, amount: 1 }))).toMatchObject({
      param: 'invoice',
    });
  });

  test('is deleted without its items', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const draft = await draftOf(stripe, customer);
    const types = await typesDuring(stripe, () => stripe.invoices.del(draft.id));
    expect(types).toEqual(['invoice.deleted']);
    expect((await refusal(stripe.invoices.retrieve(draft.id))).statusCode).toBe(404);
    expect((await stripe.invoiceItems.list({ customer, pending: true })).data).toHaveLength(1);
    const open = await openInvoiceOf(stripe, customer);
    expect((await refusal(stripe.invoices.del(open.id))).message).toMatch(/only delete draft/);
  });

  test('can be rewritten until it is finalized', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const { id } = await draftOf(stripe, customer);
    const updated = await stripe.invoices.update(id, {
      collection_method: 'send_invoice',
      days_until_due: 14,
      description: 'Thank you',
      metadata: { order: '7' },
    });
    expect(updated).toMatchObject({
      collection_method: 'send_invoice',
      description: 'Thank you',
      due_date: updated.created + 14 * DAY,
      metadata: { order: '7' },
    });
    await stripe.invoices.finalizeInvoice(id);
    expect(await stripe.invoices.update(id, { metadata: { order: '8' } })).toMatchObject({
      metadata: { order: '8' },
    });
    expect(await refusal(stripe.invoices.update(id, { description: 'Sorry' }))).toMatchObject({
      statusCode: 400,
      code: 'invoice_not_editable',
      param: 'description',
    });
  });

  test.each<[string, Stripe.InvoiceCreateParams, string]>([
    ['with a due date for what is charged', { days_until_due: 3 }, 'days_until_due'],
    ['without a due date for what is sent', { collection_method: 'send_invoice' }, 'due_date'],
    ['with taxes', { default_tax_rates: ['txr_1'] }, 'default_tax_rates'],
  ])('%s is refused', async (_what, params, param) => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    expect((await refusal(stripe.invoices.create())).param).toBe('customer');
    const wrong = stripe.invoices.create({ customer, ...params });
    expect(await refusal(wrong)).toMatchObject({ statusCode: 400, param });
  });
});

describe('discounts', () => {
  test('of a line come before those of the whole invoice', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const half = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
    const fiver = await stripe.coupons.create({ amount_off: 500, currency: 'gbp', duration: 'once' });
    await stripe.invoiceItems.create({
      customer,
      amount: 1000,
      currency: 'gbp',
      discounts: [{ coupon: half.id }],
    });
    await stripe.invoiceItems.create({ customer, amount: 1500, currency: 'gbp', discountable: false });
    const draft = await stripe.invoices.create({
      customer,
      pending_invoice_items_behavior: 'include',
      discounts: [{ coupon: fiver.id }],
    });
    const [untouched, halved] = draft.lines.data;
    expect(untouched).toMatchObject({ amount: 1500, discount_amounts: [] });
    expect(halved).toMatchObject({
      amount: 1000,
      discount_amounts: [{ amount: 500 }, { amount: 500, discount: draft.discounts[0] }],
      discounts: [expect.stringMatching(/^di_/)],
    });
    expect(draft).toMatchObject({
      subtotal: 2000,
      total: 1500,
      amount_due: 1500,
      total_excluding_tax: 1500,
      total_discount_amounts: [{ amount: 500 }, { amount: 500 }],
    });
    const without = await stripe.invoices.update(draft.id, { discounts: '' });
    expect(without).toMatchObject({ total: 2000, discounts: [] });
  });
});

describe('a finalized invoice', () => {
  test('has a number of the customer, a page, and a payment that waits', async () => {
    const { stripe, sandbox: started } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const { id } = await draftOf(stripe, customer);
    const types = await typesDuring(stripe, () => stripe.invoices.finalizeInvoice(id));
    expect(types).toEqual(['payment_intent.created', 'invoice.finalized']);
    const invoice = await stripe.invoices.retrieve(id, { expand: ['confirmation_secret', 'payments'] });
    const payment = await onlyPaymentOf(stripe, id);
    expect(payment).toMatchObject({
      amount_paid: null,
      amount_requested: 2500,
      is_default: true,
      payment: { payment_intent: { amount: 2500, customer, status: 'requires_payment_method' } },
      status: 'open',
    });
    expect(invoice).toMatchObject({
      amount_remaining: 2500,
      attempted: false,
      confirmation_secret: { client_secret: expect.stringMatching(/^pi_.*_secret_/) },
      ending_balance: 0,
      hosted_invoice_url: `${started.url}/i/${id}`,
      number: 'JENNY-0001',
      payments: { data: [{ id: payment.id }] },
      status: 'open',
    });
    expect((await openInvoiceOf(stripe, customer)).number).toBe('JENNY-0002');
    expect((await refusal(stripe.invoices.finalizeInvoice(id))).message).toMatch(/already finalized/);
  });

  test('is sent only when it is to be sent', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const sent = { collection_method: 'send_invoice', days_until_due: 30 } as const;
    const { id, created } = await draftOf(stripe, customer, 2500, sent);
    const types = await typesDuring(stripe, () => stripe.invoices.sendInvoice(id));
    expect(types).toEqual(['payment_intent.created', 'invoice.finalized', 'invoice.sent']);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({
      due_date: created + 30 * DAY,
      next_payment_attempt: null,
      status: 'open',
    });
    const other = await openInvoiceOf(stripe, customer);
    expect((await refusal(stripe.invoices.sendInvoice(other.id))).statusCode).toBe(400);
  });
});

describe('the balance of a customer', () => {
  test.each([
    ['a credit pays first', -1000, 2500, { amount_due: 1500, ending_balance: 0, status: 'open' }],
    ['a larger credit pays all', -3000, 2500, { amount_due: 0, ending_balance: -500, status: 'paid' }],
    ['a debt is added', 300, 2500, { amount_due: 2800, ending_balance: 0, status: 'open' }],
    ['less than nothing is a credit', 0, -700, { amount_due: 0, ending_balance: -700, status: 'paid' }],
    ['too little to charge is a debt', 0, 20, { amount_due: 0, ending_balance: 20, status: 'paid' }],
  ] as const)('%s', async (_what, balance, amount, expected) => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe, undefined, { balance });
    const { id } = await draftOf(stripe, customer, amount);
    const types = await typesDuring(stripe, () => stripe.invoices.finalizeInvoice(id));
    expect(await stripe.invoices.retrieve(id)).toMatchObject({
      ...expected,
      starting_balance: balance,
      total: amount,
    });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: expected.ending_balance });
    expect(types).toEqual([
      'customer.updated',
      ...(expected.status === 'paid'
        ? ['invoice.finalized', 'invoice.updated', 'invoice.paid', 'invoice.payment_succeeded']
        : ['payment_intent.created', 'invoice.finalized']),
    ]);
  });
});

describe('lists', () => {
  test('of invoices, lines and payments are filtered', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const sent = { collection_method: 'send_invoice', days_until_due: 30 } as const;
    const draft = await draftOf(stripe, customer, 100, sent);
    const open = await openInvoiceOf(stripe, customer);
    const ids = async (params: Stripe.InvoiceListParams): Promise<string[]> =>
      (await stripe.invoices.list(params)).data.map(({ id }) => id);
    expect(await ids({ customer })).toEqual([open.id, draft.id]);
    expect(await ids({ status: 'open' })).toEqual([open.id]);
    expect(await ids({ collection_method: 'send_invoice' })).toEqual([draft.id]);
    expect(await ids({ due_date: { gt: draft.created } })).toEqual([draft.id]);
    expect(await ids({ subscription: 'sub_none' })).toEqual([]);
    const payment = await onlyPaymentOf(stripe, open.id);
    const intent = String((await stripe.invoicePayments.retrieve(payment.id)).payment.payment_intent);
    const found = await stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: intent },
      status: 'open',
    });
    expect(found.data.map(({ invoice }) => invoice)).toEqual([open.id]);
    expect((await stripe.invoices.listLineItems(open.id)).data).toMatchObject([{ amount: 2500 }]);
  });
});
