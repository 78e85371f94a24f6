import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';

/**
 * A subscription has ended by itself or by somebody, and its schedule ends with
 * it: `subscription_schedule.canceled`, or `….aborted` when nobody has paid.
 */
export function endWithSubscription(context: Context, subscription: ObjectTypes['subscription']): void {
  const schedule = context.store.get('subscription_schedule', subscription.schedule ?? '');
  if (schedule?.status !== 'active') return;
  const hasFailed = subscription.cancellation_details?.reason === 'payment_failed';
  change(
    context,
    schedule,
    { canceled_at: context.now(), current_phase: null, status: 'canceled' },
    hasFailed ? 'subscription_schedule.aborted' : 'subscription_schedule.canceled',
  );
}
