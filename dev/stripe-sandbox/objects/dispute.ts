import type { DisputeKind } from '../banks/test-cards.ts';
import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import { DAY_SECONDS } from '../state/period.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Charge = ObjectTypes['charge'];
type Dispute = ObjectTypes['dispute'];

/** How long there is to answer. */
const ANSWER_SECONDS = 13 * DAY_SECONDS;

/** Visa's codes for the reasons. */
const REASONS = {
  fraudulent: { reason: 'fraudulent', network_reason_code: '10.4' },
  product_not_received: { reason: 'product_not_received', network_reason_code: '13.1' },
  inquiry: { reason: 'fraudulent', network_reason_code: '10' },
} as const;

/**
 * A dispute about all that is left of a charge. An inquiry only asks; the others
 * have taken the money back already. There is no balance, so there are no
 * balance transactions.
 */
export function newDispute(context: Context, charge: Charge, kind: DisputeKind): Dispute {
  const { reason, network_reason_code } = REASONS[kind];
  const card = charge.payment_method_details?.card;
  const isInquiry = kind === 'inquiry';
  return {
    id: newId('du_1'),
    object: 'dispute',
    amount: charge.amount - charge.amount_refunded,
    balance_transactions: [],
    charge: charge.id,
    created: context.now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: {
      due_by: context.now() + ANSWER_SECONDS,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: 'manual',
    is_charge_refundable: isInquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    ...(card && {
      payment_method_details: {
        card: {
          brand: card.brand ?? 'visa',
          case_type: isInquiry ? 'inquiry' : 'chargeback',
          network: card.network ?? 'visa',
          network_reason_code,
        },
        type: 'card',
      },
    }),
    reason,
    status: isInquiry ? 'warning_needs_response' : 'needs_response',
  };
}

const NO_EVIDENCE: Dispute['evidence'] = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
