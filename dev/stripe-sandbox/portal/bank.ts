import { invalid } from '../api/errors.ts';
import { declinedIntent } from '../payments/intent-state.ts';
import { change } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { makeDefault } from './default-card.ts';
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

/**
 * Goes on after the bank has asked about the customer's intent. Throws 402 when
 * it was not satisfied, and 400 for an intent of somebody else.
 */
export function afterBank(visit: Visit, id: string): void {
  const { context, customer } = visit;
  const intent = context.store.get('payment_intent', id) ?? context.store.get('setup_intent', id);
  if (intent?.customer !== customer.id) throw invalid('There is no such payment.');
  const failure = declinedIntent(intent);
  if (failure) throw failure;
  if (intent.status === 'requires_action') throw invalid('Your bank has not confirmed it yet.');
  if (intent.object === 'setup_intent' && intent.status === 'succeeded') makeDefault(visit, intent);
}
