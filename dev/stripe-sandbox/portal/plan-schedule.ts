import { periodEnd } from '../billing/subscriptions/billed-period.ts';
import { createSchedule } from '../billing/schedules/create-schedule.ts';
import { releaseSchedule } from '../billing/schedules/end-schedule.ts';
import { updateSchedule } from '../billing/schedules/update-schedule.ts';
import { recurrenceOf } from '../objects/plan.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { PlanWish } from './plan-wish.ts';

type Subscription = ObjectTypes['subscription'];

/** The present plan until the period is over, and the wanted one from then on. */
export function changeLater(
  context: Context,
  { subscription, item, price, quantity, discounts }: PlanWish,
): void {
  const { id } = withoutSchedule(context, subscription);
  const schedule = createSchedule(context, { from_subscription: id });
  const { interval, interval_count } = recurrenceOf(price);
  updateSchedule(context, schedule, {
    end_behavior: 'release',
    phases: [
      {
        end_date: periodEnd(subscription),
        items: [{ price: item.price.id, quantity: item.quantity ?? 1 }],
        start_date: schedule.phases[0]?.start_date ?? context.now(),
      },
      {
        duration: { interval, interval_count },
        items: [{ price: price.id, quantity }],
        proration_behavior: 'none',
        ...(discounts.length > 0 && { discounts: [...discounts] }),
      },
    ],
    proration_behavior: 'none',
  });
}

/** The subscription after its schedule, if there is one, has let go of it. */
export function withoutSchedule(context: Context, { id, schedule }: Subscription): Subscription {
  if (schedule !== null) {
    releaseSchedule(context, context.store.must('subscription_schedule', schedule), {});
  }
  return context.store.must('subscription', id);
}
