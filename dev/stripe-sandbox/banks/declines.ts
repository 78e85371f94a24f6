/** A bank's or network's refusal (https://docs.stripe.com/declines/codes). */
export interface Decline {
  readonly code:
    'card_declined' | 'expired_card' | 'incorrect_cvc' | 'processing_error' | 'authentication_required';
  readonly declineCode: string;
  readonly message: string;
}

const MESSAGES = {
  generic_decline: 'Your card was declined.',
  insufficient_funds: 'Your card has insufficient funds.',
  lost_card: 'Your card was declined.',
  stolen_card: 'Your card was declined.',
  fraudulent: 'Your card was declined.',
  card_velocity_exceeded:
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  expired_card: 'Your card has expired.',
  incorrect_cvc: "Your card's security code is incorrect.",
  processing_error: 'An error occurred while processing your card. Try again in a little bit.',
  authentication_required: 'Your card was declined. This transaction requires authentication.',
  test_mode_live_card: 'Your card was declined. Your request was in test mode, but used a non test card.',
} as const;

export type DeclineCode = keyof typeof MESSAGES;

export const DECLINE_CODES = Object.keys(MESSAGES).filter(isDeclineCode);

function isDeclineCode(text: string): text is DeclineCode {
  return Object.hasOwn(MESSAGES, text);
}

/** The decline codes that are error codes of their own; the others come under `card_declined`. */
const OWN_CODES = ['expired_card', 'incorrect_cvc', 'processing_error', 'authentication_required'] as const;

/** The refusal with its error code and the message that Stripe shows for it. */
export function declineOf(declineCode: DeclineCode): Decline {
  const code = OWN_CODES.find((own) => own === declineCode) ?? 'card_declined';
  return { code, declineCode, message: MESSAGES[declineCode] };
}

/** Where Stripe explains an error code. */
export function docUrl(code: string): string {
  return `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;
}
