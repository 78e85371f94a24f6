import { atInstant } from '../../state/clock.ts';
import type { Context } from '../../state/context.ts';
import { imagined } from '../../state/imagined.ts';
import { newId } from '../../state/ids.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd, periodStart } from './billed-period.ts';
import { nextEnd } from './next-end.ts';
import { isOver } from './end-subscription.ts';
import { dueSchedules } from '../schedules/run-schedule.ts';
import { DAY_SECONDS } from '../../state/period.ts';
import { rememberOfSubscription, subscriptionFacts } from './subscription-facts.ts';

type Invoice = ObjectTypes['invoice'];
type Subscription = ObjectTypes['subscription'];

/** How long before it is made an invoice is told; an account can set it. */
const NOTICE_SECONDS = 3 * DAY_SECONDS;
const BILLED: ReadonlySet<Subscription['status']> = new Set(['active', 'past_due', 'trialing']);

/**
 * When the invoice of the next period is to be told (Unix seconds); null when there will be none, or
 * when periods are shorter than the notice.
 */
export function upcomingNoticeAt(context: Pick<Context, 'store'>, subscription: Subscription): number | null {
  const end = periodEnd(subscription);
  const at = end - NOTICE_SECONDS;
  const ends = subscription.cancel_at !== null && subscription.cancel_at <= end;
  if (ends || !BILLED.has(subscription.status) || at <= periodStart(subscription)) return null;
  return subscriptionFacts(context, subscription.id).renewalTold === end ? null : at;
}

/** Tells the next invoice (`invoice.upcoming`), which has no id yet. */
export function tellUpcoming(context: Context, subscription: Subscription): void {
  rememberOfSubscription(context, subscription.id, { renewalTold: periodEnd(subscription) });
  const invoice = upcomingInvoice(context, subscription);
  if (!invoice) return;
  const { id: _none, ...shown } = asPreview(invoice);
  context.events.emit(context, 'invoice.upcoming', shown);
}

/**
 * The draft that a subscription's next renewal, or its end, will make: found out
 * by letting it happen in an imagined world. Null when none is coming.
 */
export function upcomingInvoice(context: Context, subscription: Subscription): Invoice | null {
  const world = imagined(context);
  const { at: end } = nextEnd(subscription);
  runSchedule(world, subscription.schedule, end);
  const last = world.store.must('subscription', subscription.id);
  const next = nextEnd(last);
  if (!isOver(last) && next.at === end) next.happen(atInstant(world, end), last);
  const { latest_invoice: latest } = world.store.must('subscription', subscription.id);
  return latest === null || latest === subscription.latest_invoice
    ? null
    : world.store.must('invoice', latest);
}

/** Lets a schedule do what it does until an instant, before the renewal of that instant. */
function runSchedule(world: Context, schedule: string | null, until: number): void {
  for (;;) {
    const dues = schedule === null ? [] : dueSchedules.duesOf(world.store, schedule);
    const [due] = dues.toSorted((a, b) => a.at - b.at);
    if (!due || due.at > until) return;
    due.happen(atInstant(world, Math.max(due.at, world.now())));
  }
}

/** A draft of an imagined world as the API shows it: nothing else refers to it, and it cannot be retrieved. */
export function asPreview(invoice: Invoice): Invoice {
  const id = newId('upcoming_in_1');
  return {
    ...invoice,
    id,
    billing_reason: 'upcoming',
    lines: {
      ...invoice.lines,
      data: invoice.lines.data.map((line) => ({ ...line, invoice: id })),
      url: `/v1/invoices/${id}/lines`,
    },
  };
}
