import { z } from 'zod';
import { id, reference } from './members.ts';

/** Unix seconds, as they go back to Stripe. */
const seconds = z.int().min(0);

const discounts = z
  .array(
    z
      .object({
        coupon: reference.nullish(),
        discount: reference.nullish(),
        promotion_code: reference.nullish(),
      })
      .transform(({ coupon, discount, promotion_code: code }) => ({
        ...(coupon ? { coupon } : {}),
        ...(discount ? { discount } : {}),
        ...(code ? { promotion_code: code } : {}),
      })),
  )
  // To Stripe an empty list is not the same as none.
  .transform((list) => (list.length === 0 ? {} : { discounts: list }));

const metadata = z
  .record(z.string(), z.string())
  .nullish()
  .transform((entries) => entries ?? {});

const item = z
  .object({ price: reference, quantity: z.int().default(1), metadata, discounts })
  .transform(({ discounts: taken, ...members }) => ({ ...members, ...taken }));

const phase = z
  .object({ start_date: seconds, items: z.tuple([item], item), metadata, discounts })
  .transform(({ discounts: taken, ...members }) => ({ ...members, ...taken }));

/**
 * What is needed of a schedule to give it another future: its present, in the form in which it is sent back.
 * https://docs.stripe.com/api/subscription_schedules/object
 */
export const runningSchedule = z
  .object({ id, current_phase: z.object({ start_date: seconds }), phases: z.array(phase) })
  .transform(({ id: scheduleId, current_phase: current, phases }) => ({
    id: scheduleId,
    present: phases.find(({ start_date: start }) => start === current.start_date),
  }));
