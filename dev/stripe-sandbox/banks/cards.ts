import { createHash } from 'node:crypto';
import type { Store } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { declineOf, type Decline } from './declines.ts';
import { testCard, testCardNamed, type CardBehavior } from './test-cards.ts';

type PaymentMethod = ObjectTypes['payment_method'];

/** A card as somebody typed it, complete and well formed. What its bank says is known by its number. */
export interface Card {
  readonly number: string;
  readonly expMonth: number;
  readonly expYear: number;
}

/** Reads a form's card fields at `now` (Unix seconds); a string is what the buyer has to correct. */
export function readCard(
  fields: { number: string; expiry: string; cvc: string },
  now: number,
): Card | string {
  const number = fields.number.replace(/[\s-]/g, '');
  if (!isCardNumber(number)) return 'Your card number is invalid.';
  const expiry = /^\s*(\d{1,2})\s*\/?\s*(\d{2}|\d{4})\s*$/.exec(fields.expiry);
  const expMonth = Number(expiry?.[1]);
  const expYear = (Number(expiry?.[2]) % 100) + 2000;
  if (!expiry || expMonth < 1 || expMonth > 12) return "Your card's expiration date is incomplete.";
  if (isPast(expMonth, expYear, now)) return "Your card's expiration date is in the past.";
  if (!/^\d{3,4}$/.test(fields.cvc.trim())) return "Your card's security code is incomplete.";
  return { number, expMonth, expYear };
}

/** The card that a name of Stripe's stands for (`pm_card_visa`, `tok_visa`); it expires in a year. `now` in Unix seconds. */
export function cardNamed(name: string, now: number): Card | undefined {
  const known = testCardNamed(name);
  if (!known) return undefined;
  const today = new Date(now * 1000);
  return { number: known.number, expMonth: today.getUTCMonth() + 1, expYear: today.getUTCFullYear() + 1 };
}

export function isCardNumber(number: string): boolean {
  return /^\d{12,19}$/.test(number) && passesLuhn(number);
}

/** Is the end of this month before `now` (Unix seconds)? */
export function isPast(expMonth: number, expYear: number, now: number): boolean {
  return Date.UTC(expYear, expMonth) <= now * 1000;
}

/** The same for every payment method made of one card. */
export function fingerprintOf(number: string): string {
  return createHash('sha256').update(number).digest('base64url').slice(0, 16);
}

/** What the bank of this card does; of a bank account: nothing special. */
export function behaviorOf(store: Store, method: PaymentMethod): CardBehavior {
  return method.card ? testCard(store.mustFacts('payment_method', method.id).number) : {};
}

/** Why the bank would not let this card be saved; undefined when it would. */
export function refusalToSave(store: Store, method: PaymentMethod): Decline | undefined {
  const { declines, savable } = behaviorOf(store, method);
  return declines && !savable ? declineOf(declines) : undefined;
}

/** Does the bank want the buyer to authenticate before the card is saved? */
export function asksToSave(store: Store, method: PaymentMethod): boolean {
  const { asks } = behaviorOf(store, method);
  return asks === 'always' || asks === 'unless_set_up';
}

/** ISO/IEC 7812-1 check digit. */
function passesLuhn(number: string): boolean {
  const sum = Array.from(number)
    .toReversed()
    .map((digit, position) => Number(digit) * (position % 2 === 1 ? 2 : 1))
    .reduce((total, value) => total + (value > 9 ? value - 9 : value), 0);
  return sum % 10 === 0;
}
