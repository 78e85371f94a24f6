import type { AccountReference } from '../core/actor.ts';
import { conflict, invalidToken, notFound, type DomainError } from '../core/errors.ts';

/** Throws `customer_not_found` for a customer that was named and is not there. */
export function expectCustomer(account: AccountReference, customerId: string | null | undefined): void {
  if ('named' in account && (customerId ?? null) === null) {
    throw notFound('customer_not_found', 'There is no such customer.');
  }
}

/** To who asks as a customer whose account was deleted, and to who names one. */
export function accountClosed(account: AccountReference): DomainError {
  return 'user' in account
    ? invalidToken()
    : conflict('customer_closed', 'The account of this customer was deleted.');
}
