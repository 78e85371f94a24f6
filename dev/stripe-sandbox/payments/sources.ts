import { noSuch } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../api/values.ts';
import { cardSource } from '../objects/card.ts';
import { newCard, NOBODY } from '../objects/payment-method.ts';
import { change, previousAttributes, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { giveUp } from './keep-method.ts';
import { cardOfToken } from './named-method.ts';
import { checkSavable } from './payment-methods.ts';

type Customer = ObjectTypes['customer'];
type PaymentMethod = ObjectTypes['payment_method'];
type CardSource = NonNullable<ReturnType<typeof cardSource>>;

/** The card of a token such as `tok_visa`, nobody's yet. Throws 400, or 402 when its bank refuses. */
export function newSource(context: Context, token: string): PaymentMethod {
  const card = cardOfToken(context, token, 'source');
  const method = newCard(context, NOBODY, card, 'card_1');
  checkSavable(context, method);
  return method;
}

/** Gives the customer a card the legacy way. The first one is the default. */
export function addSource(
  context: Context,
  customer: Customer,
  token: string,
  metadata: Record<string, string>,
): CardSource {
  const method = newSource(context, token);
  keepSource(context, change(context, method, { metadata }), customer.id);
  if (customer.default_source === null) {
    change(context, customer, { default_source: method.id }, 'customer.updated');
  }
  return shown(context, method.id);
}

/** The customer keeps a new card (`customer.source.created`). */
export function keepSource(context: Context, method: PaymentMethod, customer: string): void {
  change(context, method, { customer });
  context.events.emit(context, 'customer.source.created', shown(context, method.id));
}

/** A card that this customer has; 404 otherwise. */
export function sourceOf(context: Context, customer: Customer, id: string): PaymentMethod {
  const method = context.store.get('payment_method', id);
  if (!method || method.customer !== customer.id || !cardSource(method)) {
    throw noSuch('source', id, 'id', 404);
  }
  return method;
}

export function updateSource(
  context: Context,
  method: PaymentMethod,
  params: Params<'customerSourceUpdate'>,
): CardSource {
  const before = shown(context, method.id);
  const owner = method.billing_details;
  const address = owner.address;
  change(context, method, {
    billing_details: {
      ...owner,
      address: {
        city: updatedText(params.address_city, address?.city ?? null),
        country: updatedText(params.address_country, address?.country ?? null),
        line1: updatedText(params.address_line1, address?.line1 ?? null),
        line2: updatedText(params.address_line2, address?.line2 ?? null),
        postal_code: updatedText(params.address_zip, address?.postal_code ?? null),
        state: updatedText(params.address_state, address?.state ?? null),
      },
      name: updatedText(params.name, owner.name),
    },
    ...(method.card && { card: { ...method.card, ...expiry(params) } }),
    metadata: mergeMetadata(method.metadata ?? {}, params.metadata),
  });
  const after = shown(context, method.id);
  const previous = previousAttributes(before, after);
  if (Object.keys(previous).length > 0) {
    context.events.emit(context, 'customer.source.updated', after, previous);
  }
  return after;
}

function expiry(params: Params<'customerSourceUpdate'>): { exp_month?: number; exp_year?: number } {
  const number = (text: string | undefined): number | undefined => (text ? Number(text) : undefined);
  return defined({ exp_month: number(params.exp_month), exp_year: number(params.exp_year) });
}

/** The customer gives up a card (`customer.source.deleted`). */
export function removeSource(context: Context, method: PaymentMethod): object {
  const last = shown(context, method.id);
  giveUp(context, method);
  context.events.emit(context, 'customer.source.deleted', last);
  return { id: method.id, object: 'card', deleted: true };
}

/** The card as the sources API shows it. */
export function shown(context: Context, id: string): CardSource {
  const card = cardSource(context.store.must('payment_method', id));
  if (!card) throw new Error(`${id} is not a source.`);
  return card;
}
