/**
 * What a customer's credits must come to, written down a second time: plainly, in memory, lot by lot, with none of the
 * Worker's code or SQL. A test plays one history to both and compares.
 */

export type LotKind = 'plan' | 'promotional' | 'purchased';

/** Credits that came at once. */
export interface Lot {
  /** The fact that granted it, as the ledger names it. */
  readonly ref: string;
  readonly kind: LotKind;
  readonly granted: number;
  /** The payment that paid for it; undefined: nobody did. */
  readonly payment: string | undefined;
  /** Of a plan's credits: their subscription, and the end of the month that was paid for (milliseconds). */
  readonly subscription: string | undefined;
  readonly monthEnd: number | undefined;
  /** When what is unspent goes, unless the subscription goes on; infinite for credits that stay. */
  expiresAt: number;
  remaining: number;
  held: number;
  expired: number;
  /** Taken back because the payment went back, and how much of that came from this lot itself. */
  reversed: number;
  ownReversed: number;
  /** Given for what others owed. */
  lent: number;
}

interface Hold {
  readonly id: string;
  readonly parts: readonly { readonly lot: Lot; readonly amount: number }[];
  readonly amount: number;
  readonly expiresAt: number;
}

interface GoneBack {
  readonly back: number;
  readonly of: number;
}

/** What the books need to know of a subscription. */
export interface Subscription {
  readonly id: string;
  /** Stripe's status says that it is over. */
  readonly isOver: boolean;
  /** When it ends by itself; infinite when it does not. */
  readonly endsAt: number;
}

export interface NewLot {
  readonly ref: string;
  readonly kind: LotKind;
  readonly granted: number;
  readonly payment?: string;
  readonly plan?: {
    readonly subscription: string;
    readonly monthEnd: number;
    /** How much of earlier months may stay. */
    readonly cap: number;
  };
}

const kindOrder: readonly LotKind[] = ['plan', 'promotional', 'purchased'];

export class Books {
  readonly lots: Lot[] = [];
  readonly holds = new Map<string, Hold>();
  readonly subscriptions = new Map<string, Subscription>();
  /** Until when a yearly plan's paid months go on. */
  readonly paidUntil = new Map<string, number>();
  /** How much of each payment has gone back, in minor units, and of how much. */
  readonly goneBack = new Map<string, GoneBack>();
  readonly #caps = new Map<string, number>();
  debt = 0;
  now: number;

  constructor(now: number) {
    this.now = now;
  }

  get balance(): number {
    return sum(this.lots, ({ remaining }) => remaining) - this.debt;
  }

  get held(): number {
    return sum(this.holds.values(), ({ amount }) => amount);
  }

  get available(): number {
    return Math.max(0, this.balance - this.held);
  }

  /** One fact grants once. */
  grant({ ref, kind, granted, payment, plan }: NewLot): void {
    if (granted === 0 || this.lots.some((lot) => lot.ref === ref)) return;
    const repaid = Math.min(this.debt, granted);
    this.debt -= repaid;
    this.lots.push({
      ref,
      kind,
      granted,
      payment,
      subscription: plan?.subscription,
      monthEnd: plan?.monthEnd,
      expiresAt: plan?.monthEnd ?? Infinity,
      remaining: granted - repaid,
      held: 0,
      expired: 0,
      reversed: 0,
      ownReversed: 0,
      lent: repaid,
    });
    if (plan !== undefined) this.#caps.set(plan.subscription, plan.cap);
    if (plan !== undefined) this.#rollOver(plan.subscription);
    this.expire();
    const lot = this.lots.at(-1);
    if (payment !== undefined && lot !== undefined) this.#reverse(lot, 0);
  }

  /** Whether there was enough. */
  spend(amount: number): boolean {
    this.expire();
    if (amount > this.balance - this.held) return false;
    this.#take(amount);
    return true;
  }

  hold(id: string, amount: number, expiresAt: number): boolean {
    this.expire();
    if (amount > this.balance - this.held) return false;
    const parts: { lot: Lot; amount: number }[] = [];
    let wanted = amount;
    for (const lot of this.#spendable()) {
      const part = Math.min(wanted, lot.remaining - lot.held);
      if (part === 0) continue;
      lot.held += part;
      wanted -= part;
      parts.push({ lot, amount: part });
    }
    this.holds.set(id, { id, parts, amount, expiresAt });
    return true;
  }

  /** Takes part of a hold and gives the rest free; false for one that is over. */
  capture(id: string, amount: number): boolean {
    this.expire();
    const hold = this.holds.get(id);
    if (hold === undefined || amount > hold.amount) return false;
    let wanted = amount;
    for (const { lot, amount: part } of hold.parts) {
      const used = Math.min(wanted, part);
      lot.held -= part;
      lot.remaining -= used;
      wanted -= used;
    }
    this.holds.delete(id);
    this.#repay();
    return true;
  }

  release(id: string): boolean {
    this.expire();
    return this.#end(id);
  }

  /** Takes credits back, whoever paid for them: what is not there is owed. */
  clawBack(amount: number, first?: Lot): Map<Lot, number> {
    this.expire();
    const free = this.balance + this.debt - this.held;
    const taken = Math.min(amount, free);
    this.debt += amount - taken;
    return this.#take(taken, first);
  }

  /** Says how much of a payment has gone back by now: credits follow, down and up again. */
  setGoneBack(payment: string, goneBack: GoneBack): void {
    this.expire();
    const before = this.goneBack.get(payment) ?? { back: 0, of: goneBack.of };
    this.goneBack.set(payment, goneBack);
    for (const lot of this.lots.filter((each) => each.payment === payment)) {
      this.#reverse(lot, share(lot.granted, before));
    }
    this.expire();
  }

