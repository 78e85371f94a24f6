import { z } from 'zod';
import { itemKey } from '../core/schema.ts';
import * as schemas from './admin-schemas.ts';
import type { ItemChangeInput } from './change-item.ts';
import type { NewItemInput } from './create-item.ts';
import { offerAt, offersAfter, type Item, type ItemType, type Offer } from './items.ts';

/** How plans and packages differ on the wire: everything else is the same for both. */
export interface ItemKind {
  readonly type: ItemType;
  /** The member of an answer that holds one item, and the one that holds a list. */
  readonly noun: string;
  readonly plural: string;
  /** The member, and the path's parameter, that holds the key. */
  readonly keyName: string;
  readonly parameters: z.ZodObject;
  readonly newItem: z.ZodType<NewItemInput>;
  readonly change: z.ZodType<Omit<ItemChangeInput, 'ifVersion' | 'dryRun'>>;
  readonly answer: z.ZodType;
  readonly changeAnswer: z.ZodType;
  readonly list: z.ZodType;
}

export const planKind: ItemKind = {
  type: 'plan',
  noun: 'plan',
  plural: 'plans',
  keyName: 'plan_key',
  parameters: z.strictObject({ plan_key: itemKey }),
  newItem: schemas.newPlan.transform(
    ({ plan_key, price, currency, credits, valid_from, reason, ...fields }) => ({
      item: { type: 'plan' as const, key: plan_key, ...fields },
      terms: { price, currency, credits },
      startsAt: valid_from,
      reason,
    }),
  ),
  change: schemas.planChange.transform(({ plan_key: _key, interval: _interval, ...body }) => toChange(body)),
  answer: schemas.planAnswer,
  changeAnswer: schemas.planChangeAnswer,
  list: schemas.planList,
};

export const packageKind: ItemKind = {
  type: 'package',
  noun: 'package',
  plural: 'packages',
  keyName: 'package_key',
  parameters: z.strictObject({ package_key: itemKey }),
  newItem: schemas.newPackage.transform(
    ({ package_key, price, currency, credits, valid_from, reason, ...fields }) => ({
      item: { type: 'package' as const, key: package_key, ...fields },
      terms: { price, currency, credits },
      startsAt: valid_from,
      reason,
    }),
  ),
  change: schemas.packageChange.transform(({ package_key: _key, ...body }) => toChange(body)),
  answer: schemas.packageAnswer,
  changeAnswer: schemas.packageChangeAnswer,
  list: schemas.packageList,
};

type ChangeBody = ItemChangeInput['fields'] &
  ItemChangeInput['terms'] & {
    readonly valid_from?: string | undefined;
    readonly reason?: string | undefined;
  };

function toChange({ price, currency, credits, valid_from, reason, ...fields }: ChangeBody) {
  return { fields, terms: { price, currency, credits }, startsAt: valid_from, reason };
}

/** An item as admins see it, with the offer that holds now and those that are to come. */
export function shownItem(item: Item, now: Date) {
  const { name, is_active, sort_order, version, created_at, updated_at } = item;
  const noOffer = { price: null, currency: null, credits: null, price_id: null };
  const offer = offerAt(item, now);
  const shared = {
    name,
    is_active,
    sort_order,
    version,
    ...(offer === undefined ? noOffer : shownOffer(offer)),
    scheduled: offersAfter(item, now).map((scheduled) => ({
      ...shownOffer(scheduled),
      valid_from: scheduled.valid_from,
      valid_to: scheduled.valid_to,
    })),
    created_at,
    updated_at,
  };
  return item.type === 'plan'
    ? {
        plan_key: item.key,
        interval: item.interval,
        rollover_cap: item.rollover_cap,
        trial_credits: item.trial_credits,
        features: item.features,
        ...shared,
      }
    : { package_key: item.key, description: item.description, badge: item.badge, ...shared };
}

function shownOffer({ price, currency, credits, price_id }: Offer) {
  return { price, currency, credits, price_id };
}
