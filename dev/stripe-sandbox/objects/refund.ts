import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { Store } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Charge = ObjectTypes['charge'];
type Refund = ObjectTypes['refund'];

interface NewRefund {
  readonly amount: number;
  readonly reason: Refund['reason'];
  readonly metadata: Record<string, string>;
  readonly status: 'succeeded' | 'pending';
}

/** Money of a charge that goes back. The sandbox keeps no balance, so there are no balance transactions. */
export function newRefund(context: Context, charge: Charge, wanted: NewRefund): Refund {
  const { amount, metadata, reason, status } = wanted;
  return {
    id: newId('re_3'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: context.now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    ...(charge.payment_method_details?.card && {
      destination_details: {
        card: { type: status === 'pending' ? 'pending' : 'refund' },
        type: 'card',
      },
    }),
    metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    ...(status === 'pending' && { pending_reason: 'processing' }),
    reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status,
    transfer_reversal: null,
  };
}

/** All refunds of one charge, newest first. */
export function refundsOf(store: Store, charge: string): Refund[] {
  return store.all('refund').filter((refund) => refund.charge === charge);
}
