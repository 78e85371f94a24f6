import { z } from 'zod';
import {
  customerReference,
  creditAmount,
  currencyCode,
  itemKey,
  minorUnits,
  timestamp,
  uuid,
} from '../core/schema.ts';
import { quotedPrice } from './schemas.ts';

export const configureTopUpBody = z
  .strictObject({
    enabled: z.boolean(),
    threshold: creditAmount.min(1).meta({
      description: 'The package is bought whenever fewer credits than this are available.',
    }),
    package: itemKey,
    monthly_cap: minorUnits.min(1).meta({
      description:
        'At most this much money in a calendar month (UTC), in minor units of the package’s currency; at least its price.',
    }),
    price_id: quotedPrice,
    customer: customerReference.optional(),
  })
  .meta({ id: 'ConfigureAutoTopUp' });
export type ConfigureTopUpBody = z.output<typeof configureTopUpBody>;

export const topUpQuery = z.strictObject({ customer: customerReference.optional() });

const inFlight = z.strictObject({
  id: uuid,
  status: z.enum(['started', 'processing']).meta({
    description: '`processing`: the bank takes its time, as with a debit.',
  }),
  price: minorUnits,
  currency: currencyCode,
  credits: creditAmount,
  started_at: timestamp,
});

export const stopReasons = [
  'declined',
  'authentication_required',
  'no_saved_card',
  'price_changed',
  'package_not_on_sale',
  'payment_reversed',
] as const;

export const autoTopUp = z
  .strictObject({
    enabled: z.boolean(),
    threshold: creditAmount,
    package: itemKey,
    price_id: z.string().nullable(),
    price: minorUnits.nullable().meta({
      description:
        'What the customer agreed to when it was set. A higher price, or fewer credits, stops it. Null: the package was not on sale.',
    }),
    currency: currencyCode.nullable(),
    credits: creditAmount.nullable(),
    monthly_cap: minorUnits,
    spent_this_month: z
      .int()
      .min(0)
      .meta({ description: 'In this calendar month (UTC), paid or under way.' }),
    in_flight: inFlight
      .nullable()
      .meta({ description: 'The charge that is under way; there is one at most.' }),
    stopped: z
      .strictObject({ reason: z.enum(stopReasons), at: timestamp })
      .nullable()
      .meta({ description: 'Why it has stopped, until it is set anew.' }),
    next_attempt_at: timestamp.nullable().meta({
      description: 'Not before then: after a decline, or once the month’s cap is reached.',
    }),
  })
  .meta({ id: 'AutoTopUp' });
export type AutoTopUp = z.input<typeof autoTopUp>;

export const autoTopUpAnswer = z.strictObject({
  success: z.literal(true),
  auto_top_up: autoTopUp.nullable().meta({ description: 'Null before it is set for the first time.' }),
});
