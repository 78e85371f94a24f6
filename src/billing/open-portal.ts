import type { User } from '../core/actor.ts';
import { conflict } from '../core/errors.ts';
import { findCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';

/**
 * The page of Stripe where a customer sees invoices and changes payment methods. Throws `no_billing_account` for a
 * user who never began a checkout.
 */
export async function openPortal(deps: Pick<Deps, 'db' | 'stripe' | 'config'>, user: User): Promise<string> {
  const [customer] = await deps.db.run(findCustomer(user));
  if (customer === undefined || customer.stripeCustomerId === null) {
    throw conflict('no_billing_account', 'This customer has no billing account yet: begin with a checkout.');
  }
  const { stripeCustomerId } = customer;
  return deps.stripe.openPortal({ stripeCustomerId, returnUrl: deps.config.returnUrls.portal });
}
