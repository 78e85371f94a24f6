import type { z } from 'zod';
import type { User } from '../core/actor.ts';
import type { Deps } from '../deps.ts';
import { findActivePlan, summarisePayments } from './payment-queries.ts';
import type { paymentStatus } from './schemas.ts';

/** What a user has paid for, as far as checkouts and payments tell. */
export async function readPaymentStatus(
  deps: Pick<Deps, 'db' | 'clock'>,
  user: User,
): Promise<z.input<typeof paymentStatus>> {
  const [[plan], [payments]] = await deps.db.batch([
    findActivePlan(user, deps.clock.now()),
    summarisePayments(user),
  ]);
  const withoutPlan = payments?.isPending === true ? 'pending' : 'none';
  return {
    plan: plan?.key ?? null,
    plan_name: plan?.name ?? null,
    subscription_status: plan === undefined ? withoutPlan : 'active',
    has_paid: payments?.hasPaid ?? false,
    subscription_started_at: plan?.startedAt.toISOString() ?? null,
    subscription_ends_at: plan?.endsAt.toISOString() ?? null,
  };
}
