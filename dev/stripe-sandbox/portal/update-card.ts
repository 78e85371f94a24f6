import { invalid } from '../api/errors.ts';
import { newCard } from '../objects/payment-method.ts';
import type { Card } from '../banks/cards.ts';
import { declinedIntent } from '../payments/intent-state.ts';
import { confirmSetupIntent, createSetupIntent } from '../payments/setup-intents.ts';
import { askBank } from './bank.ts';
import { makeDefault } from './default-card.ts';
import type { Result } from './result.ts';
import type { Visit } from './visit.ts';

/** Saves a card by a setup intent, and pays with it from then on. Throws 402 when its bank refuses. */
export function updateCard(visit: Visit, card: Card | string): Result {
  const { context, configuration, customer } = visit;
  if (!configuration.features.payment_method_update.enabled) throw invalid('Cards cannot be changed here.');
  if (typeof card === 'string') throw invalid(card);
  const method = newCard(context, { email: customer.email ?? null, name: customer.name ?? null }, card);
  const intent = createSetupIntent(context, { customer: customer.id, payment_method: method.id });
  const tried = confirmSetupIntent(context, intent, {});
  if (tried.status === 'requires_action') return askBank(visit, tried, 'card_updated');
  const failure = declinedIntent(tried);
  if (failure) throw failure;
  makeDefault(visit, tried);
  return { done: 'card_updated' };
}
