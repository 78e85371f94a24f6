import type { DeclineCode } from '../banks/declines.ts';
import type { DisputeKind } from '../banks/test-cards.ts';

/** What a payment method stands for. */
export interface PaymentMethodFacts {
  /** The number of the card or the bank account. */
  readonly number: string;
  /** The buyer has let it be charged later, and has authenticated if the bank wanted that. */
  readonly isSetUp: boolean;
  /** Detached, or used up by a payment without having been attached: it can be used no more. */
  readonly isSpent: boolean;
}

/** What somebody has arranged for a customer. */
export interface CustomerFacts {
  /** The next `count` payments are declined, whatever the card. */
  readonly failNextPayments: { readonly count: number; readonly declineCode: DeclineCode };
}

/** What the buyer of a charge is going to do. */
export interface ChargeFacts {
  readonly dispute: DisputeKind;
  /** Unix seconds of the sandbox's own time. */
  readonly at: number;
}

/** What the bank is going to say to a refund. */
export interface RefundFacts {
  readonly outcome: 'fails' | 'succeeds';
  /** Unix seconds of the sandbox's own time. */
  readonly at: number;
}
