import type { DeclineCode } from './declines.ts';

/** What a dispute is about, and whether it only asks (`inquiry`) or takes the money back. */
export type DisputeKind = 'fraudulent' | 'product_not_received' | 'inquiry';

type CardBrand = 'visa' | 'mastercard' | 'amex' | 'discover' | 'diners' | 'jcb' | 'unionpay';

/** What the bank of a test card does. */
export interface CardBehavior {
  /** Refuses every charge, and to be saved too, unless the card is `savable`. */
  readonly declines?: DeclineCode;
  readonly savable?: true;
  /**
   * Wants the buyer to authenticate: `always`; or, once the card was set up for
   * later, only when the buyer is there; or only when the buyer is there.
   */
  readonly asks?: 'always' | 'unless_set_up' | 'on_session';
  readonly dispute?: DisputeKind;
  readonly refund?: 'fails' | 'pending';
}

interface TestCard extends CardBehavior {
  readonly number: string;
  readonly brand: CardBrand;
  readonly funding: 'credit' | 'debit' | 'prepaid';
  readonly country: string;
  /** `visa` stands for `pm_card_visa` and `tok_visa`. */
  readonly names: readonly string[];
}

const card = (number: string, names: readonly string[], rest: Partial<TestCard> = {}): TestCard => ({
  number,
  brand: 'visa',
  funding: 'credit',
  country: 'US',
  names,
  ...rest,
});

/** Stripe has most declining cards under two names. */
const declining = (number: string, declines: DeclineCode, name: string): TestCard =>
  card(number, [name, `visa_${name}`], { declines });

/** https://docs.stripe.com/testing */
const TEST_CARDS: readonly TestCard[] = [
  card('4242424242424242', ['visa', 'us']),
  card('4000056655665556', ['visa_debit'], { funding: 'debit' }),
  card('5555555555554444', ['mastercard'], { brand: 'mastercard' }),
  card('5200828282828210', ['mastercard_debit'], { brand: 'mastercard', funding: 'debit' }),
  card('5105105105105100', ['mastercard_prepaid'], { brand: 'mastercard', funding: 'prepaid' }),
  card('378282246310005', ['amex'], { brand: 'amex' }),
  card('6011111111111117', ['discover'], { brand: 'discover' }),
  card('3056930009020004', ['diners'], { brand: 'diners' }),
  card('3566002020360505', ['jcb'], { brand: 'jcb', country: 'JP' }),
  card('6200000000000005', ['unionpay'], { brand: 'unionpay', country: 'CN' }),
  card('4000008260000000', ['gb'], { country: 'GB' }),
  card('4000000000000077', ['bypassPending']),
  declining('4000000000000002', 'generic_decline', 'chargeDeclined'),
  declining('4000000000009995', 'insufficient_funds', 'chargeDeclinedInsufficientFunds'),
  declining('4000000000009987', 'lost_card', 'chargeDeclinedLostCard'),
  declining('4000000000009979', 'stolen_card', 'chargeDeclinedStolenCard'),
  declining('4100000000000019', 'fraudulent', 'chargeDeclinedFraudulent'),
  declining('4000000000006975', 'card_velocity_exceeded', 'chargeDeclinedVelocityLimitExceeded'),
  declining('4000000000000069', 'expired_card', 'chargeDeclinedExpiredCard'),
  declining('4000000000000127', 'incorrect_cvc', 'chargeDeclinedIncorrectCvc'),
  declining('4000000000000119', 'processing_error', 'chargeDeclinedProcessingError'),
  card('4000000000000341', ['chargeCustomerFail'], { declines: 'generic_decline', savable: true }),
  card('4000002760003184', ['authenticationRequired'], { asks: 'always' }),
  card('4000002500003155', ['authenticationRequiredOnSetup'], { asks: 'unless_set_up' }),
  card('4000003800000446', ['authenticationRequiredSetupForOffSession'], { asks: 'on_session' }),
  card('4000008260003178', ['authenticationRequiredChargeDeclinedInsufficientFunds'], {
    asks: 'always',
    declines: 'insufficient_funds',
    savable: true,
  }),
  card('4000000000003220', ['threeDSecure2Required'], { asks: 'always' }),
  card('4000000000003063', ['threeDSecureRequired'], { asks: 'always' }),
  card('4000008400001629', ['threeDSecureRequiredChargeDeclined'], {
    asks: 'always',
    declines: 'generic_decline',
    savable: true,
  }),
  card('4000000000000259', ['createDispute'], { dispute: 'fraudulent' }),
  card('4000000000002685', ['createDisputeProductNotReceived'], { dispute: 'product_not_received' }),
  card('4000000000001976', ['createDisputeInquiry'], { dispute: 'inquiry' }),
  card('4000000000005126', ['refundFail'], { refund: 'fails' }),
  card('4000000000007726', ['pendingRefund'], { refund: 'pending' }),
];

/** A card of nobody's: Stripe refuses it in test mode. */
const NOT_A_TEST_CARD: Omit<TestCard, 'number'> = {
  brand: 'visa',
  funding: 'credit',
  country: 'US',
  names: [],
  declines: 'test_mode_live_card',
};

/** What is known of a card number; an unknown one is not a test card. */
export function testCard(number: string): TestCard {
  return (
    TEST_CARDS.find((known) => known.number === number) ?? {
      ...NOT_A_TEST_CARD,
      number,
      brand: brandOf(number),
    }
  );
}

/** The card that `pm_card_visa` or `tok_visa` stands for. */
export function testCardNamed(id: string): TestCard | undefined {
  const name = /^(?:pm_card|tok)_(.+)$/.exec(id)?.[1];
  return name === undefined ? undefined : TEST_CARDS.find(({ names }) => names.includes(name));
}

function brandOf(number: string): CardBrand {
  if (number.startsWith('3')) return 'amex';
  return number.startsWith('5') ? 'mastercard' : 'visa';
}
