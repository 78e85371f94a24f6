import type Stripe from 'stripe';
import { press, type Play, type Steps } from '../play.ts';

const CARDS = ['4242424242424242', '4242424242424242', '4000002760003184', '4000000000000002'] as const;

export const checkoutSteps: Steps = {
  'open a checkout': [4, openCheckout],
  'pay a checkout': [6, pay],
  'expire a checkout': [0.7, expire],
  'use the portal': [4, usePortal],
};

async function openCheckout({ stripe, random, world, catalog }: Play): Promise<unknown> {
  const customer = random.find(world.all('customer'));
  const mode = random.pick(['payment', 'subscription', 'subscription']);
  const price = mode === 'payment' ? catalog.oneTime : random.pick(catalog.prices);
  const params: Stripe.Checkout.SessionCreateParams = {
    mode,
    line_items: [{ price, quantity: random.between(1, 3) }],
    success_url: 'https://shop.example/done',
    cancel_url: 'https://shop.example/pricing',
    ...(random.chance(0.8) && customer && { customer: customer.id }),
    ...(random.chance(0.3) && { discounts: [{ coupon: random.pick(catalog.coupons) }] }),
    ...(mode === 'subscription' &&
      random.chance(0.3) && { subscription_data: { trial_period_days: random.between(1, 20) } }),
    ...(mode === 'payment' && random.chance(0.5) && { invoice_creation: { enabled: true } }),
  };
  return stripe.checkout.sessions.create(params);
}

async function pay(play: Play): Promise<unknown> {
  const { random, world } = play;
  const session = random.find(world.all('checkout.session').filter(({ status }) => status === 'open'));
  const byDebit = random.chance(0.25);
  const account = random.pick(['00012345', '22222227']);
  const card_number = random.pick(CARDS);
  const buyer = { email: 'jenny@example.com', name: 'Jenny' };
  if (!session) return undefined;
  const path = `/c/pay/${session.id}`;
  if (byDebit) return press(play, path, { ...buyer, payment_method: 'bacs_debit', account });
  const card = { ...buyer, card_number, exp: '12/40', cvc: '123' };
  const paid = await press(play, path, { action: 'pay', ...card });
  // The bank asks on the same page.
  return paid.status === 200 ? press(play, path, { action: 'confirm', ...card }) : paid;
}

async function expire({ stripe, random, world }: Play): Promise<unknown> {
  const session = random.find(world.all('checkout.session').filter(({ status }) => status === 'open'));
  return session && stripe.checkout.sessions.expire(session.id);
}

async function usePortal(play: Play): Promise<unknown> {
  const { random, stripe, world, catalog } = play;
  const subscription = random.find(world.all('subscription').filter(({ ended_at }) => ended_at === null));
  const invoice = world.all('invoice').find((one) => one.customer === subscription?.customer);
  const actions: Record<string, string>[] = [
    { action: 'cancel', feedback: 'too_expensive' },
    { action: 'resume' },
    { action: 'keep_plan' },
    { action: 'change_plan', price: random.pick(catalog.prices) },
    { action: 'change_plan', quantity: String(random.between(1, 5)) },
    { action: 'update_card', card_number: random.pick(CARDS), exp: '12/40', cvc: '123' },
    { action: 'pay_invoice', invoice: invoice?.id ?? '' },
  ];
  const fields = random.find(actions) ?? {};
  if (!subscription) return undefined;
  const { url } = await stripe.billingPortal.sessions.create({ customer: subscription.customer });
  return press(play, new URL(url).pathname, { subscription: subscription.id, ...fields });
}
