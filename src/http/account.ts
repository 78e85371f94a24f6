import type { AccountReference } from '../core/actor.ts';
import { DomainError, invalid } from '../core/errors.ts';
import { type AppContext, isRead, userOf } from './context.ts';

/**
 * Whose account a request to a route with access `account` is about. `customer` is what its body or query names, the
 * query of a read. Throws `forbidden` for a customer that names anybody, `customer_required` where nobody is named by
 * somebody who has no account.
 */
export function accountOf(c: AppContext, customer: string | undefined): AccountReference {
  const user = userOf(c);
  if (customer !== undefined) {
    if (user.role !== 'customer') return { named: customer, issuer: c.get('config').tokens.issuer };
    throw new DomainError('forbidden', 'forbidden', 'A customer acts for itself, and names nobody.');
  }
  if (user.role === 'customer' || user.role === 'admin') return { user };
  throw invalid('customer_required', 'Name the customer whose account this is about.', [
    {
      pointer: isRead(c) ? '?customer' : '/customer',
      code: 'customer_required',
      detail: 'name the customer by its `sub`, its id, or its id at Stripe',
    },
  ]);
}
