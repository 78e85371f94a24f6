import type { Store } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';

/** Why a bank debit came back (https://docs.stripe.com/error-codes). */
interface DebitFailure {
  readonly code: 'insufficient_funds' | 'debit_not_authorized' | 'charge_exceeds_source_limit';
  readonly message: string;
}

const NO_MONEY: DebitFailure = {
  code: 'insufficient_funds',
  message: "The customer's account has insufficient funds to cover this payment.",
};
const NOT_AUTHORIZED: DebitFailure = {
  code: 'debit_not_authorized',
  message: 'The customer has notified their bank that this payment was unauthorized.',
};
const TOO_MUCH: DebitFailure = {
  code: 'charge_exceeds_source_limit',
  message: "The payment exceeds the account's weekly limit.",
};

/**
 * The test accounts whose debits fail, by number; all others have the money.
 * https://docs.stripe.com/payments/bacs-debit/accept-a-payment#testing and
 * https://docs.stripe.com/payments/sepa-debit/accept-a-payment#testing
 */
const FAILING_ACCOUNTS: Readonly<Record<string, DebitFailure>> = {
  '22222227': NO_MONEY,
  '33333335': NOT_AUTHORIZED,
  AT861904300235473202: NOT_AUTHORIZED,
  AT981904300002222227: NO_MONEY,
  AT981904300000343434: TOO_MUCH,
  DE62370400440532013001: NOT_AUTHORIZED,
};

/** Why a debit of this account fails; undefined when it is going to succeed. */
export function debitFailureOf(
  store: Store,
  method: ObjectTypes['payment_method'],
): DebitFailure | undefined {
  return FAILING_ACCOUNTS[store.mustFacts('payment_method', method.id).number];
}

/** Why a debit fails that somebody lets fail. */
export const ARRANGED_FAILURE = NO_MONEY;
