import { invalid, StripeFailure } from '../api/errors.ts';
import {
  couponFor,
  promotionCodeNamed,
  promotionFor,
  type DiscountTarget,
  type Redemption,
} from '../billing/discounts/check-redemption.ts';
import type { DiscountParam } from '../billing/discounts/redeem.ts';
import { newDiscount } from '../objects/discount.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import {
  detailsOf,
  remember,
  type LineItem,
  type Session,
  type SessionDiscount,
  type SessionParams,
} from './details.ts';
import { checkTotal, fullAmount, priceItems, totalsOf } from './price-session.ts';
import { hasTrial } from './trial.ts';

type PaymentIntent = ObjectTypes['payment_intent'];

/**
 * The discount that a coupon or a promotion code gives this order. Nothing is
 * redeemed yet. Throws Stripe's 400 when it gives none.
 */
export function discountFor(
  context: Context,
  session: Session,
  items: readonly LineItem[],
  given: DiscountParam,
  param: string,
): SessionDiscount {
  const { coupon, code } = redemptionOf(context, session, items, given, param);
  const products = context.store.facts('coupon', coupon.id)?.products ?? null;
  if (products && !items.some(({ price }) => price && products.includes(price.product))) {
    throw invalid(`The coupon ${coupon.id} does not apply to anything in this order.`, param);
  }
  const discount = newDiscount(context, coupon, code?.id ?? null, {
    customer: session.customer,
    ...(session.mode === 'payment' && { checkoutSession: session.id }),
  });
  return { given, discount, terms: { coupon, products } };
}

/** Throws Stripe's 400 when the discount that an open session promises is no longer to be had. */
export function checkDiscount(context: Context, session: Session): void {
  const { discount, lineItems } = detailsOf(context, session);
  if (discount) discountFor(context, session, lineItems, discount.given, 'discounts[0]');
}

function redemptionOf(
  context: Context,
  session: Session,
  items: readonly LineItem[],
  given: DiscountParam,
  param: string,
): Redemption {
  const target: DiscountTarget = {
    customer: session.customer,
    amount: items.reduce((sum, item) => sum + fullAmount(item), 0),
    ...(session.currency !== null && { currency: session.currency }),
  };
  if (given.coupon) return couponFor(context, given.coupon, target, `${param}[coupon]`);
  const at = `${param}[promotion_code]`;
  const redemption = promotionFor(context, given.promotion_code ?? '', target, at);
  if (redemption.code?.restrictions.first_time_transaction && isGuests(session)) {
    throw invalid('This promotion code is only for customers, and this session makes none.', at);
  }
  return redemption;
}

/** Whether nobody can tell if the buyer has paid before. */
function isGuests(session: Session): boolean {
  return session.customer === null && session.customer_creation === 'if_required';
}

/** The session with what its items cost, which `items` become. */
export function priced(
  session: Session,
  asked: SessionParams,
  items: readonly LineItem[],
  discount: SessionDiscount | null,
): { session: Session; lineItems: LineItem[] } {
  const lineItems = priceItems(items, hasTrial(asked), discount);
  const costing = { ...session, ...totalsOf(lineItems, discount) };
  checkTotal(costing);
  return { session: costing, lineItems };
}

/** The buyer types a promotion code. Returns what is wrong with it, or the session at its new price. */
export function applyCode(context: Context, session: Session, typed: string): Session | string {
  const code = promotionCodeNamed(context, typed, session.customer);
  if (!session.allow_promotion_codes || !code) return 'This code is invalid.';
  try {
    const { lineItems } = detailsOf(context, session);
    const given = { promotion_code: code.id };
    return setDiscount(context, session, discountFor(context, session, lineItems, given, 'discounts[0]'));
  } catch (error) {
    if (error instanceof StripeFailure) return error.message;
    throw error;
  }
}

/** The buyer takes back a promotion code that they have typed. */
export function removeCode(context: Context, session: Session): Session {
  return session.allow_promotion_codes ? setDiscount(context, session, null) : session;
}

/** Gives an open session another price, its payment too if somebody has tried to pay already. */
function setDiscount(context: Context, session: Session, discount: SessionDiscount | null): Session {
  const details = detailsOf(context, session);
  const { session: costing, lineItems } = priced(session, details.asked, details.lineItems, discount);
  const intent =
    details.paymentIntent === null
      ? null
      : adjusted(
          context,
          context.store.must('payment_intent', details.paymentIntent),
          costing.amount_total ?? 0,
        );
  const paymentIntent = intent?.id ?? null;
  remember(context, session, { awaitingAuthentication: null, discount, lineItems, paymentIntent });
  return change(context, session, {
    ...costing,
    payment_intent: session.mode === 'payment' ? paymentIntent : null,
  });
}

/** The payment at its new amount; null when there is nothing to pay any more. */
function adjusted(context: Context, intent: PaymentIntent, amount: number): PaymentIntent | null {
  const undone: Partial<PaymentIntent> = {
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  };
  if (amount > 0) return change(context, intent, { ...undone, amount });
  change(
    context,
    intent,
    { ...undone, canceled_at: context.now(), cancellation_reason: 'abandoned', status: 'canceled' },
    'payment_intent.canceled',
  );
  return null;
}
