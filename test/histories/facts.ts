import type Stripe from 'stripe';
import type { Books, Lot } from './books.ts';

/** An offer of the catalogue, as the database has it. */
export interface Offer {
  readonly priceId: string;
  readonly credits: number;
  readonly amountMinor: number;
  readonly interval: 'month' | 'year' | null;
  /** Infinite: everything rolls over. */
  readonly cap: number;
}

/** What events do not carry themselves. */
export interface Background {
  offerOf(priceId: string): Offer;
  /** What a Checkout Session sells. */
  soldBy(sessionId: string): Offer;
  /** The PaymentIntent that paid an invoice; undefined for one of zero. */
  paymentOf(invoiceId: string): string | undefined;
}

interface PaidYear {
  readonly ref: string;
  readonly subscription: string;
  readonly payment: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly offer: Offer;
  /** What was changed to since: it says how much of earlier months stays. */
  present: Offer;
  readonly changes: YearChange[];
  nextMonth: number;
  isRunning: boolean;
}

/** What an invoice changed of each further month, and the payment that paid for it. */
interface YearChange {
  readonly payment: string | undefined;
  readonly credits: number;
}

/** Reads Stripe's events, each once and in the order in which they happened, into the books. */
export class Facts {
  readonly #books: Books;
  readonly #background: Background;
  readonly #years: PaidYear[] = [];
  /** Months of each subscription that were paid for as a whole: what a change in the middle is a part of. */
  readonly #months = new Map<string, { readonly start: number; readonly end: number }[]>();
  readonly #refunds = new Map<string, Stripe.Refund>();
  readonly #disputes = new Map<string, Stripe.Dispute>();
  readonly #charges = new Map<string, Stripe.Charge>();

  constructor(books: Books, background: Background) {
    this.#books = books;
    this.#background = background;
  }

  read(event: Stripe.Event): void {
    switch (event.type) {
      case 'checkout.session.completed':
        return this.#session(event.data.object);
      case 'invoice.paid':
        return this.#invoice(event.data.object);
      case 'customer.subscription.created':
      case 'customer.subscription.updated':
      case 'customer.subscription.deleted':
        return this.#subscription(event.data.object);
      case 'charge.succeeded':
        this.#charges.set(event.data.object.id, event.data.object);
        return;
      case 'refund.created':
      case 'refund.updated':
      case 'refund.failed':
        this.#refunds.set(event.data.object.id, event.data.object);
        return this.#goneBack(idOf(event.data.object.charge));
      case 'charge.dispute.created':
      case 'charge.dispute.updated':
      case 'charge.dispute.closed':
        this.#disputes.set(event.data.object.id, event.data.object);
        return this.#goneBack(idOf(event.data.object.charge));
    }
  }

