import type { Invoice } from '../stripe/index.ts';
import { addMonths, cycleEndingAt, monthAround, type Month } from './plan-months.ts';

/** What an invoice's lines mean in credits. Nothing here asks anybody: a preview comes out as the grant will. */

/** What is known of an offer that a line bills. */
export interface BilledOffer {
  readonly id: string;
  readonly stripePriceId: string | null;
  readonly type: 'plan' | 'package';
  readonly name: string;
  readonly amountMinor: number;
  /** A month, also of a yearly plan. */
  readonly credits: number;
  readonly interval: 'month' | 'year' | null;
  /** What a trial grants. */
  readonly trialCredits: number;
}

export type InvoiceLine = Invoice['lines'][number];

/** A line that bills one of our plans for a subscription. */
export interface PlanLine<Offer extends BilledOffer = BilledOffer> {
  readonly line: InvoiceLine;
  readonly offer: Offer;
  readonly subscriptionId: string;
}

/** The lines of an invoice (or of a preview of one) that are about plans of ours; all else bills something else. */
export function planLines<Offer extends BilledOffer>(
  invoice: Pick<Invoice, 'lines' | 'subscriptionId'>,
  offers: readonly Offer[],
): readonly PlanLine<Offer>[] {
  return invoice.lines.flatMap((line) => {
    const offer = offers.find(
      ({ type, stripePriceId }) => type === 'plan' && stripePriceId === line.stripePriceId,
    );
    const subscriptionId = line.subscriptionId ?? invoice.subscriptionId;
    return offer === undefined || subscriptionId === null ? [] : [{ line, offer, subscriptionId }];
  });
}

/** Credits for the period that one line bills. */
export interface PeriodCredits<Offer extends BilledOffer = BilledOffer> extends PlanLine<Offer> {
  readonly kind: 'period' | 'trial';
  readonly credits: number;
  /** The end of the month that these are for. Of a yearly plan it is the first, and the others are scheduled. */
  readonly expiresAt: Date;
}

/**
 * What the lines for periods grant. A discount does not matter, because a line's amount is the one before discounts:
 * a line that bills nothing for a plan that costs something is a trial's.
 */
export function periodCredits<Offer extends BilledOffer>(
  lines: readonly PlanLine<Offer>[],
): readonly PeriodCredits<Offer>[] {
  return lines
    .filter(({ line }) => !line.isProration && line.amountMinor >= 0)
    .map((planLine) => {
      const { line, offer } = planLine;
      if (line.amountMinor === 0 && offer.amountMinor > 0) {
        const credits = offer.trialCredits * line.quantity;
        return { ...planLine, kind: 'trial', credits, expiresAt: line.periodEnd };
      }
      const month =
        offer.interval === 'year' ? earlier(addMonths(line.periodStart, 1), line.periodEnd) : line.periodEnd;
      const credits = rounded([{ credits: offer.credits * line.quantity, ...partOfPeriod(planLine) }]);
      return { ...planLine, kind: 'period', credits, expiresAt: month };
    });
}

/** No calendar month is shorter: 28 days. */
const shortestMonth = 28 * 24 * 3600 * 1000;

/** A first period that ends early, at a day that was chosen for the renewals, is a part of a month. */
function partOfPeriod({ line, offer }: PlanLine): Part {
  const length = line.periodEnd.getTime() - line.periodStart.getTime();
  if (offer.interval === 'year' || length >= shortestMonth) return { part: 1, whole: 1 };
  return { part: length, whole: lengthOf(cycleEndingAt(line.periodEnd, 1, [])) };
}

/** The credits of a plan change, for the rest of the month in which it was made. */
export interface ProrationCredits<Offer extends BilledOffer = BilledOffer> {
  /** Below zero: money went back for more than was charged. */
  readonly credits: number;
  /** The plan that it changed to; of lines that only give back, the one that they give back. */
  readonly offer: Offer;
  /** The line that charges for that plan. */
  readonly charged: PlanLine<Offer> | undefined;
  readonly subscriptionId: string;
  /** The end of the newest month that the invoice is about. */
  readonly expiresAt: Date;
  /** What the months that a yearly plan still has change by. */
  readonly yearChanges: readonly YearChange[];
}

