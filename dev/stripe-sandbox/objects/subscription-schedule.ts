import { testClockOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

export type Schedule = ObjectTypes['subscription_schedule'];
export type Phase = Schedule['phases'][number];
type PhaseItem = Phase['items'][number];
type PhaseDiscount = Phase['discounts'][number];

/** A schedule that has not started. */
export function newSchedule(
  context: Context,
  wanted: Pick<Schedule, 'customer' | 'default_settings' | 'end_behavior' | 'metadata' | 'phases'>,
): Schedule {
  return {
    id: newId('sub_sched_1'),
    object: 'subscription_schedule',
    application: null,
    billing_mode: { type: 'flexible', flexible: { proration_discounts: 'included' } },
    canceled_at: null,
    completed_at: null,
    created: context.now(),
    current_phase: null,
    customer_account: null,
    livemode: false,
    pause_schedules: [],
    released_at: null,
    released_subscription: null,
    status: 'not_started',
    subscription: null,
    test_clock: testClockOf(context.store, wanted.customer),
    ...wanted,
  };
}

/** What holds for every phase that does not say otherwise. */
export const DEFAULT_SETTINGS: Schedule['default_settings'] = {
  application_fee_percent: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null },
  billing_cycle_anchor: 'automatic',
  billing_thresholds: null,
  collection_method: 'charge_automatically',
  default_payment_method: null,
  description: null,
  invoice_settings: {
    account_tax_ids: null,
    custom_fields: null,
    days_until_due: null,
    description: null,
    footer: null,
    issuer: { type: 'self' },
  },
  on_behalf_of: null,
  transfer_data: null,
};

type NewPhase = Pick<Phase, 'currency' | 'end_date' | 'items' | 'start_date'> & Partial<Phase>;

export function newPhase(wanted: NewPhase): Phase {
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    default_payment_method: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    invoice_settings: null,
    metadata: {},
    on_behalf_of: null,
    proration_behavior: 'create_prorations',
    transfer_data: null,
    trial_end: null,
    ...wanted,
  };
}

export function newPhaseItem(
  wanted: Pick<PhaseItem, 'discounts' | 'metadata' | 'price' | 'quantity'>,
): PhaseItem {
  return { billing_thresholds: null, plan: wanted.price, tax_rates: [], ...wanted };
}

/** A discount as schedules show it; two of the three are null. */
export function phaseDiscount(named: {
  readonly coupon?: string;
  readonly promotion_code?: string;
  readonly discount?: string;
}): PhaseDiscount {
  return {
    coupon: named.coupon ?? null,
    discount: named.discount ?? null,
    promotion_code: named.promotion_code ?? null,
  };
}

/** When a schedule's first phase starts, in Unix seconds. */
export function startOf({ phases }: Pick<Schedule, 'phases'>): number {
  return phases[0]?.start_date ?? 0;
}

/** When the last of its phases ends, in Unix seconds. */
export function endOf({ phases }: Pick<Schedule, 'phases'>): number {
  return phases.at(-1)?.end_date ?? 0;
}

/** When the subscription of a schedule ends with it, in Unix seconds; null: it goes on. */
export function cancellationOf(schedule: Pick<Schedule, 'end_behavior' | 'phases'>): number | null {
  return schedule.end_behavior === 'cancel' ? endOf(schedule) : null;
}

/** The phase that runs at an instant. */
export function phaseAt(phases: readonly Phase[], seconds: number): Phase | undefined {
  return phases.find(({ start_date, end_date }) => start_date <= seconds && seconds < end_date);
}

/** How long a phase lasts, as a schedule shows it of its current one. */
export function spanOf({ start_date, end_date }: Phase): NonNullable<Schedule['current_phase']> {
  return { end_date, start_date };
}

/** The subscription that a schedule manages now. */
export function managedBy(
  { store }: Context,
  { subscription }: Schedule,
): ObjectTypes['subscription'] | undefined {
  return subscription === null ? undefined : store.get('subscription', subscription);
}
