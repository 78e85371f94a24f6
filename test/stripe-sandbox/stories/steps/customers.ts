import type { Play, Steps } from '../play.ts';
import { press } from '../play.ts';

/** Cards that pay, more often than those that make trouble. */
const CARDS = [
  'pm_card_visa',
  'pm_card_visa',
  'pm_card_visa',
  'pm_card_mastercard',
  'pm_card_chargeCustomerFail',
  'pm_card_authenticationRequired',
  'pm_card_authenticationRequiredOnSetup',
  'pm_card_createDispute',
  'pm_card_createDisputeInquiry',
  'pm_card_refundFail',
  'pm_card_pendingRefund',
  'pm_card_chargeDeclined',
] as const;

const DECLINES = ['generic_decline', 'insufficient_funds', 'expired_card'] as const;

export const customerSteps: Steps = {
  'create a customer': [2, createCustomer],
  'save a card': [6, saveCard],
  'save a bank account': [1, saveAccount],
  'detach a method': [1, detach],
  'change the balance': [1, changeBalance],
  'fail the next payments': [3, failNext],
  'delete a customer': [0.4, deleteCustomer],
};

/** Half of the customers live on test clocks, up to three of a story. */
async function createCustomer({ stripe, random, world }: Play): Promise<unknown> {
  const email = 'jenny@example.com';
  const clocks = world.all('test_helpers.test_clock');
  if (random.chance(0.5)) return stripe.customers.create({ email, name: 'Jenny' });
  const known = random.find(clocks);
  if (known && random.chance(0.5)) return stripe.customers.create({ email, test_clock: known.id });
  if (clocks.length >= 3) return undefined;
  const clock = await stripe.testHelpers.testClocks.create({
    frozen_time: world.now - random.between(0, 400) * 86_400,
  });
  return stripe.customers.create({ email, test_clock: clock.id });
}

async function saveCard({ stripe, random, world }: Play): Promise<unknown> {
  const customer = random.find(world.all('customer'));
  const card = random.pick(CARDS);
  if (!customer) return undefined;
  const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
  return random.chance(0.2)
    ? method
    : stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
}

async function saveAccount({ stripe, random, world }: Play): Promise<unknown> {
  const customer = random.find(world.all('customer'));
  const account_number = random.pick(['00012345', '22222227']);
  if (!customer) return undefined;
  const method = await stripe.paymentMethods.create({
    type: 'bacs_debit',
    bacs_debit: { sort_code: '108800', account_number },
    billing_details: { email: 'jenny@example.com', name: 'Jenny', address: { country: 'GB' } },
  });
  await stripe.paymentMethods.attach(method.id, { customer: customer.id });
  return stripe.customers.update(customer.id, {
    invoice_settings: { default_payment_method: method.id },
  });
}

async function detach({ stripe, random, world }: Play): Promise<unknown> {
  const method = random.find(world.all('payment_method').filter(({ customer }) => customer !== null));
  return method && stripe.paymentMethods.detach(method.id);
}

async function changeBalance({ stripe, random, world }: Play): Promise<unknown> {
  const customer = random.find(world.all('customer'));
  const balance = random.between(-3000, 1000);
  return customer && stripe.customers.update(customer.id, { balance });
}

async function failNext(play: Play): Promise<unknown> {
  const customer = play.random.find(play.world.all('customer'));
  const fields = { times: String(play.random.between(0, 3)), decline_code: play.random.pick(DECLINES) };
  return customer && press(play, `/_sandbox/customers/${customer.id}/fail-next`, fields);
}

async function deleteCustomer({ stripe, random, world }: Play): Promise<unknown> {
  const customer = random.find(world.all('customer'));
  return customer && stripe.customers.del(customer.id);
}
