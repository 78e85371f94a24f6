import type { ObjectTypes } from '../../../../dev/stripe-sandbox/state/wire.ts';
import type { World } from '../world.ts';

type Invoice = ObjectTypes['invoice'];
type Line = Invoice['lines']['data'][number];
type Subscription = ObjectTypes['subscription'];
type Check = readonly [isRight: boolean, what: string];

/** Each subscription's status, periods, end and invoices fit together. */
export function* subscriptionsHold(world: World): Iterable<string> {
  for (const subscription of world.all('subscription')) {
    const invoices = world
      .all('invoice')
      .filter(({ parent }) => parent?.subscription_details?.subscription === subscription.id)
      .toReversed();
    const checks = [
      ...standing(world, subscription, invoices),
      ...present(world, subscription),
      ...ending(subscription, invoices),
      ...cycles(invoices),
      ...trial(subscription, invoices),
      ...schedule(world, subscription),
    ];
    for (const [isRight, what] of checks) {
      if (!isRight) yield `subscription ${subscription.id} (${subscription.status}): ${what}`;
    }
  }
}

function isOver({ status }: Subscription): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}

/** Whether somebody has tried to collect an invoice, and failed. */
function hasFailed(world: World, invoice: Invoice): boolean {
  const payment = world.all('invoice_payment').find((one) => one.invoice === invoice.id);
  const intent = world.find('payment_intent', payment?.payment.payment_intent);
  return invoice.status === 'open' && invoice.attempted && intent?.status !== 'processing';
}

function* standing(world: World, subscription: Subscription, invoices: readonly Invoice[]): Iterable<Check> {
  const latest = world.find('invoice', subscription.latest_invoice);
  if (!latest) {
    yield [subscription.latest_invoice === null, `latest_invoice ${subscription.latest_invoice} is lost`];
    return;
  }
  yield [invoices.includes(latest), 'latest_invoice is of another'];
  const is = latest.status;
  switch (subscription.status) {
    case 'active':
    case 'trialing':
      // Who resumes a subscription without an invoice makes it active whatever was unpaid.
      if (hasResumedAfter(world, subscription, latest)) return;
      yield [!hasFailed(world, latest), `its latest invoice is ${is} and was tried in vain`];
      return;
    case 'past_due':
      yield [is !== 'paid' && is !== 'void', `its latest invoice is ${is}`];
      return;
    case 'incomplete':
      yield [is === 'open' || is === 'uncollectible', `its latest invoice is ${is}`];
      return;
    case 'incomplete_expired':
      yield [is === 'void' || is === 'uncollectible', `its latest invoice is ${is}`];
      return;
    default:
  }
}

function hasResumedAfter(world: World, { id }: Subscription, { created }: Invoice): boolean {
  return world
    .all('event')
    .some(
      ({ type, created: told, data }) =>
        type === 'customer.subscription.resumed' &&
        told >= created &&
        isSubscription(data.object) &&
        data.object.id === id,
    );
}

/** The present period and what is still to come. */
function* present(world: World, subscription: Subscription): Iterable<Check> {
  const now = world.timeOf(subscription.customer);
  const { status: is, cancel_at, trial_end } = subscription;
  const ends = subscription.items.data.map((item) => item.current_period_end);
  for (const { current_period_start: start, current_period_end: next } of subscription.items.data) {
    yield [start < next, `a period from ${start} to ${next}`];
    if (now === null || isOver(subscription) || is === 'paused' || is === 'incomplete') continue;
    yield [start <= now && now < next, `now ${now} is not in the period from ${start} to ${next}`];
  }
  yield [(subscription.status_details !== undefined) === (is === 'paused'), 'status_details do not fit'];
  if (now === null || isOver(subscription)) return;
  yield [is !== 'trialing' || (trial_end !== null && trial_end > now), `its trial ended at ${trial_end}`];
  yield [
    trial_end === null || trial_end <= now || ['trialing', 'incomplete', 'paused', 'past_due'].includes(is),
    `it has a trial until ${trial_end}`,
  ];
  yield [cancel_at === null || cancel_at > now || is === 'paused', `it was to end at ${cancel_at}`];
  yield [
    !subscription.cancel_at_period_end || cancel_at === Math.min(...ends),
    `it is to end at ${cancel_at}, and its period does at ${Math.min(...ends)}`,
  ];
}

