import type { World } from '../world.ts';
import { sum } from './invariant.ts';

/** What charges, refunds, disputes and intents say of each other. */
export function* paymentsAddUp(world: World): Iterable<string> {
  yield* charges(world);
  yield* intents(world);
}

function* charges(world: World): Iterable<string> {
  for (const charge of world.all('charge')) {
    const refunds = world.all('refund').filter((refund) => refund.charge === charge.id);
    const disputes = world.all('dispute').filter((dispute) => dispute.charge === charge.id);
    const back = sum(
      refunds
        .filter(({ status }) => status !== 'failed' && status !== 'canceled')
        .map(({ amount }) => amount),
    );
    const name = `charge ${charge.id} (${charge.status})`;
    // What is not captured is released as if it were refunded.
    const released = charge.captured ? charge.amount - charge.amount_captured : 0;
    const refunded = charge.amount_refunded - released;
    const isCanceled = world.find('payment_intent', charge.payment_intent)?.status === 'canceled';
    if (!isCanceled && refunded !== back) yield `${name}: amount_refunded ${refunded}, refunds of ${back}`;
    if (back > charge.amount_captured)
      yield `${name}: refunds of ${back}, captured ${charge.amount_captured}`;
    if (charge.refunded !== (charge.amount_refunded === charge.amount)) yield `${name}: refunded is wrong`;
    if (charge.disputed !== disputes.length > 0) yield `${name}: disputed is wrong`;
    if (charge.paid !== (charge.status === 'succeeded')) yield `${name}: paid is ${charge.paid}`;
    if (charge.status === 'failed' && charge.amount_captured > 0) yield `${name}: it has captured money`;
  }
}

function* intents(world: World): Iterable<string> {
  for (const intent of world.all('payment_intent')) {
    const own = world.all('charge').filter((charge) => charge.payment_intent === intent.id);
    const name = `payment intent ${intent.id} (${intent.status})`;
    const received = sum(own.filter(({ paid }) => paid).map(({ amount_captured }) => amount_captured));
    if (intent.amount_received !== received)
      yield `${name}: amount_received ${intent.amount_received}, charges of ${received}`;
    if ((intent.status === 'succeeded') !== received > 0) yield `${name}: charges of ${received}`;
    if (own.filter(({ paid }) => paid).length > 1) yield `${name}: it is charged twice`;
    if (intent.latest_charge !== (own[0]?.id ?? null)) yield `${name}: latest_charge is not the latest`;
    const isPending = own.some(({ status }) => status === 'pending');
    if (isPending !== (intent.status === 'processing')) yield `${name}: a charge is pending: ${isPending}`;
    if ((intent.status === 'requires_action') !== (intent.next_action !== null))
      yield `${name}: next_action does not fit`;
  }
}

/** Coupons and promotion codes count the discounts that were made of them. */
export function* redemptionsCount(world: World): Iterable<string> {
  const discounts = world.all('discount');
  for (const { id, times_redeemed } of world.all('coupon')) {
    const count = discounts.filter(({ source }) => source.coupon === id).length;
    if (times_redeemed !== count) yield `coupon ${id}: redeemed ${times_redeemed} times, discounts ${count}`;
  }
  for (const { id, times_redeemed } of world.all('promotion_code')) {
    const count = discounts.filter(({ promotion_code }) => promotion_code === id).length;
    if (times_redeemed !== count) yield `code ${id}: redeemed ${times_redeemed} times, discounts ${count}`;
  }
}