  setSubscription(subscription: Subscription): void {
    this.subscriptions.set(subscription.id, subscription);
  }

  /** What is over at `now` ends: first holds, then lots. */
  expire(): void {
    for (const hold of this.holds.values()) if (hold.expiresAt <= this.now) this.#end(hold.id);
    for (const lot of this.lots) {
      if (lot.expiresAt > this.now || this.#renews(lot)) continue;
      const gone = lot.remaining - lot.held;
      lot.remaining -= gone;
      lot.expired += gone;
    }
  }

  #end(id: string): boolean {
    const hold = this.holds.get(id);
    if (hold === undefined) return false;
    for (const { lot, amount } of hold.parts) lot.held -= amount;
    this.holds.delete(id);
    this.#repay();
    return true;
  }

  /** Credits that came free while something is owed. */
  #repay(): void {
    for (const lot of this.lots) {
      if (lot.expiresAt > this.now || this.#renews(lot)) continue;
      lot.expired += lot.remaining - lot.held;
      lot.remaining = lot.held;
    }
    const repaid = Math.min(
      this.debt,
      sum(this.lots, ({ remaining, held }) => remaining - held),
    );
    for (const [lot, amount] of this.#take(repaid)) lot.lent += amount;
    this.debt -= repaid;
  }

  /** Whether a plan's credits wait for another month. */
  #renews({ subscription, expiresAt }: Lot): boolean {
    if (subscription === undefined) return false;
    if ((this.paidUntil.get(subscription) ?? 0) > expiresAt) return true;
    const state = this.subscriptions.get(subscription);
    return state === undefined || (!state.isOver && state.endsAt > expiresAt);
  }

  /** Of the months before the newest one, as much as the cap stays; the oldest goes first. */
  #rollOver(subscription: string): void {
    const cap = this.#caps.get(subscription) ?? Infinity;
    const months = this.lots.filter((lot) => lot.subscription === subscription);
    const newest = Math.max(...months.map(({ monthEnd }) => monthEnd ?? 0));
    const earlier = months
      .filter(({ monthEnd = 0 }) => monthEnd < newest)
      .toSorted((one, other) => (one.monthEnd ?? 0) - (other.monthEnd ?? 0));
    let excess = sum(earlier, ({ remaining }) => remaining) - cap;
    for (const lot of earlier) {
      const gone = Math.max(0, Math.min(excess, lot.remaining - lot.held));
      lot.remaining -= gone;
      lot.expired += gone;
      excess -= gone;
      lot.expiresAt = newest;
    }
  }

  /** Follows the payment of a lot, of whose credits `goneBefore` had lost their money. Expired ones go first. */
  #reverse(lot: Lot, goneBefore: number): void {
    const change = share(lot.granted, this.goneBack.get(lot.payment ?? '')) - goneBefore;
    if (change > 0) {
      const taken = Math.max(0, change - (lot.expired - (goneBefore - lot.reversed)));
      for (const [from, amount] of this.clawBack(taken, lot)) {
        if (from === lot) lot.ownReversed += amount;
        else from.lent += amount;
      }
      lot.reversed += taken;
    } else if (change < 0) {
      const back = Math.min(-change, lot.reversed);
      this.#giveBack(lot, back);
      lot.reversed -= back;
      if (lot.subscription !== undefined) this.#rollOver(lot.subscription);
    }
  }

  /** First the debt, then those who gave theirs instead (who pay last get theirs first), then the lot itself. */
  #giveBack(lot: Lot, back: number): void {
    const repaid = Math.min(this.debt, back);
    this.debt -= repaid;
    let left = back - repaid;
    let lent = Math.max(0, Math.min(back, lot.reversed - lot.ownReversed) - repaid);
    for (const lender of this.#inOrder(
      this.lots.filter((each) => each !== lot && each.lent > 0),
    ).toReversed()) {
      const part = Math.min(lent, lender.lent);
      lender.lent -= part;
      lender.remaining += part;
      lent -= part;
      left -= part;
      if (part > 0 && lender.subscription !== undefined) this.#rollOver(lender.subscription);
    }
    lot.remaining += left;
    lot.ownReversed -= left;
  }

  /** Lots in the order in which they pay. */
  #inOrder(lots: readonly Lot[], first?: Lot): readonly Lot[] {
    return lots.toSorted(
      (one, other) =>
        Number(other === first) - Number(one === first) ||
        (one.expiresAt === other.expiresAt ? 0 : one.expiresAt - other.expiresAt) ||
        kindOrder.indexOf(one.kind) - kindOrder.indexOf(other.kind),
    );
  }

  #spendable(first?: Lot): readonly Lot[] {
    return this.#inOrder(
      this.lots.filter((lot) => lot.remaining > lot.held),
      first,
    );
  }

  #take(amount: number, first?: Lot): Map<Lot, number> {
    const parts = new Map<Lot, number>();
    let wanted = amount;
    for (const lot of this.#spendable(first)) {
      const part = Math.min(wanted, lot.remaining - lot.held);
      lot.remaining -= part;
      wanted -= part;
      if (part > 0) parts.set(lot, part);
    }
    return parts;
  }
}

/** How many of so many credits have lost their money. */
function share(granted: number, { back, of }: GoneBack = { back: 0, of: 0 }): number {
  return of === 0 ? 0 : Math.round((granted * Math.min(back, of)) / of);
}

function sum<Item>(items: Iterable<Item>, of: (item: Item) => number): number {
  return [...items].reduce((total, item) => total + of(item), 0);
}
