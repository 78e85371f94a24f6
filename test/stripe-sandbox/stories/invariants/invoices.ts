import type { ObjectTypes } from '../../../../dev/stripe-sandbox/state/wire.ts';
import type { World } from '../world.ts';
import { sum } from './invariant.ts';

type Invoice = ObjectTypes['invoice'];
type Payment = ObjectTypes['invoice_payment'];

const SMALLEST_CHARGE = 30;

/** What an invoice says of its lines, its amounts, its status and its payments fits together. */
export function* invoicesAddUp(world: World): Iterable<string> {
  for (const invoice of world.all('invoice')) {
    const payments = world.all('invoice_payment').filter((payment) => payment.invoice === invoice.id);
    const checks = [...amounts(invoice), ...standing(invoice), ...paid(world, invoice, payments)];
    for (const [isRight, what] of checks) {
      if (!isRight) yield `invoice ${invoice.id} (${invoice.status}, ${invoice.billing_reason}): ${what}`;
    }
  }
  yield* numbers(world);
}

type Check = readonly [isRight: boolean, what: string];

function* amounts(invoice: Invoice): Iterable<Check> {
  const lines = invoice.lines.data;
  const reductions = lines.flatMap((line) => line.discount_amounts ?? []);
  const discounted = sum(reductions.map(({ amount }) => amount));
  const total = sum(lines.map(({ amount }) => amount)) - discounted;
  yield [invoice.total === total, `total ${invoice.total} is not the sum of its lines, ${total}`];
  const told = sum((invoice.total_discount_amounts ?? []).map(({ amount }) => amount));
  yield [told === discounted, `total_discount_amounts ${told} are not those of the lines, ${discounted}`];
  for (const line of lines) {
    const off = sum((line.discount_amounts ?? []).map(({ amount }) => amount));
    yield [off >= 0 && off <= Math.max(line.amount, 0), `a line of ${line.amount} is reduced by ${off}`];
    yield [line.invoice === invoice.id, `a line is of invoice ${line.invoice}`];
  }
  const wanted = total + invoice.starting_balance;
  // What is paid in Checkout leaves the balance as it is.
  const isOfCheckout = invoice.ending_balance === invoice.starting_balance;
  const due = isOfCheckout ? total : wanted < SMALLEST_CHARGE ? 0 : wanted;
  yield [invoice.amount_due === due, `amount_due ${invoice.amount_due} is not ${due}`];
  const remaining = invoice.amount_due - invoice.amount_paid;
  yield [invoice.amount_remaining === remaining, `amount_remaining is not ${remaining}`];
  const ending = invoice.status === 'draft' ? null : wanted - due;
  yield [invoice.ending_balance === ending, `ending_balance ${invoice.ending_balance} is not ${ending}`];
}

function* standing(invoice: Invoice): Iterable<Check> {
  const { status, status_transitions: at, attempt_count: attempts } = invoice;
  const isDraft = status === 'draft';
  yield [isDraft === (at.finalized_at === null), 'finalized_at does not fit'];
  yield [(status === 'paid') === (at.paid_at !== null), 'paid_at does not fit'];
  yield [(status === 'void') === (at.voided_at !== null), 'voided_at does not fit'];
  yield [isDraft || invoice.number !== null, 'it is finalized without a number'];
  yield [isDraft || invoice.automatically_finalizes_at === null, 'it is to be finalized again'];
  yield [
    invoice.next_payment_attempt === null ||
      (invoice.auto_advance === true && (isDraft || status === 'open')),
    'it is to be tried though it stands still',
  ];
  yield [attempts === 0 || invoice.attempted, `it counts ${attempts} attempts and was not attempted`];
  yield [
    (invoice.collection_method === 'send_invoice') === (invoice.due_date !== null),
    `due_date ${invoice.due_date} for ${invoice.collection_method}`,
  ];
}

function* paid(world: World, invoice: Invoice, payments: readonly Payment[]): Iterable<Check> {
  const of = (status: Payment['status']): Payment[] => payments.filter((one) => one.status === status);
  const [first] = of('paid');
  const intent = world.find('payment_intent', first?.payment.payment_intent);
  if (invoice.status === 'paid') {
    yield [invoice.amount_paid === invoice.amount_due, 'it is paid, and not by what is due'];
    yield [of('open').length === 0, 'it is paid, and a payment is open'];
    yield [of('paid').length <= 1, 'it is paid twice'];
  } else {
    yield [invoice.amount_paid === 0, `amount_paid ${invoice.amount_paid}`];
    yield [of('paid').length === 0, 'it is not paid, and a payment is'];
    const isOpen = invoice.status === 'open' || invoice.status === 'uncollectible';
    yield [of('open').length === (isOpen ? 1 : 0), `it has ${of('open').length} open payments`];
  }
  if (first) {
    yield [intent?.status === 'succeeded', `its payment's intent is ${intent?.status}`];
    yield [intent?.amount_received === invoice.amount_paid, 'its intent has received another amount'];
    yield [first.amount_paid === invoice.amount_paid, 'its payment is of another amount'];
  }
  for (const payment of of('open')) {
    const awaited = world.find('payment_intent', payment.payment.payment_intent);
    yield [awaited?.amount === invoice.amount_remaining, 'its intent is to pay another amount'];
    yield [
      awaited?.status !== 'succeeded' && awaited?.status !== 'canceled',
      `its open payment's intent is ${awaited?.status}`,
    ];
  }
}

/** No number is given to two invoices. */
function* numbers(world: World): Iterable<string> {
  const seen = new Set<string>();
  for (const { number } of world.all('invoice')) {
    if (number !== null && seen.has(number)) yield `the number ${number} is used twice`;
    if (number !== null) seen.add(number);
  }
}

/** A customer's balance moves as its finalized invoices take from it and give to it. */
export function* balancesFollow(before: World, world: World): Iterable<string> {
  for (const { id, balance } of before.all('customer')) {
    const now = world.find('customer', id);
    const expected = balance + movedBy(world, id) - movedBy(before, id);
    if (now && now.balance !== expected)
      yield `customer ${id}: the balance is ${now.balance} and should be ${expected}`;
  }
}

/** What a void invoice has taken it has given back. */
function movedBy(world: World, customer: string): number {
  const moved = world
    .all('invoice')
    .filter((invoice) => invoice.customer === customer && invoice.status !== 'void')
    .map(({ ending_balance: ending, starting_balance }) => (ending === null ? 0 : ending - starting_balance));
  return sum(moved);
}
