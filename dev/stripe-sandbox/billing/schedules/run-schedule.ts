import { StripeFailure } from '../../api/errors.ts';
import { endOf, phaseAt, startOf, type Schedule } from '../../objects/subscription-schedule.ts';
import type { Context } from '../../state/context.ts';
import { imagined } from '../../state/imagined.ts';
import { dueOf } from '../../time/due.ts';
import { cancelAlone, completeSchedule, detachSchedule } from './end-schedule.ts';
import { DAY_SECONDS } from '../../state/period.ts';
import { enterPhase, startSchedule } from './enter-phase.ts';

const NOTICE_SECONDS = 7 * DAY_SECONDS;

/** What was told of a schedule, so that it happens once. */
export interface ScheduleFacts {
  /** The end that `subscription_schedule.expiring` was about. */
  readonly endTold: number;
}

/** Schedules start, go from phase to phase and end: before the renewals of the same instant. */
export const dueSchedules = dueOf('subscription_schedule', (store, schedule) => {
  const { id, current_phase: current, status } = schedule;
  if (status === 'not_started') return [{ at: startOf(schedule), happen: begin }];
  if (status !== 'active' || !current) return [];
  const end = endOf(schedule);
  const isTold = store.facts('subscription_schedule', id)?.endTold === end;
  return [
    { at: isTold ? null : Math.max(end - NOTICE_SECONDS, current.start_date), happen: tellEnd },
    { at: current.end_date, happen: goOn },
  ];
});

/** The day has come; a schedule that cannot start any more is canceled. */
function begin(context: Context, schedule: Schedule): void {
  const start = (world: Context): void =>
    void startSchedule(world, schedule, 'subscription_schedule.updated');
  if (isPossible(context, start)) start(context);
  else cancelAlone(context, schedule);
}

/**
 * A phase is over: the next one begins, or the schedule ends. What the phase
 * asks for may have become impossible, as with a coupon that was deleted: then
 * the subscription goes on as it is, without the schedule.
 */
function goOn(context: Context, schedule: Schedule): void {
  const next = phaseAt(schedule.phases, context.now());
  if (!next) return completeSchedule(context, schedule);
  const { proration_behavior: prorationBehavior } = next;
  const enter = (world: Context): void =>
    enterPhase(world, schedule, next, { paymentBehavior: 'later', prorationBehavior });
  return isPossible(context, enter) ? enter(context) : detachSchedule(context, schedule, 'released');
}

/** Whether something can be done, found out by doing it in an imagined world. */
function isPossible(context: Context, attempt: (world: Context) => void): boolean {
  try {
    attempt(imagined(context));
    return true;
  } catch (error) {
    if (error instanceof StripeFailure) return false;
    throw error;
  }
}

function tellEnd(context: Context, schedule: Schedule): void {
  context.store.setFacts('subscription_schedule', schedule.id, { endTold: endOf(schedule) });
  context.events.emit(context, 'subscription_schedule.expiring', schedule);
}
