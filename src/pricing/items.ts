import { z } from 'zod';
import { itemKey } from '../core/schema.ts';

/**
 * The catalogue's items as the database gives them: JSON made in SQL (`queries.ts`), so that an item comes with its
 * offers in one statement, checked here. Members have the names of their columns.
 */

export type ItemType = 'plan' | 'package';

/** Which item: a plan or a package, by its key. */
export interface ItemReference {
  readonly type: ItemType;
  readonly key: string;
}

/** Postgres writes instants with an offset and microseconds; one form for all of them is enough. */
const moment = z.iso.datetime({ offset: true }).transform((value) => new Date(value).toISOString());

/** From `valid_from` until just before `valid_to`; with no `valid_to`, until another offer takes over. */
const offer = z.object({
  offer_id: z.string(),
  /** Stripe's id of the Price; null until the offer is known there. */
  price_id: z.string().nullable(),
  price: z.int(),
  currency: z.string(),
  credits: z.int(),
  valid_from: moment,
  valid_to: moment.nullable(),
});
export type Offer = Readonly<z.output<typeof offer>>;

const offers = z.array(offer).readonly();

const shownOfPlan = z.object({
  key: itemKey,
  name: z.string(),
  sort_order: z.number(),
  interval: z.enum(['month', 'year']),
  rollover_cap: z.number().nullable(),
  features: z.array(z.string()).readonly(),
  offers,
});

const shownOfPackage = z.object({
  key: itemKey,
  name: z.string(),
  sort_order: z.number(),
  description: z.string().nullable(),
  badge: z.string().nullable(),
  offers,
});

/** What the cache holds: everything that the public lists show, now and as far ahead as it is scheduled. */
export const catalogueSchema = z.object({
  version: z.int(),
  plans: z.array(shownOfPlan).readonly(),
  packages: z.array(shownOfPackage).readonly(),
});
export type Catalogue = Readonly<z.output<typeof catalogueSchema>>;

/** What only admins see, and what Ratecard keeps for itself. */
const kept = {
  id: z.string(),
  is_active: z.boolean(),
  version: z.int(),
  stripe_product_id: z.string().nullable(),
  created_at: moment,
  updated_at: moment,
};

const plan = shownOfPlan.extend({ type: z.literal('plan'), trial_credits: z.int(), ...kept });
const creditPackage = shownOfPackage.extend({ type: z.literal('package'), ...kept });
export const itemSchema = z.discriminatedUnion('type', [plan, creditPackage]);
export type PlanItem = Readonly<z.output<typeof plan>>;
export type PackageItem = Readonly<z.output<typeof creditPackage>>;
export type Item = PlanItem | PackageItem;

/** What of an item itself an admin can change. Which of them a kind of item has is the request's schema's to say. */
export interface ItemFields {
  readonly name?: string | undefined;
  readonly sort_order?: number | undefined;
  readonly is_active?: boolean | undefined;
  readonly rollover_cap?: number | null | undefined;
  readonly trial_credits?: number | undefined;
  readonly features?: readonly string[] | undefined;
  readonly description?: string | null | undefined;
  readonly badge?: string | null | undefined;
}

/** What an offer asks, and gives. */
export interface Terms {
  /** In minor units. */
  readonly price: number;
  readonly currency: string;
  readonly credits: number;
}

/** The offer that holds at an instant. */
export function offerAt(item: { readonly offers: readonly Offer[] }, at: Date): Offer | undefined {
  return item.offers.find(
    ({ valid_from, valid_to }) =>
      new Date(valid_from) <= at && (valid_to === null || at < new Date(valid_to)),
  );
}

/** The offers that are to begin later, soonest first. */
export function offersAfter(item: { readonly offers: readonly Offer[] }, at: Date): readonly Offer[] {
  return item.offers
    .filter(({ valid_from }) => new Date(valid_from) > at)
    .toSorted((one, other) => one.valid_from.localeCompare(other.valid_from));
}
