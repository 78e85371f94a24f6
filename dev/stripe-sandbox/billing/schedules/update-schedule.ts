import { invalid, refuseUnsupported } from '../../api/errors.ts';
import type { Params } from '../../api/parameters.ts';
import { mergeMetadata } from '../../api/values.ts';
import {
  cancellationOf,
  managedBy,
  phaseAt,
  spanOf,
  startOf,
  type Phase,
  type Schedule,
} from '../../objects/subscription-schedule.ts';
import { change, type Context } from '../../state/context.ts';
import { endBehaviorOf, settingsOf } from './create-schedule.ts';
import { checkRuns } from './end-schedule.ts';
import { enterPhase, startSchedule } from './enter-phase.ts';
import { instant, phasesOf, type PhaseParam } from './schedule-phases.ts';

type Update = Params<'subscriptionScheduleUpdate'>;

/**
 * Changes a schedule that is not over. New phases replace the old ones; past
 * ones may be left out, the current one keeps its start. What changes in the
 * current phase reaches the subscription at once.
 */
export function updateSchedule(context: Context, before: Schedule, params: Update): Schedule {
  checkRuns(before, 'update');
  refuseUnsupported(params, ['pause_schedules']);
  const phases = params.phases ? newPhases(context, before, params.phases) : before.phases;
  const updated = change(
    context,
    before,
    {
      default_settings: settingsOf(
        context,
        before.customer,
        params.default_settings,
        before.default_settings,
      ),
      end_behavior: endBehaviorOf(params.end_behavior) ?? before.end_behavior,
      metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
      phases,
      ...(before.status === 'active' && { current_phase: currentSpan(context, phases) }),
    },
    'subscription_schedule.updated',
  );
  if (updated.status === 'active') followSchedule(context, before, updated, params.proration_behavior);
  else if (startOf(updated) <= context.now())
    startSchedule(context, updated, 'subscription_schedule.updated');
  return context.store.must('subscription_schedule', updated.id);
}

function newPhases(context: Context, before: Schedule, params: readonly PhaseParam[]): Phase[] {
  const start = params[0]?.start_date ?? (before.status === 'active' ? undefined : startOf(before));
  if (start === undefined) {
    throw invalid(
      'The subscription schedule update is missing at least one phase with a `start_date` to anchor end dates to.',
      'phases',
    );
  }
  const phases = phasesOf(context, before.customer, params, instant(context, start));
  checkStart(context, before, phases);
  return phases;
}

/** The past cannot be changed, and there must be a present. */
function checkStart(context: Context, before: Schedule, phases: readonly Phase[]): void {
  const now = context.now();
  const starts = phases.map(({ start_date }) => start_date);
  if (before.current_phase && !starts.includes(before.current_phase.start_date)) {
    throw invalid('You can not modify the start date of the current phase.', 'phases');
  }
  if (before.status === 'not_started' && (starts[0] ?? now) < now) {
    throw invalid('The local Stripe sandbox does not backdate subscriptions.', 'phases[0][start_date]');
  }
  if (before.status === 'active' && !phaseAt(phases, now)) {
    throw invalid('A subscription schedule must have a phase that has not ended.', 'phases');
  }
}

function currentSpan(context: Context, phases: readonly Phase[]): Schedule['current_phase'] {
  const phase = phaseAt(phases, context.now());
  return phase ? spanOf(phase) : null;
}

/** Brings the subscription to what its schedule says of it now. */
function followSchedule(
  context: Context,
  before: Schedule,
  updated: Schedule,
  proration: Update['proration_behavior'] = 'create_prorations',
): void {
  const phase = phaseAt(updated.phases, context.now());
  const last = phaseAt(before.phases, context.now());
  if (phase && JSON.stringify(billedIn(phase)) !== JSON.stringify(last && billedIn(last))) {
    enterPhase(context, updated, phase, { prorationBehavior: proration });
  }
  const subscription = managedBy(context, updated);
  const cancel_at = cancellationOf(updated);
  if (!subscription || cancel_at === cancellationOf(before)) return;
  const canceled_at = cancel_at === null ? null : context.now();
  change(
    context,
    subscription,
    { cancel_at, cancel_at_period_end: false, canceled_at },
    'customer.subscription.updated',
  );
}

/** What a phase makes of its subscription. */
function billedIn({
  start_date: _start,
  end_date: _end,
  proration_behavior: _how,
  ...billed
}: Phase): object {
  return billed;
}
