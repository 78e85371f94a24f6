import { invalid, noSuch, refuseUnsupported } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, textOrNull } from '../api/values.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { checkOpen, closeDispute, escalateInquiry, isInquiry } from './disputes.ts';

type Dispute = ObjectTypes['dispute'];
type EvidenceParams = NonNullable<Params<'disputeUpdate'>['evidence']>;

/** Evidence that names an uploaded file; the sandbox has none. */
const FILES = [
  'cancellation_policy',
  'customer_communication',
  'customer_signature',
  'duplicate_charge_documentation',
  'receipt',
  'refund_policy',
  'service_documentation',
  'shipping_documentation',
  'uncategorized_file',
] as const;

/**
 * Stages evidence, or submits it, which the bank takes once. What it says then is
 * decided by `uncategorized_text`: `winning_evidence`, `losing_evidence` or, for
 * an inquiry, `escalate_inquiry_evidence`
 * (https://docs.stripe.com/testing#evidence); anything else stays under review.
 */
export function updateDispute(context: Context, dispute: Dispute, params: Params<'disputeUpdate'>): Dispute {
  if (params.evidence || params.submit) checkOpen(dispute);
  const evidence = { ...dispute.evidence, ...evidenceOf(params.evidence ?? {}) };
  const hasEvidence = Object.values(evidence).some((value) => typeof value === 'string');
  const submits = params.evidence ? params.submit !== false : params.submit === true;
  const details = dispute.evidence_details;
  if ((submits || params.evidence) && details.submission_count > 0) {
    throw invalid(`The evidence of dispute ${dispute.id} has been submitted already.`, 'evidence');
  }
  const patch: Partial<Dispute> = {
    evidence,
    evidence_details: {
      ...details,
      has_evidence: hasEvidence,
      ...(submits && { submission_count: 1, submission_method: 'manual' }),
    },
    ...defined({ intended_submission_method: params.intended_submission_method }),
    metadata: mergeMetadata(dispute.metadata, params.metadata),
    ...(submits && { status: isInquiry(dispute) ? 'warning_under_review' : 'under_review' }),
  };
  const updated = change(context, dispute, patch, 'charge.dispute.updated');
  return submits ? decide(context, updated) : updated;
}

function evidenceOf(params: EvidenceParams): Partial<Dispute['evidence']> {
  refuseUnsupported(params, ['appeal', 'enhanced_evidence']);
  const file = FILES.find((name) => params[name]);
  if (file) throw noSuch('file upload', String(params[file]), `evidence[${file}]`);
  const { appeal: _appeal, enhanced_evidence: _enhanced, ...texts } = params;
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, textOrNull(text)]));
}

function decide(context: Context, dispute: Dispute): Dispute {
  switch (dispute.evidence.uncategorized_text) {
    case 'winning_evidence':
      return closeDispute(context, dispute, 'won');
    case 'losing_evidence':
      return closeDispute(context, dispute, 'lost');
    case 'escalate_inquiry_evidence':
      return isInquiry(dispute) ? escalateInquiry(context, dispute) : dispute;
    default:
      return dispute;
  }
}
