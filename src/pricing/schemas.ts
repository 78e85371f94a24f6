import { z } from 'zod';
import { creditAmount, currencyCode, itemKey, minorUnits } from '../core/schema.ts';

/** The public lists: what is on sale now. */

const shownOffer = {
  price_id: z.string().nullable().meta({
    description:
      'The Stripe Price of the offer. Send it to the checkout, which refuses (409 `price_changed`) when it is no longer on sale. Null while the installation is not synced with Stripe.',
  }),
  price: minorUnits.meta({ description: 'In minor units of `currency` (pence, cents).' }),
  currency: currencyCode,
  credits: creditAmount.meta({ description: 'Per month for a plan, once for a package.' }),
};

const publicPlan = z
  .strictObject({
    name: z.string(),
    ...shownOffer,
    interval: z.enum(['month', 'year']),
    rollover_cap: z.number().nullable().meta({
      description: 'How many unspent plan credits survive a renewal; null: all.',
    }),
    features: z.array(z.string()).readonly(),
    sort_order: z.number(),
  })
  .meta({ id: 'PublicPlan' });

const publicPackage = z
  .strictObject({
    name: z.string(),
    ...shownOffer,
    description: z.string().nullable(),
    price_per_credit: z.number().meta({ description: 'For showing only, to four decimals.' }),
    badge: z.string().optional(),
    sort_order: z.number(),
  })
  .meta({ id: 'PublicPackage' });

export const publicPlans = z.strictObject({
  success: z.literal(true),
  plans: z.record(itemKey, publicPlan),
});

export const publicPackages = z.strictObject({
  success: z.literal(true),
  packages: z.record(itemKey, publicPackage),
});
