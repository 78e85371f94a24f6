import type Stripe from 'stripe';
import type { ObjectTypes } from '../../../../dev/stripe-sandbox/state/wire.ts';
import { press, type Play, type Steps } from '../play.ts';

type Invoice = ObjectTypes['invoice'];

export const invoiceSteps: Steps = {
  'add an invoice item': [3, addItem],
  'delete an invoice item': [0.5, deleteItem],
  'make an invoice': [2, createInvoice],
  'delete a draft': [0.5, deleteDraft],
  'finalize a draft': [2, finalize],
  'pay an invoice': [5, pay],
  'pay an invoice on its page': [2, payOnPage],
  'answer the bank': [3, answerBank],
  'void an invoice': [1, voidOne],
  'write an invoice off': [0.7, writeOff],
};

async function addItem({ stripe, random, world, catalog }: Play): Promise<unknown> {
  const customer = random.find(world.all('customer'));
  const subscription = random.find(
    world.all('subscription').filter((one) => one.customer === customer?.id && one.ended_at === null),
  );
  const params: Omit<Stripe.InvoiceItemCreateParams, 'customer'> = {
    ...(random.chance(0.3)
      ? { pricing: { price: catalog.oneTime }, quantity: random.between(1, 3) }
      : { amount: random.between(-1500, 3000), currency: 'gbp' }),
    ...(random.chance(0.3) && subscription && { subscription: subscription.id }),
    ...(random.chance(0.2) && { discounts: [{ coupon: random.pick(catalog.coupons) }] }),
  };
  return customer && stripe.invoiceItems.create({ customer: customer.id, ...params });
}

async function deleteItem({ stripe, random, world }: Play): Promise<unknown> {
  const item = random.find(world.all('invoiceitem').filter(({ invoice }) => invoice === null));
  return item && stripe.invoiceItems.del(item.id);
}

async function createInvoice({ stripe, random, world, catalog }: Play): Promise<unknown> {
  const customer = random.find(world.all('customer'));
  const params: Stripe.InvoiceCreateParams = {
    auto_advance: random.chance(0.7),
    pending_invoice_items_behavior: random.pick(['include', 'include', 'exclude']),
    ...(random.chance(0.3) && { collection_method: 'send_invoice', days_until_due: random.between(0, 20) }),
    ...(random.chance(0.3) && { discounts: [{ coupon: random.pick(catalog.coupons) }] }),
  };
  return customer && stripe.invoices.create({ customer: customer.id, ...params });
}

/** One that somebody may still do something with. */
function someInvoice({ random, world }: Play, ...statuses: Invoice['status'][]): Invoice | undefined {
  return random.find(world.all('invoice').filter(({ status }) => statuses.includes(status)));
}

async function deleteDraft(play: Play): Promise<unknown> {
  const invoice = someInvoice(play, 'draft');
  return invoice && play.stripe.invoices.del(invoice.id);
}

async function finalize(play: Play): Promise<unknown> {
  const invoice = someInvoice(play, 'draft');
  return invoice && play.stripe.invoices.finalizeInvoice(invoice.id);
}

async function pay(play: Play): Promise<unknown> {
  const { stripe, random } = play;
  const invoice = someInvoice(play, 'open', 'open', 'draft', 'uncollectible');
  const elsewhere = random.chance(0.15);
  const off_session = random.chance(0.5);
  return invoice && stripe.invoices.pay(invoice.id, elsewhere ? { paid_out_of_band: true } : { off_session });
}

async function payOnPage(play: Play): Promise<unknown> {
  const invoice = someInvoice(play, 'open', 'uncollectible');
  const card_number = play.random.pick(['4242424242424242', '4000002760003184', '4000000000000002']);
  return invoice && press(play, `/i/${invoice.id}`, { action: 'pay', card_number, exp: '12/40', cvc: '123' });
}

async function answerBank(play: Play): Promise<unknown> {
  const { random, world } = play;
  const asked = [...world.all('payment_intent'), ...world.all('setup_intent')].filter(
    ({ status }) => status === 'requires_action',
  );
  const intent = random.find(asked);
  const action = random.pick(['confirm', 'confirm', 'fail']);
  return intent && press(play, `/authenticate/${intent.id}`, { action });
}

async function voidOne(play: Play): Promise<unknown> {
  const invoice = someInvoice(play, 'open', 'uncollectible');
  return invoice && play.stripe.invoices.voidInvoice(invoice.id);
}

async function writeOff(play: Play): Promise<unknown> {
  const invoice = someInvoice(play, 'open');
  return invoice && play.stripe.invoices.markUncollectible(invoice.id);
}
