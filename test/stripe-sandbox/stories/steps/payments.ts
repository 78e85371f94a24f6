import type { ObjectTypes } from '../../../../dev/stripe-sandbox/state/wire.ts';
import { press, type Play, type Steps } from '../play.ts';

export const paymentSteps: Steps = {
  'charge a saved card': [2, charge],
  'capture or release': [1, captureOrRelease],
  refund: [4, refund],
  'settle a refund': [2, settleRefund],
  'dispute a charge': [2, dispute],
  'decide a dispute': [2, decide],
  'settle a debit': [2, settleDebit],
};

async function charge({ stripe, random, world }: Play): Promise<unknown> {
  const method = random.find(world.all('payment_method').filter(({ customer }) => customer !== null));
  const amount = random.between(50, 5000);
  const capture_method = random.pick(['automatic', 'automatic', 'manual']);
  const off_session = random.chance(0.5);
  if (!method?.customer) return undefined;
  return stripe.paymentIntents.create({
    amount,
    currency: 'gbp',
    customer: method.customer,
    payment_method: method.id,
    capture_method,
    confirm: true,
    ...(off_session ? { off_session } : { return_url: 'https://shop.example/done' }),
  });
}

async function captureOrRelease({ stripe, random, world }: Play): Promise<unknown> {
  const intent = random.find(
    world.all('payment_intent').filter(({ status }) => status === 'requires_capture'),
  );
  const part = random.chance(0.4) ? random.next() : 1;
  const releases = random.chance(0.3);
  if (!intent) return undefined;
  return releases
    ? stripe.paymentIntents.cancel(intent.id)
    : stripe.paymentIntents.capture(intent.id, { amount_to_capture: Math.ceil(intent.amount * part) });
}

function someCharge({ random, world }: Play): ObjectTypes['charge'] | undefined {
  return random.find(world.all('charge').filter(({ paid }) => paid));
}

async function refund(play: Play): Promise<unknown> {
  const { random, stripe } = play;
  const paid = someCharge(play);
  const part = random.chance(0.6) ? random.next() : 1;
  if (!paid) return undefined;
  return part === 1
    ? stripe.refunds.create({ charge: paid.id })
    : stripe.refunds.create({ charge: paid.id, amount: Math.ceil(paid.amount * part) });
}

async function settleRefund(play: Play): Promise<unknown> {
  const known = play.random.find(play.world.all('refund'));
  const how = play.random.pick(['settle', 'fail']);
  return known && press(play, `/_sandbox/refunds/${known.id}/${how}`);
}

async function dispute(play: Play): Promise<unknown> {
  const paid = someCharge(play);
  const kind = play.random.pick(['fraudulent', 'product_not_received', 'inquiry']);
  return paid && press(play, `/_sandbox/charges/${paid.id}/dispute`, { kind });
}

async function decide(play: Play): Promise<unknown> {
  const known = play.random.find(play.world.all('dispute'));
  const escalates = play.random.chance(0.3);
  const outcome = play.random.pick(['won', 'lost']);
  if (!known) return undefined;
  return escalates
    ? press(play, `/_sandbox/disputes/${known.id}/escalate`)
    : press(play, `/_sandbox/disputes/${known.id}/close`, { outcome });
}

async function settleDebit(play: Play): Promise<unknown> {
  const { random, world } = play;
  const intent = random.find(world.all('payment_intent').filter(({ status }) => status === 'processing'));
  const outcome = random.pick(['succeed', 'fail']);
  return intent && press(play, `/_sandbox/payments/${intent.id}/settle`, { outcome });
}
