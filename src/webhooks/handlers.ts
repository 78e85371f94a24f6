import {
  settleInvoice,
  settleSession,
  type Fact,
  type Settlement,
  type SettlementDeps,
} from '../billing/index.ts';

type Handler = (deps: SettlementDeps, fact: Fact) => Promise<Settlement>;

/** What is done about each type of event. Every other type is kept in the inbox as ignored. */
const handlers = {
  'checkout.session.completed': (deps, fact) => settleSession(deps, fact, 'processing'),
  'checkout.session.async_payment_succeeded': (deps, fact) => settleSession(deps, fact, 'never'),
  'checkout.session.async_payment_failed': (deps, fact) => settleSession(deps, fact, 'failed'),
  'checkout.session.expired': (deps, fact) => settleSession(deps, fact, 'expired'),
  'invoice.paid': settleInvoice,
} as const satisfies Readonly<Record<string, Handler>>;

export function handlerOf(eventType: string): Handler | undefined {
  return isHandled(eventType) ? handlers[eventType] : undefined;
}

function isHandled(eventType: string): eventType is keyof typeof handlers {
  return Object.hasOwn(handlers, eventType);
}
