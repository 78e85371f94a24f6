import type { Card } from '../payments/cards.ts';
import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

type PaymentMethod = ObjectTypes['payment_method'];

export interface Buyer {
  readonly email: string | null;
  readonly name: string | null;
}

export function newCard(context: Context, buyer: Buyer, card: Card): PaymentMethod {
  return context.store.put<PaymentMethod>({
    ...methodOf(context, buyer),
    type: 'card',
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      display_brand: card.brand,
      exp_month: card.expMonth,
      exp_year: card.expYear,
      fingerprint: card.fingerprint,
      funding: 'credit',
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
  });
}

export function newBankDebit(context: Context, buyer: Buyer): PaymentMethod {
  return context.store.put<PaymentMethod>({
    ...methodOf(context, buyer),
    type: 'bacs_debit',
    bacs_debit: { fingerprint: 'sandboxBankDebit', last4: '2345', sort_code: '108800' },
  });
}

function methodOf(context: Context, buyer: Buyer): Omit<PaymentMethod, 'type'> {
  return {
    id: newId('pm_1'),
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
