import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  CHARGED,
  customerWith,
  DECLINED,
  draftOf,
  onlyPaymentOf,
  openInvoiceOf,
  PAID,
  typesDuring,
} from './billing-support.ts';
import { refusal, sandbox, submit } from './support.ts';

/** The id of the intent that is to pay an invoice. */
async function intentOf(stripe: Stripe, invoice: string): Promise<string> {
  const intent = (await onlyPaymentOf(stripe, invoice)).payment.payment_intent;
  return typeof intent === 'string' ? intent : (intent?.id ?? '');
}

describe('an open invoice', () => {
  test('is paid by the default card, and told in this order', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe, 'pm_card_visa');
    const { id } = await openInvoiceOf(stripe, customer);
    const types = await typesDuring(stripe, () => stripe.invoices.pay(id));
    expect(types).toEqual([...CHARGED, ...PAID]);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({
      amount_paid: 2500,
      amount_remaining: 0,
      attempt_count: 1,
      attempted: true,
      status: 'paid',
    });
    const payment = await onlyPaymentOf(stripe, id);
    expect(payment).toMatchObject({ amount_paid: 2500, status: 'paid' });
    expect((await refusal(stripe.invoices.pay(id))).message).toBe('Invoice is already paid');
  });

  test('stays open after a decline, and another card can pay it', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe, 'pm_card_chargeCustomerFail');
    const { id } = await draftOf(stripe, customer);
    const types = await typesDuring(stripe, async () => {
      expect(await refusal(stripe.invoices.pay(id))).toMatchObject({
        statusCode: 402,
        type: 'StripeCardError',
        code: 'card_declined',
        decline_code: 'generic_decline',
      });
    });
    expect(types).toEqual([
      'payment_intent.created',
      'invoice.finalized',
      ...DECLINED,
      'invoice.updated',
      'invoice.payment_failed',
      'customer.updated',
    ]);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({
      attempt_count: 1,
      attempted: true,
      next_payment_attempt: null,
      status: 'open',
    });
    const other = await stripe.paymentMethods.attach('pm_card_mastercard', { customer });
    const paid = await stripe.invoices.pay(id, { payment_method: other.id });
    expect(paid).toMatchObject({ attempt_count: 1, status: 'paid' });
  });

  test('without anything to pay it with fails without a charge', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const { id } = await openInvoiceOf(stripe, customer);
    const types = await typesDuring(stripe, async () => {
      expect(await refusal(stripe.invoices.pay(id))).toMatchObject({
        statusCode: 400,
        code: 'resource_missing',
      });
    });
    expect(types).toEqual(['invoice.updated', 'invoice.payment_failed', 'customer.updated']);
  });

  test('waits for its customer when the bank asks', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe, 'pm_card_authenticationRequired');
    const { id } = await openInvoiceOf(stripe, customer);
    const types = await typesDuring(stripe, async () => {
      expect(await refusal(stripe.invoices.pay(id))).toMatchObject({
        statusCode: 402,
        code: 'invoice_payment_intent_requires_action',
      });
    });
    expect(types).toEqual([
      'payment_intent.requires_action',
      'invoice.updated',
      'invoice.payment_action_required',
      'invoice.payment_failed',
      'customer.updated',
    ]);
    const intent = await intentOf(stripe, id);
    const action = await stripe.paymentIntents.retrieve(intent);
    const answered = await typesDuring(stripe, () =>
      submit(action.next_action?.redirect_to_url?.url ?? null, { action: 'confirm' }),
    );
    expect(answered).toEqual([...CHARGED, ...PAID, 'customer.updated']);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({ attempt_count: 1, status: 'paid' });
  });

  test('is paid when its payment intent is confirmed by the API, and told when that fails', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const { id } = await openInvoiceOf(stripe, customer);
    const intent = await intentOf(stripe, id);
    const failed = await typesDuring(stripe, () =>
      refusal(stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_chargeDeclined' })),
    );
    expect(failed).toEqual([...DECLINED, 'invoice.updated', 'invoice.payment_failed', 'customer.updated']);
    const paid = await typesDuring(stripe, () =>
      stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' }),
    );
    expect(paid).toEqual([...CHARGED, ...PAID, 'customer.updated']);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({ status: 'paid' });
  });

  test('paid elsewhere is paid without a charge', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe, 'pm_card_visa');
    const { id } = await openInvoiceOf(stripe, customer);
    const types = await typesDuring(stripe, () => stripe.invoices.pay(id, { paid_out_of_band: true }));
    expect(types).toEqual(['payment_intent.canceled', 'invoice.updated', 'invoice.paid']);
    const paid = await stripe.invoices.retrieve(id, { expand: ['amount_paid_off_stripe'] });
    expect(paid).toMatchObject({ amount_paid: 2500, amount_paid_off_stripe: 2500, status: 'paid' });
    expect(await onlyPaymentOf(stripe, id)).toMatchObject({ status: 'canceled', amount_paid: null });
  });

  test('that is void is nobody’s to pay', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe, 'pm_card_visa');
    const { id } = await openInvoiceOf(stripe, customer);
    const types = await typesDuring(stripe, () => stripe.invoices.voidInvoice(id));
    expect(types).toEqual(['payment_intent.canceled', 'invoice.updated', 'invoice.voided']);
    expect((await refusal(stripe.invoices.pay(id))).statusCode).toBe(400);
    expect((await refusal(stripe.invoices.voidInvoice(id))).statusCode).toBe(400);
    expect((await stripe.invoicePayments.list({ status: 'canceled' })).data).toHaveLength(1);
  });

  test('that is written off can still be paid', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe, 'pm_card_visa');
    const { id } = await openInvoiceOf(stripe, customer);
    expect(await stripe.invoices.markUncollectible(id)).toMatchObject({ status: 'uncollectible' });
    expect((await refusal(stripe.invoices.markUncollectible(id))).statusCode).toBe(400);
    expect(await stripe.invoices.pay(id)).toMatchObject({ status: 'paid' });
  });
});
