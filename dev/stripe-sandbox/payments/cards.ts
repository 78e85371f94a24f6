import { createHash } from 'node:crypto';

/** A card that the form accepted; what the bank says to it is in `outcome`. */
export interface Card {
  readonly number: string;
  readonly brand: 'visa' | 'mastercard' | 'amex';
  readonly expMonth: number;
  readonly expYear: number;
  readonly fingerprint: string;
  readonly outcome: CardOutcome;
}

export type CardOutcome = 'success' | 'authentication_required' | CardDecline;

/** https://docs.stripe.com/declines/codes */
export interface CardDecline {
  readonly code: 'card_declined' | 'expired_card' | 'incorrect_cvc' | 'processing_error';
  readonly declineCode: string;
  readonly message: string;
}

const declined = (declineCode: string, message: string): CardDecline => ({
  code: 'card_declined',
  declineCode,
  message,
});

/** https://docs.stripe.com/testing#cards */
const TEST_CARDS: Readonly<Record<string, CardOutcome>> = {
  '4242424242424242': 'success',
  '4000056655665556': 'success',
  '5555555555554444': 'success',
  '378282246310005': 'success',
  '4000002500003155': 'authentication_required',
  '4000002760003184': 'authentication_required',
  '4000000000000002': declined('generic_decline', 'Your card was declined.'),
  '4000000000009995': declined('insufficient_funds', 'Your card has insufficient funds.'),
  '4000000000009987': declined('lost_card', 'Your card was declined.'),
  '4000000000000069': {
    code: 'expired_card',
    declineCode: 'expired_card',
    message: 'Your card has expired.',
  },
  '4000000000000127': {
    code: 'incorrect_cvc',
    declineCode: 'incorrect_cvc',
    message: "Your card's security code is incorrect.",
  },
  '4000000000000119': {
    code: 'processing_error',
    declineCode: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
  },
};

const NOT_A_TEST_CARD = declined(
  'test_mode_live_card',
  'Your card was declined. Your request was in test mode, but used a non test card.',
);

/** Reads the form's card fields; a string is what the buyer has to correct. */
export function readCard(fields: { number: string; expiry: string; cvc: string }, now: Date): Card | string {
  const number = fields.number.replace(/[\s-]/g, '');
  if (!/^\d{12,19}$/.test(number) || !passesLuhn(number)) return 'Your card number is invalid.';
  const expiry = /^\s*(\d{1,2})\s*\/?\s*(\d{2}|\d{4})\s*$/.exec(fields.expiry);
  const expMonth = Number(expiry?.[1]);
  const expYear = (Number(expiry?.[2]) % 100) + 2000;
  if (!expiry || expMonth < 1 || expMonth > 12) return "Your card's expiration date is incomplete.";
  if (Date.UTC(expYear, expMonth) <= now.getTime()) return "Your card's expiration date is in the past.";
  if (!/^\d{3,4}$/.test(fields.cvc.trim())) return "Your card's security code is incomplete.";
  return {
    number,
    brand: number.startsWith('4') ? 'visa' : number.startsWith('3') ? 'amex' : 'mastercard',
    expMonth,
    expYear,
    fingerprint: createHash('sha256').update(number).digest('base64url').slice(0, 16),
    outcome: TEST_CARDS[number] ?? NOT_A_TEST_CARD,
  };
}

/** ISO/IEC 7812-1 check digit. */
function passesLuhn(number: string): boolean {
  const sum = Array.from(number)
    .toReversed()
    .map((digit, position) => Number(digit) * (position % 2 === 1 ? 2 : 1))
    .reduce((total, value) => total + (value > 9 ? value - 9 : value), 0);
  return sum % 10 === 0;
}
