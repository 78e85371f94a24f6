import { change } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { Result } from './result.ts';
import type { Visit } from './visit.ts';

type Intent = ObjectTypes['payment_intent'] | ObjectTypes['setup_intent'];

/**
 * Sends the customer to the bank that asks about an intent, and from there to
 * the portal's page `returned`, which says `done` if the bank was satisfied.
 */
export function askBank({ context, session }: Visit, intent: Intent, done: string): Result {
  const action = intent.next_action;
  const asked = action?.redirect_to_url;
  if (!action || !asked?.url) throw new Error(`Nobody asks the buyer of ${intent.id}.`);
  const query = new URLSearchParams({ page: 'returned', intent: intent.id, done });
  const toHere = { ...asked, return_url: `${session.url}?${query.toString()}` };
  change<Intent>(context, intent, { next_action: { ...action, redirect_to_url: toHere } });
  return { bankAsks: asked.url };
}

/** What the bank has said of the customer's intent: undefined when all is well, otherwise what is not. */
export function bankRefusal({ context, customer }: Visit, id: string): string | undefined {
  const intent = context.store.get('payment_intent', id) ?? context.store.get('setup_intent', id);
  if (!intent || intent.customer !== customer.id) return 'There is no such payment.';
  if (intent.status === 'succeeded' || intent.status === 'processing') return undefined;
  const error = intent.object === 'payment_intent' ? intent.last_payment_error : intent.last_setup_error;
  return error?.message ?? 'Your bank has not confirmed it.';
}
