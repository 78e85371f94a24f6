import { createCustomer } from '../objects/customer.ts';
import type { Buyer } from '../objects/payment-method.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { detailsOf, type Session } from './details.ts';

type Customer = ObjectTypes['customer'];

/** What the pay page knows of every buyer's address. */
export const BUYERS_ADDRESS = {
  city: null,
  country: 'GB',
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};

/** Who has bought: the session's customer, or a new one where the order needs one; null for a guest. */
export function customerOfBuyer(context: Context, session: Session, buyer: Buyer): Customer | null {
  // A customer deleted since then is no customer: Stripe would start a new one, too.
  const known = session.customer === null ? undefined : context.store.get('customer', session.customer);
  if (known) return updated(context, known, session, buyer);
  if (!needsCustomer(session)) return null;
  return createCustomer(context, {
    ...(buyer.email !== null && { email: buyer.email }),
    ...(buyer.name !== null && { name: buyer.name }),
  });
}

function needsCustomer(session: Session): boolean {
  return (
    session.mode === 'subscription' ||
    session.customer_creation === 'always' ||
    session.invoice_creation?.enabled === true
  );
}

/** The customer as the buyer may change them (`customer_update`). */
function updated(context: Context, customer: Customer, session: Session, buyer: Buyer): Customer {
  const may = detailsOf(context, session).asked.customer_update;
  const patch: Partial<Customer> = {
    ...(may?.address === 'auto' && { address: BUYERS_ADDRESS }),
    ...(may?.name === 'auto' && buyer.name !== null && { name: buyer.name }),
  };
  return change(context, customer, patch, 'customer.updated');
}

/** The e-mail address that the session has before anybody types one. */
export function knownEmail({ store }: Pick<Context, 'store'>, session: Session): string | null {
  const customer = session.customer === null ? undefined : store.get('customer', session.customer);
  return customer?.email ?? session.customer_email;
}
