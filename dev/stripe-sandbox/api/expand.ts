import type { Context } from '../state/context.ts';
import { invalid } from './errors.ts';
import { wholeList } from './lists.ts';
import { detailsOf } from '../checkout/details.ts';
import { breakdownOf } from '../checkout/price-session.ts';
import { intentOf, paymentsOf } from '../objects/invoice-payment.ts';
import { cardSource } from '../objects/card.ts';
import { refundsOf } from '../objects/refund.ts';

const MAXIMUM_DEPTH = 4;
type Json = Record<string, unknown>;

/** Members that an object shows only when asked to, by `object.member` or the whole way to the member. */
const INCLUDABLE: Readonly<Record<string, (context: Context, id: string) => unknown>> = {
  'billing_portal.configuration.features.subscription_update.products': (context, id) =>
    context.store.facts('billing_portal.configuration', id)?.products ?? null,
  'charge.refunds': (context, id) => wholeList(refundsOf(context.store, id), `/v1/charges/${id}/refunds`),
  'coupon.applies_to': (context, id) => {
    const products = context.store.facts('coupon', id)?.products;
    return products && { products };
  },
  'checkout.session.line_items': (context, id) =>
    wholeList(detailsOf(context, { id }).lineItems, `/v1/checkout/sessions/${id}/line_items`),
  'checkout.session.total_details.breakdown': (context, id) => breakdownOf(detailsOf(context, { id })),
  'customer.subscriptions': (context, id) =>
    wholeList(
      context.store.all('subscription').filter((one) => one.customer === id && one.status !== 'canceled'),
      `/v1/customers/${id}/subscriptions`,
    ),
  'invoice.amount_paid_off_stripe': (context, id) => {
    const paid = paymentsOf(context, id).reduce((sum, { amount_paid }) => sum + (amount_paid ?? 0), 0);
    return context.store.must('invoice', id).amount_paid - paid;
  },
  'invoice.confirmation_secret': (context, id) => {
    const secret = intentOf(context, id)?.client_secret;
    return secret ? { client_secret: secret, type: 'payment_intent' } : null;
  },
  'invoice.payments': (context, id) =>
    wholeList(paymentsOf(context, id), `/v1/invoice_payments?invoice=${id}`),
};

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
  const member = Object.hasOwn(value, name) ? value[name] : INCLUDABLE[inside.name]?.(context, inside.id);
  if (member === undefined) throw cannotExpand(path);
  const next = { segments: rest, path, inside };
  return { ...value, [name]: along(context, resolved(context, member, path), next) };
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
