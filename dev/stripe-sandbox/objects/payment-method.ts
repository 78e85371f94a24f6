import { fingerprintOf, type Card } from '../banks/cards.ts';
import { testCard } from '../banks/test-cards.ts';
import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

type PaymentMethod = ObjectTypes['payment_method'];

export interface Buyer {
  readonly email: string | null;
  readonly name: string | null;
}

/** Whoever gives a payment method without saying who they are. */
export const NOBODY: Buyer = { email: null, name: null };

/** A card, not yet anybody's. `prefix` is `card_1` for one that is added the legacy way, as a source. */
export function newCard(
  context: Context,
  buyer: Buyer,
  card: Card,
  prefix: 'pm_1' | 'card_1' = 'pm_1',
): PaymentMethod {
  const { brand, country, funding } = testCard(card.number);
  return keep(context, card.number, {
    ...methodOf(context, buyer, prefix),
    type: 'card',
    card: {
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country,
      display_brand: brand,
      exp_month: card.expMonth,
      exp_year: card.expYear,
      fingerprint: fingerprintOf(card.number),
      funding,
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
  });
}

/** https://docs.stripe.com/payments/payment-methods/bacs-debit#testing */
const BACS_ACCOUNT = { sortCode: '108800', accountNumber: '00012345' };

/** A British bank account that can be debited. */
export function newBankDebit(context: Context, buyer: Buyer, account = BACS_ACCOUNT): PaymentMethod {
  const { sortCode, accountNumber } = account;
  return keep(context, accountNumber, {
    ...methodOf(context, buyer, 'pm_1'),
    type: 'bacs_debit',
    bacs_debit: {
      fingerprint: fingerprintOf(sortCode + accountNumber),
      last4: accountNumber.slice(-4),
      sort_code: sortCode,
    },
  });
}

/** A European bank account that can be debited. */
export function newSepaDebit(context: Context, buyer: Buyer, iban: string): PaymentMethod {
  return keep(context, iban, {
    ...methodOf(context, buyer, 'pm_1'),
    type: 'sepa_debit',
    sepa_debit: {
      bank_code: iban.slice(4, 9),
      branch_code: '',
      country: iban.slice(0, 2),
      fingerprint: fingerprintOf(iban),
      generated_from: { charge: null, setup_attempt: null },
      last4: iban.slice(-4),
    },
  });
}

function keep(context: Context, number: string, method: PaymentMethod): PaymentMethod {
  context.store.setFacts('payment_method', method.id, { number, isSetUp: false, isSpent: false });
  return context.store.put(method);
}

function methodOf(context: Context, buyer: Buyer, prefix: 'pm_1' | 'card_1'): Omit<PaymentMethod, 'type'> {
  return {
    id: newId(prefix),
    object: 'payment_method',
    allow_redisplay: 'limited',
    billing_details: {
      address: { city: null, country: 'GB', line1: null, line2: null, postal_code: null, state: null },
      email: buyer.email,
      name: buyer.name,
      phone: null,
      tax_id: null,
    },
    created: context.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
  };
}
