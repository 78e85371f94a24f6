import type { AccountReference } from '../core/actor.ts';
import { conflict } from '../core/errors.ts';
import { expectCustomer, findCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';

/**
 * The page of Stripe where a customer sees invoices and changes payment methods. Throws `no_billing_account` for a
 * customer who never began a checkout, `customer_not_found` for one that was named.
 */
export async function openPortal(
  deps: Pick<Deps, 'db' | 'stripe' | 'config'>,
  account: AccountReference,
): Promise<string> {
  const [customer] = await deps.db.run(findCustomer(account));
  expectCustomer(account, customer?.id);
  if (customer === undefined || customer.stripeCustomerId === null) {
    throw conflict('no_billing_account', 'This customer has no billing account yet: begin with a checkout.');
  }
  const { stripeCustomerId } = customer;
  return deps.stripe.openPortal({ stripeCustomerId, returnUrl: deps.config.returnUrls.portal });
}
