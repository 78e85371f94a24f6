import { equals, inRange } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { createSchedule } from '../billing/schedules/create-schedule.ts';
import { cancelSchedule, releaseSchedule } from '../billing/schedules/end-schedule.ts';
import { updateSchedule } from '../billing/schedules/update-schedule.ts';
import { allOrNothing } from '../state/imagined.ts';

const PATH = '/v1/subscription_schedules';

export const subscriptionSchedules: readonly Operation[] = [
  operation('POST', PATH, 'subscriptionScheduleCreate', (context, params) =>
    allOrNothing(context, (world) => createSchedule(world, params)),
  ),
  retrieve(PATH, 'subscription_schedule'),
  operation('POST', `${PATH}/:id`, 'subscriptionScheduleUpdate', (context, params, id) =>
    allOrNothing(context, (world) => updateSchedule(world, own(world, 'subscription_schedule', id), params)),
  ),
  operation('POST', `${PATH}/:id/cancel`, 'subscriptionScheduleCancel', (context, params, id) =>
    cancelSchedule(context, own(context, 'subscription_schedule', id), params),
  ),
  operation('POST', `${PATH}/:id/release`, 'subscriptionScheduleRelease', (context, params, id) =>
    releaseSchedule(context, own(context, 'subscription_schedule', id), params),
  ),
  list(
    PATH,
    'subscription_schedule',
    'subscriptionScheduleList',
    (schedule, params) =>
      (params.customer === undefined
        ? schedule.test_clock === null
        : schedule.customer === params.customer) &&
      equals(schedule.customer_account, params.customer_account) &&
      equals(schedule.status === 'not_started', params.scheduled) &&
      happened(schedule.canceled_at, params.canceled_at) &&
      happened(schedule.completed_at, params.completed_at) &&
      happened(schedule.released_at, params.released_at),
  ),
];

/** Does an instant that may not have come lie in a filter? Without a filter: yes. */
function happened(instant: number | null, range: Parameters<typeof inRange>[1]): boolean {
  return range === undefined || (instant !== null && inRange(instant, range));
}
