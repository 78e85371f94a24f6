/** What a key may be allowed to do. `…:write` and `…:manage` include their `…:read`. */
export const scopes = [
  'credits:read',
  'credits:spend',
  'credits:manage',
  'checkout:create',
  'payments:read',
  'subscriptions:manage',
  'pricing:read',
  'pricing:write',
  'customers:read',
  'webhooks:read',
  'webhooks:manage',
  'events:read',
  'events:manage',
  'alerts:read',
  'alerts:manage',
  'metrics:read',
] as const;
export type Scope = (typeof scopes)[number];

/** Those that a customer's key may have: it acts for its customer alone. */
export const customerScopes = [
  'credits:read',
  'credits:spend',
  'checkout:create',
  'payments:read',
  'subscriptions:manage',
] as const satisfies readonly Scope[];

/** Whether these scopes allow what one scope is asked for. */
export function includesScope(granted: readonly Scope[], needed: Scope): boolean {
  if (granted.includes(needed)) return true;
  const [part, verb] = needed.split(':');
  return verb === 'read' && granted.some((scope) => scope === `${part}:write` || scope === `${part}:manage`);
}
