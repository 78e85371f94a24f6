import type { Context } from '../state/context.ts';
import { invalid } from '../api/errors.ts';
import { wholeList } from '../api/lists.ts';
import { detailsOf } from '../checkout/details.ts';
import { breakdownOf } from '../checkout/price-session.ts';
import { intentOf, paymentsOf } from '../objects/invoice-payment.ts';
import { cardSource } from '../objects/card.ts';
import { refundsOf } from '../objects/refund.ts';

const MAXIMUM_DEPTH = 4;
type Json = Record<string, unknown>;

/**
 * Members that an object shows only when asked to, by `object.member` or the
 * whole way to the member. An undefined one is one that this object does not have.
 */
const INCLUDABLE: Readonly<Record<string, (context: Context, id: string) => unknown>> = {
  'billing_portal.configuration.features.subscription_update.products': (context, id) =>
    context.store.facts('billing_portal.configuration', id)?.products ?? null,
  'charge.refunds': (context, id) => wholeList(refundsOf(context.store, id), `/v1/charges/${id}/refunds`),
  'coupon.applies_to': (context, id) => {
    const products = context.store.facts('coupon', id)?.products;
    return products ? { products } : undefined;
  },
  'coupon.currency_options': (context, id) => {
    const coupon = context.store.get('coupon', id) ?? context.store.facts('coupon', id)?.deleted;
    return coupon?.currency ? { [coupon.currency]: { amount_off: coupon.amount_off } } : {};
  },
  'checkout.session.line_items': (context, id) =>
    wholeList(detailsOf(context, { id }).lineItems, `/v1/checkout/sessions/${id}/line_items`),
  'checkout.session.total_details.breakdown': (context, id) => breakdownOf(detailsOf(context, { id })),
  'customer.cash_balance': () => null,
  'customer.invoice_credit_balance': () => ({}),
  'customer.sources': (context, id) =>
    wholeList(
      context.store
        .all('payment_method')
        .flatMap((method) => (method.customer === id ? (cardSource(method) ?? []) : [])),
      `/v1/customers/${id}/sources`,
    ),
  'customer.subscriptions': (context, id) =>
    wholeList(
      context.store.all('subscription').filter((one) => one.customer === id && one.status !== 'canceled'),
      `/v1/customers/${id}/subscriptions`,
    ),
  'customer.tax_ids': (_context, id) => wholeList([], `/v1/customers/${id}/tax_ids`),
  'invoice.amount_paid_off_stripe': (context, id) => {
    const paid = paymentsOf(context, id).reduce((sum, { amount_paid }) => sum + (amount_paid ?? 0), 0);
    // A preview is no invoice that is kept, and nobody has paid it.
    return (context.store.get('invoice', id)?.amount_paid ?? 0) - paid;
  },
  'invoice.confirmation_secret': (context, id) => {
    const secret = intentOf(context, id)?.client_secret;
    return secret ? { client_secret: secret, type: 'payment_intent' } : null;
  },
  'invoice.payments': (context, id) =>
    wholeList(paymentsOf(context, id), `/v1/invoice_payments?invoice=${id}`),
  'price.currency_options': (context, id) => {
    const { currency, tax_behavior, unit_amount, unit_amount_decimal } = context.store.must('price', id);
    return { [currency]: { custom_unit_amount: null, tax_behavior, unit_amount, unit_amount_decimal } };
  },
};

/** Members that an object may lack, and that may be asked for all the same. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'charge.transfer',
  'invoice_payment.payment.charge',
  'invoice_payment.payment.payment_record',
  'invoiceitem.pricing.price_details',
  'line_item.pricing.price_details',
  'price.tiers',
  'refund.failure_balance_transaction',
]);

/**
 * Replaces ids by their objects along each path (`customer`,
 * `data.latest_invoice`), as https://docs.stripe.com/api/expanding_objects says.
 */
export function expand(context: Context, answer: object, paths: readonly string[]): unknown {
  return paths.reduce<unknown>((value, path) => {
    const segments = path.split('.');
    const levels = segments.filter((segment) => segment !== 'data').length;
    if (levels > MAXIMUM_DEPTH) {
      throw invalid(`You cannot expand more than ${MAXIMUM_DEPTH} levels of a property.`, 'expand');
    }
    return along(context, value, { segments, path, inside: { name: '', id: '' } });
  }, answer);
}

interface Way {
  /** What of the path is still to go. */
  readonly segments: readonly string[];
  /** The whole path, as it was asked for. */
  readonly path: string;
  /** Where the last step was made: an object, or a hash inside it under its name. */
  readonly inside: { readonly name: string; readonly id: string };
}

function along(context: Context, value: unknown, way: Way): unknown {
  const { segments, path } = way;
  const [name, ...rest] = segments;
  if (name === undefined || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => along(context, item, way));
  if (!isJson(value)) throw cannotExpand(path);
  const { object, id } = value;
  const here = typeof object === 'string' ? { name: object, id: String(id) } : way.inside;
  const inside = { name: `${here.name}.${name}`, id: here.id };
  const next = { segments: rest, path, inside };
  if (Object.hasOwn(value, name)) {
    if (name === 'id' || here.name.endsWith('.metadata')) throw cannotExpand(path);
    const member = resolved(context, value[name], path);
    if (rest.length === 0 && !isExpanded(member)) throw cannotExpand(path);
    return { ...value, [name]: along(context, member, next) };
  }
  if (OPTIONAL.has(inside.name)) return value;
  const include = INCLUDABLE[inside.name];
  if (!include) throw cannotExpand(path);
  const member = include(context, inside.id);
  return member === undefined
    ? value
    : { ...value, [name]: along(context, resolved(context, member, path), next) };
}

/** Only what has a place of its own in the API can be asked for: no hashes, numbers or flags. */
function isExpanded(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isExpanded);
  return value === null || (isJson(value) && typeof value['object'] === 'string');
}

function resolved(context: Context, member: unknown, path: string): unknown {
  if (Array.isArray(member)) return member.map((item) => resolved(context, item, path));
  if (typeof member !== 'string') return member;
  const { store } = context;
  const source = path.endsWith('default_source') && store.get('payment_method', member);
  if (source) return cardSource(source);
  // A discount goes on naming its coupon, and shows it, when that is deleted.
  const object = store.find(member) ?? store.facts('coupon', member)?.deleted ?? store.deleted(member);
  if (!object) throw cannotExpand(path);
  return object;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function cannotExpand(path: string): Error {
  return invalid(`This property cannot be expanded (${path}).`, 'expand');
}