export interface YearChange {
  readonly sourceRef: string;
  readonly periodEnd: Date;
  /** Months that begin later are changed. */
  readonly since: Date;
  /** A month. */
  readonly credits: number;
  /** Null for what is given back. */
  readonly offerId: string | null;
}

/**
 * What the prorations of an invoice come to: each line is the credits of its plan in proportion to the time, to the
 * millisecond, that it charges (or gives back) of the month in which that time lies. Later months of a yearly plan are
 * not in it: they change with the schedule. Rounded half up to a whole credit, once, over all lines.
 * `anchors` are the subscription's billing cycle anchor and those that it had before (`anchorsOf`). Undefined where
 * nothing is prorated.
 */
export function prorationCredits<Offer extends BilledOffer>(
  lines: readonly PlanLine<Offer>[],
  anchors: readonly Date[],
): ProrationCredits<Offer> | undefined {
  const prorations = lines.filter(({ line }) => line.isProration);
  const counted = prorations.filter((one) => counts(one, prorations));
  const newest = counted.toSorted((one, other) => rank(one) - rank(other)).at(-1);
  if (newest === undefined) return undefined;
  const ends = [
    ...counted.map((one) => monthOf(one, anchors).end),
    ...periodCredits(lines).map(({ expiresAt }) => expiresAt),
  ];
  return {
    credits: rounded(counted.map((one) => ({ credits: signedCredits(one), ...partOfMonth(one, anchors) }))),
    offer: newest.offer,
    charged: newest.line.isCredit ? undefined : newest,
    subscriptionId: newest.subscriptionId,
    expiresAt: ends.reduce((one, other) => (other > one ? other : one)),
    yearChanges: counted.filter(({ offer }) => offer.interval === 'year').map(yearChange),
  };
}

/** What was charged comes after what was given back, and the later after the earlier. */
function rank({ line }: PlanLine): number {
  return line.periodStart.getTime() + (line.isCredit ? -1e15 : 0);
}

/**
 * A line of nothing for a plan that costs something is of a time that nothing was to be paid for. It counts beside the
 * line that gives back what was before; alone it would grant twice.
 */
function counts({ line, offer }: PlanLine, prorations: readonly PlanLine[]): boolean {
  if (line.amountMinor !== 0 || line.isCredit || offer.amountMinor === 0) return true;
  return prorations.some(
    ({ line: other }) => other.isCredit && other.periodStart.getTime() === line.periodStart.getTime(),
  );
}

function signedCredits({ line, offer }: PlanLine): number {
  return offer.credits * line.quantity * (line.isCredit ? -1 : 1);
}

function yearChange(planLine: PlanLine): YearChange {
  const { line, offer } = planLine;
  return {
    sourceRef: line.id,
    periodEnd: line.periodEnd,
    since: line.periodStart,
    credits: signedCredits(planLine),
    offerId: line.isCredit ? null : offer.id,
  };
}

/** The month in which the time of a proration lies. */
function monthOf({ line, offer }: PlanLine, anchors: readonly Date[]): Month {
  if (offer.interval !== 'year') return cycleEndingAt(line.periodEnd, 1, anchors);
  const month = monthAround(cycleEndingAt(line.periodEnd, 12, anchors).start, line.periodStart);
  return { start: month.start, end: earlier(month.end, line.periodEnd) };
}

interface Part {
  readonly part: number;
  readonly whole: number;
}

function partOfMonth(planLine: PlanLine, anchors: readonly Date[]): Part {
  const month = monthOf(planLine, anchors);
  return { part: month.end.getTime() - planLine.line.periodStart.getTime(), whole: lengthOf(month) };
}

function lengthOf({ start, end }: Month): number {
  return end.getTime() - start.getTime();
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}

/** The sum of parts of credits, exactly, and then rounded half up: 2.5 is 3, and -2.5 is -2. */
function rounded(terms: readonly (Part & { readonly credits: number })[]): number {
  let [numerator, denominator] = [0n, 1n];
  for (const { credits, part, whole } of terms) {
    if (denominator % BigInt(whole) !== 0n) {
      numerator *= BigInt(whole);
      denominator *= BigInt(whole);
    }
    numerator += (BigInt(credits) * BigInt(part) * denominator) / BigInt(whole);
  }
  const [doubled, divisor] = [2n * numerator + denominator, 2n * denominator];
  const quotient = doubled / divisor;
  return Number(doubled % divisor < 0n ? quotient - 1n : quotient);
}
