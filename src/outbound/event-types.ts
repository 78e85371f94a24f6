/** What endpoints can ask to be told; the database writes each of them where it happens. */
export const eventTypes = [
  'alert.closed',
  'alert.opened',
  'cost.changed',
  'credits.adjusted',
  'credits.clawed_back',
  'credits.expired',
  'credits.granted',
  'credits.low',
  'credits.restored',
  'package.changed',
  'payment.disputed',
  'payment.refunded',
  'payment.succeeded',
  'plan.changed',
  'price.changed',
  'subscription.changed',
  'subscription.duplicate_canceled',
  'top_up.cap_reached',
  'top_up.stopped',
] as const;

/** Told to one endpoint alone, when somebody tests it, whatever it asked for. */
export const testEventType = 'endpoint.test';

/** What an endpoint may ask for: a type, a family such as `credits.*`, or `*`. */
const wishes: ReadonlySet<string> = new Set([
  ...eventTypes,
  ...eventTypes.map((type) => `${type.slice(0, type.indexOf('.'))}.*`),
  '*',
]);

export function isEventWish(wish: string): boolean {
  return wishes.has(wish);
}