  /** The months of yearly plans that have begun by now. */
  passTime(): void {
    for (const year of this.#years) {
      while (year.isRunning && this.#monthStart(year, year.nextMonth) <= this.#books.now) {
        if (this.#monthStart(year, year.nextMonth) >= year.end) break;
        this.#grantMonth(year, `${year.ref}:${year.nextMonth}`, year.nextMonth);
        year.nextMonth += 1;
      }
    }
    this.#books.expire();
  }

  #session(session: Stripe.Checkout.Session): void {
    if (session.mode !== 'payment' || session.payment_status !== 'paid') return;
    const payment = idOf(session.payment_intent);
    this.#books.grant({
      ref: session.id,
      kind: 'purchased',
      granted: this.#background.soldBy(session.id).credits,
      ...(payment === undefined ? {} : { payment }),
    });
  }

  #subscription(subscription: Stripe.Subscription): void {
    const periodEnd = milliseconds(subscription.items.data[0]?.current_period_end ?? 0);
    const cancelAt = subscription.cancel_at === null ? Infinity : milliseconds(subscription.cancel_at);
    this.#books.setSubscription({
      id: subscription.id,
      isOver: ['canceled', 'unpaid', 'incomplete_expired'].includes(subscription.status),
      endsAt: subscription.cancel_at_period_end ? periodEnd : cancelAt,
    });
  }

  #invoice(invoice: Stripe.Invoice): void {
    const subscription = idOf(invoice.parent?.subscription_details?.subscription ?? null);
    if (subscription === undefined || invoice.id === undefined) return;
    const payment = this.#background.paymentOf(invoice.id);
    const isProration = (line: Stripe.InvoiceLineItem) =>
      line.parent?.subscription_item_details?.proration ??
      line.parent?.invoice_item_details?.proration ??
      false;
    const changes = invoice.lines.data.filter(isProration);
    const credits = this.#creditsOf(changes, subscription);
    this.#replaceYears(changes, subscription, payment);
    // What is paid back is of the months before: only what is left of them rolls over.
    if (credits < 0) this.#books.clawBack(-credits, this.#newestLot(subscription));
    for (const line of invoice.lines.data.filter((each) => !isProration(each))) {
      this.#period(line, subscription, payment);
    }
    const bought = changes.find(({ amount }) => amount > 0);
    if (credits > 0 && bought !== undefined) {
      const monthEnd = Math.max(...(this.#months.get(subscription) ?? []).map(({ end }) => end));
      this.#books.grant({
        ref: invoice.id,
        kind: 'plan',
        granted: credits,
        ...(payment === undefined ? {} : { payment }),
        plan: { subscription, monthEnd, cap: this.#offerOf(bought).cap },
      });
    }
  }

  #newestLot(subscription: string): Lot | undefined {
    return this.#books.lots
      .filter((lot) => lot.subscription === subscription && lot.remaining > 0)
      .toSorted((one, other) => (one.monthEnd ?? 0) - (other.monthEnd ?? 0))
      .at(-1);
  }

  /** A whole period: its month is granted; of a year, the first one. */
  #period(line: Stripe.InvoiceLineItem, subscription: string, payment: string | undefined): void {
    const offer = this.#offerOf(line);
    const start = milliseconds(line.period.start);
    const end = milliseconds(line.period.end);
    if (line.amount === 0 && offer.amountMinor > 0) return;
    const year: PaidYear = {
      ref: line.id,
      subscription,
      payment,
      start,
      end,
      offer,
      present: offer,
      changes: [],
      nextMonth: 1,
      isRunning: true,
    };
    if (offer.interval === 'year') {
      this.#years.push(year);
      this.#books.paidUntil.set(subscription, end);
    }
    this.#grantMonth(year, line.id, 0);
  }

  #grantMonth(year: PaidYear, ref: string, month: number): void {
    const { subscription, offer, present } = year;
    const start = this.#monthStart(year, month);
    const monthEnd =
      offer.interval === 'year' ? Math.min(this.#monthStart(year, month + 1), year.end) : year.end;
    const months = this.#months.get(subscription) ?? [];
    this.#months.set(subscription, [...months, { start, end: monthEnd }]);
    for (const { payment, credits } of this.#partsOf(year)) {
      this.#books.grant({
        ref: payment === year.payment ? ref : `${ref}:${payment}`,
        kind: 'plan',
        granted: credits,
        ...(payment === undefined ? {} : { payment }),
        plan: { subscription, monthEnd, cap: present.cap },
      });
    }
  }

  /**
   * Who paid for what of a month: each change what it added, as far as that is not given back by a later one; the rest
   * is the year's. As far as the money of a change has gone back, so has the change, and it pays for nothing.
   */
  #partsOf({ payment, offer, changes }: PaidYear): readonly YearChange[] {
    const wasPaid = ({ payment: by }: YearChange) => this.#books.goneBack.get(by ?? '') ?? { back: 0, of: 1 };
    const kept = (change: YearChange) => {
      const { back, of } = wasPaid(change);
      return change.credits > 0 ? Math.round((change.credits * Math.max(0, of - back)) / of) : change.credits;
    };
    const total = Math.max(
      0,
      changes.reduce((sum, change) => sum + kept(change), offer.credits),
    );
    let before = offer.credits;
    const parts: YearChange[] = [];
    for (const change of changes.filter((each) => each.credits > 0 && wasPaid(each).back === 0)) {
      parts.push({ ...change, credits: Math.max(0, Math.min(change.credits, total - before)) });
      before += change.credits;
    }
    const ofChanges = parts.reduce((sum, { credits }) => sum + credits, 0);
    return [{ payment, credits: total - ofChanges }, ...parts];
  }

  #monthStart({ start }: PaidYear, month: number): number {
    return monthsLater(start, month);
  }

  /** Changes of plan within a month: the credits of the rest of it, given and taken. */
  #creditsOf(lines: readonly Stripe.InvoiceLineItem[], subscription: string): number {
    let credits = 0;
    for (const line of lines) {
      const from = milliseconds(line.period.start);
      const month = this.#months.get(subscription)?.find(({ start, end }) => start <= from && from < end);
      if (month === undefined) throw new Error(`no month of ${subscription} has a change at ${from}`);
      const rest = Math.min(milliseconds(line.period.end), month.end) - from;
      credits += Math.sign(line.amount) * this.#offerOf(line).credits * (rest / (month.end - month.start));
    }
    return Math.round(credits);
  }

  /** A year that was changed goes on with the new plan, or, where its money went back, no more. */
  #replaceYears(
    lines: readonly Stripe.InvoiceLineItem[],
    subscription: string,
    payment: string | undefined,
  ): void {
    for (const year of this.#years.filter((each) => each.subscription === subscription && each.isRunning)) {
      const gone = lines.find((line) => line.amount < 0 && milliseconds(line.period.end) === year.end);
      if (gone === undefined) continue;
      const next = lines.find((line) => line.amount > 0 && milliseconds(line.period.end) === year.end);
      if (next === undefined) {
        year.isRunning = false;
        continue;
      }
      const credits = this.#offerOf(next).credits - this.#offerOf(gone).credits;
      year.changes.push({ payment, credits });
      year.present = this.#offerOf(next);
    }
    const running = this.#years.filter((each) => each.subscription === subscription && each.isRunning);
    this.#books.paidUntil.set(subscription, Math.max(0, ...running.map(({ end }) => end)));
  }

  #goneBack(chargeId: string | undefined): void {
    const charge = this.#charges.get(chargeId ?? '');
    const payment = idOf(charge?.payment_intent ?? null);
    if (charge === undefined || payment === undefined) return;
    const refunded = [...this.#refunds.values()]
      .filter((refund) => idOf(refund.charge) === charge.id)
      .filter(({ status }) => status !== 'failed' && status !== 'canceled');
    const disputed = [...this.#disputes.values()]
      .filter((dispute) => idOf(dispute.charge) === charge.id)
      .filter(({ status }) => ['needs_response', 'under_review', 'lost'].includes(status));
    const back = [...refunded, ...disputed].reduce((total, { amount }) => total + amount, 0);
    this.#books.setGoneBack(payment, { back, of: charge.amount });
  }

  #offerOf(line: Stripe.InvoiceLineItem): Offer {
    return this.#background.offerOf(idOf(line.pricing?.price_details?.price ?? null) ?? '');
  }
}

function idOf(reference: string | { readonly id: string } | null): string | undefined {
  return typeof reference === 'string' ? reference : reference?.id;
}

function milliseconds(seconds: number): number {
  return seconds * 1000;
}

/** The same day and time some months later in UTC; the last day of a month that has no such day. */
function monthsLater(start: number, months: number): number {
  const date = new Date(start);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime();
}
