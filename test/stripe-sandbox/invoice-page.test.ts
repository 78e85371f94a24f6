import { describe, expect, test } from 'vitest';
import { customerWith, draftOf, onlyPaymentOf, openInvoiceOf } from './billing-support.ts';
import { eventsOf, payByCard, sandbox, submit } from './support.ts';

describe('the page of an invoice', () => {
  test('shows it and takes a card', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const { id, hosted_invoice_url: url = null } = await openInvoiceOf(stripe, customer);
    const shown = await (await fetch(url ?? '')).text();
    expect(shown).toContain('Invoice JENNY-0001');
    expect(shown).toContain('Set-up');
    expect(shown).toContain('£25.00');
    const declined = await payByCard(url, '4000000000000002');
    expect(declined.status).toBe(402);
    expect(await declined.text()).toContain('Your card was declined.');
    expect((await submit(url, { action: 'pay', card_number: '1' })).status).toBe(400);
    expect((await submit(url, { action: 'pay_saved' })).status).toBe(400);
    expect((await payByCard(url)).status).toBe(303);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({ status: 'paid' });
    expect((await payByCard(url)).status).toBe(303);
    const charges = (await eventsOf(stripe)).filter(({ type }) => type.startsWith('charge.'));
    expect(charges.map(({ type }) => type)).toEqual(['charge.failed', 'charge.succeeded']);
  });

  test('takes the saved card, and leads to where the bank asks', async () => {
    const { stripe } = await sandbox();
    const { id: customer } = await customerWith(stripe, 'pm_card_visa');
    const { id, hosted_invoice_url: url = null } = await openInvoiceOf(stripe, customer);
    expect(await (await fetch(url ?? '')).text()).toContain('Visa •••• 4242');
    expect((await submit(url, { action: 'pay_saved' })).status).toBe(303);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({ status: 'paid' });
    const other = await openInvoiceOf(stripe, customer);
    const asked = await payByCard(other.hosted_invoice_url ?? null, '4000002500003155');
    const payment = await onlyPaymentOf(stripe, other.id);
    expect(payment.payment.payment_intent).toMatchObject({
      next_action: {
        redirect_to_url: {
          return_url: other.hosted_invoice_url,
          url: asked.headers.get('location'),
        },
      },
    });
  });

  test('of a draft is not there', async () => {
    const { stripe, sandbox: started } = await sandbox();
    const { id: customer } = await customerWith(stripe);
    const draft = await draftOf(stripe, customer);
    expect((await fetch(`${started.url}/i/${draft.id}`)).status).toBe(404);
  });
});
