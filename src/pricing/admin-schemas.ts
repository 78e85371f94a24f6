import { z } from 'zod';
import { creditAmount, currencyCode, instant, itemKey, minorUnits, pageLimit, text } from '../core/schema.ts';

/** Requests and answers of /admin/pricing, on the wire. */

const name = text(200);
const sortOrder = z.int().min(-1_000_000).max(1_000_000);
const features = z.array(text(500)).max(100).readonly();
const rolloverCap = creditAmount.nullable().meta({
  description: 'How many unspent plan credits survive a renewal; null: all.',
});
const trialCredits = creditAmount.meta({ description: 'What a trial of the plan grants.' });
const description = text(1000).nullable();
const badge = text(100).nullable();
const interval = z.enum(['month', 'year']);

const terms = {
  price: minorUnits.meta({ description: 'In minor units of `currency` (pence, cents).' }),
  currency: currencyCode,
  credits: creditAmount.meta({ description: 'Per month for a plan, once for a package.' }),
};

/** Why, and from when. */
const circumstances = {
  valid_from: instant.optional().meta({
    description: 'From when the terms hold: in the future, by five years at most. Left out: at once.',
  }),
  reason: text(500).optional().meta({ description: 'Kept in the history.' }),
};

export const newPlan = z
  .strictObject({
    plan_key: itemKey,
    name,
    interval,
    rollover_cap: rolloverCap.default(null),
    trial_credits: trialCredits.default(0),
    features: features.default([]),
    sort_order: sortOrder.default(0),
    ...terms,
    ...circumstances,
  })
  .meta({ id: 'NewPlan' });

export const newPackage = z
  .strictObject({
    package_key: itemKey,
    name,
    description: description.default(null),
    badge: badge.default(null),
    sort_order: sortOrder.default(0),
    ...terms,
    ...circumstances,
  })
  .meta({ id: 'NewPackage' });

const changedTerms = z.strictObject(terms).partial().shape;

function fixed(why: string) {
  return z
    .unknown()
    .optional()
    .refine((value) => value === undefined, why)
    .meta({ description: `Refused: ${why}.` });
}

/** The refinement that both kinds of changes have in common. */
function refuseEmptyChange(body: object, context: z.RefinementCtx): void {
  const given = Object.keys(body);
  if (given.every((field) => field in circumstances)) {
    context.addIssue({ code: 'custom', message: 'give at least one field to change' });
  } else if (given.includes('valid_from') && !given.some((field) => field in terms)) {
    const message = 'only price, currency and credits can be scheduled';
    context.addIssue({ code: 'custom', path: ['valid_from'], message });
  }
}

export const planChange = z
  .strictObject({
    name: name.optional(),
    features: features.optional(),
    rollover_cap: rolloverCap.optional(),
    trial_credits: trialCredits.optional(),
    sort_order: sortOrder.optional(),
    is_active: z.boolean().optional(),
    ...changedTerms,
    ...circumstances,
    plan_key: fixed('a key is for good; make another plan'),
    interval: fixed('subscriptions depend on it; make another plan'),
  })
  .superRefine(refuseEmptyChange)
  .meta({ id: 'PlanChange' });

export const packageChange = z
  .strictObject({
    name: name.optional(),
    description: description.optional(),
    badge: badge.optional(),
    sort_order: sortOrder.optional(),
    is_active: z.boolean().optional(),
    ...changedTerms,
    ...circumstances,
    package_key: fixed('a key is for good; make another package'),
  })
  .superRefine(refuseEmptyChange)
  .meta({ id: 'PackageChange' });

const truth = z.enum(['1', 'true', '0', 'false']).transform((value) => value === '1' || value === 'true');

export const changeQuery = z.strictObject({
  dry_run: truth.default(false).meta({
    type: 'string',
    description: '`1` or `true`: answer what would change, and change nothing.',
  }),
});

export const noQuery = z.strictObject({});

const cursor = z.string().max(500).optional().meta({ description: '`next_cursor` of the page before.' });
const limit = pageLimit.default(20);

export const itemListQuery = z.strictObject({
  is_active: truth.optional().meta({ type: 'string' }),
  cursor,
  limit,
});

export const historyQuery = z.strictObject({
  item_type: z.enum(['plan', 'package', 'operation']).optional(),
  item_key: itemKey.optional(),
  field: z
    .string()
    .regex(/^[a-z_]{1,63}$/)
    .optional(),
  from: instant.optional().meta({ description: 'Changed then or later.' }),
  to: instant.optional().meta({ description: 'Changed before then.' }),
  cursor,
  limit,
});

const offer = {
  price: minorUnits,
  currency: currencyCode,
  credits: creditAmount,
  price_id: z.string().nullable(),
};

const itemOfEitherKind = {
  name: z.string(),
  is_active: z.boolean(),
  sort_order: z.number(),
  version: z.int(),
  /** Of the offer that holds now; null when none does. */
  price: offer.price.nullable(),
  currency: offer.currency.nullable(),
  credits: offer.credits.nullable(),
  price_id: offer.price_id,
  scheduled: z.array(
    z.strictObject({ ...offer, valid_from: z.iso.datetime(), valid_to: z.iso.datetime().nullable() }),
  ),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
};

const adminPlan = z
  .strictObject({
    plan_key: itemKey,
    ...itemOfEitherKind,
    interval,
    rollover_cap: z.number().nullable(),
    trial_credits: creditAmount,
    features: z.array(z.string()).readonly(),
  })
  .meta({ id: 'Plan' });

const adminPackage = z
  .strictObject({
    package_key: itemKey,
    ...itemOfEitherKind,
    description: z.string().nullable(),
    badge: z.string().nullable(),
  })
  .meta({ id: 'Package' });

const success = z.literal(true);

/** In the answer to a dry run. */
const dryRun = {
  dry_run: z.literal(true).optional(),
  changes: z
    .array(
      z.strictObject({
        field: z.string(),
        old_value: z.unknown(),
        new_value: z.unknown(),
        effective_from: z.iso.datetime(),
      }),
    )
    .optional(),
};

const nextCursor = z.string().nullable();
export const planAnswer = z.strictObject({ success, plan: adminPlan });
export const planChangeAnswer = z.strictObject({ success, plan: adminPlan, ...dryRun });
export const planList = z.strictObject({ success, plans: z.array(adminPlan), next_cursor: nextCursor });
export const packageAnswer = z.strictObject({ success, package: adminPackage });
export const packageChangeAnswer = z.strictObject({ success, package: adminPackage, ...dryRun });
export const packageList = z.strictObject({
  success,
  packages: z.array(adminPackage),
  next_cursor: nextCursor,
});

const historyEntry = z
  .strictObject({
    id: z.int(),
    item_type: z.enum(['plan', 'package', 'operation']),
    item_key: z.string(),
    field_changed: z.string(),
    old_value: z.unknown().meta({ description: 'Typed as the field is; null where there was none.' }),
    new_value: z.unknown(),
    effective_from: z.iso.datetime(),
    changed_by: z.string(),
    reason: z.string().nullable(),
    request_id: z.string().nullable(),
    changed_at: z.iso.datetime(),
  })
  .meta({ id: 'PricingHistoryEntry' });

export const historyList = z.strictObject({
  success,
  history: z.array(historyEntry),
  next_cursor: nextCursor,
});