/** Nothing is billed after the end but what a last invoice bills. */
function* ending(subscription: Subscription, invoices: readonly Invoice[]): Iterable<Check> {
  const { status: is, ended_at, canceled_at } = subscription;
  yield [(is === 'canceled') === (ended_at !== null) || is === 'incomplete_expired', `ended_at ${ended_at}`];
  yield [is !== 'canceled' || canceled_at !== null, 'canceled_at is missing'];
  if (ended_at === null) return;
  const own = invoices.filter(({ billing_reason }) => billing_reason !== 'manual');
  yield [own.every(({ created }) => created <= ended_at), 'it is billed after its end'];
  for (const { status: state, auto_advance, id, created } of own) {
    const goesOn = auto_advance === true && (state === 'open' || state === 'draft');
    yield [!goesOn || created === ended_at, `invoice ${id} of ${created} is still collected`];
  }
}

/** One cycle is billed once, and the invoice shows the cycle that it looks back on. */
function* cycles(invoices: readonly Invoice[]): Iterable<Check> {
  const made = invoices.filter(({ billing_reason }) => billing_reason === 'subscription_cycle');
  const starts = made.map(({ created }) => created);
  yield [new Set(starts).size === starts.length, 'two invoices bill one cycle'];
  for (const { id, created, lines, period_start, period_end } of made) {
    // Later than made: that of a subscription that was incomplete beyond its first period.
    yield [period_end <= created, `invoice ${id} looks back on what is not over`];
    yield [period_start < period_end, `invoice ${id} looks back on nothing`];
    const whole = lines.data.filter((line) => itemOf(line) !== null && !isProration(line));
    const isForward = whole.every(({ period }) => period.start === period_end && period.end > period_end);
    yield [isForward && whole.length > 0, `invoice ${id} bills another period than the next one`];
  }
}

function itemOf({ parent }: Line): string | null {
  return parent?.subscription_item_details?.subscription_item ?? null;
}

function isProration({ parent }: Line): boolean {
  return parent?.subscription_item_details?.proration ?? false;
}

/** Nothing is charged for the time of a trial. */
function* trial(
  { trial_start: start, trial_end: until }: Subscription,
  invoices: readonly Invoice[],
): Iterable<Check> {
  if (start === null || until === null) return;
  for (const { id, lines } of invoices) {
    for (const line of lines.data) {
      const isInTrial = line.period.start > start && line.period.end <= until;
      if (!isInTrial || itemOf(line) === null || line.period.start === line.period.end) continue;
      yield [line.amount <= 0, `invoice ${id} charges ${line.amount} for the trial`];
    }
  }
}

function* schedule(world: World, subscription: Subscription): Iterable<Check> {
  if (subscription.schedule === null || isOver(subscription)) return;
  const found = world.find('subscription_schedule', subscription.schedule);
  yield [found?.subscription === subscription.id, `its schedule manages ${found?.subscription}`];
  yield [found?.status === 'active', `its schedule is ${found?.status}`];
}

/**
 * The periods that the events of a subscription tell of an item follow each
 * other without a gap: the next one begins where the last one ended or, by a
 * change, at that time; the end of one moves with a trial.
 */
export function* periodsFollow(world: World): Iterable<string> {
  const last = new Map<string, { start: number; end: number }>();
  for (const { type, created, data } of world.all('event').toReversed()) {
    if (!type.startsWith('customer.subscription.') || !isSubscription(data.object)) continue;
    const { id, items } = data.object;
    for (const item of items.data) {
      const [start, end] = [item.current_period_start, item.current_period_end];
      const before = last.get(item.id);
      const follows = !before || start === before.start || start === before.end || start === created;
      if (!follows) yield `subscription ${id}: after a period until ${before.end} follows one from ${start}`;
      last.set(item.id, { start, end });
    }
  }
}

function isSubscription(object: object): object is Subscription {
  return 'object' in object && object.object === 'subscription';
}
