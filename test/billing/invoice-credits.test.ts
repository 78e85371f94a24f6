import { expect, test } from 'vitest';
import {
  periodCredits,
  planLines,
  prorationCredits,
  type BilledOffer,
  type InvoiceLine,
} from '../../src/billing/invoice-credits.ts';

const at = (text: string): Date => new Date(text.includes('T') ? text : `${text}T00:00:00Z`);

function offer(id: string, credits: number, members: Partial<BilledOffer> = {}): BilledOffer {
  return {
    id,
    stripePriceId: `price_${id}`,
    type: 'plan',
    name: id,
    amountMinor: 1000,
    credits,
    interval: 'month',
    trialCredits: 0,
    ...members,
  };
}

const small = offer('small', 500);
const big = offer('big', 2000);
const free = offer('free', 50, { amountMinor: 0 });
const smallYear = offer('small_year', 500, { interval: 'year' });
const bigYear = offer('big_year', 2000, { interval: 'year' });
const trial = offer('trial', 500, { trialCredits: 30 });
const bundle = offer('bundle', 900, { type: 'package', interval: null });
const offers = [small, big, free, smallYear, bigYear, trial, bundle];

let numbered = 0;
function line(
  sold: BilledOffer,
  start: string,
  end: string,
  members: Partial<InvoiceLine> = {},
): InvoiceLine {
  numbered += 1;
  return {
    id: `il_${numbered}`,
    stripePriceId: sold.stripePriceId,
    subscriptionId: 'sub_1',
    quantity: 1,
    amountMinor: sold.amountMinor,
    isProration: false,
    isCredit: false,
    periodStart: at(start),
    periodEnd: at(end),
    ...members,
  };
}

const charged = (sold: BilledOffer, start: string, end: string, members: Partial<InvoiceLine> = {}) =>
  line(sold, start, end, { isProration: true, amountMinor: 400, ...members });
const unused = (sold: BilledOffer, start: string, end: string, members: Partial<InvoiceLine> = {}) =>
  line(sold, start, end, { isProration: true, isCredit: true, amountMinor: -300, ...members });

const ours = (...billed: readonly InvoiceLine[]) =>
  planLines({ lines: [...billed], subscriptionId: 'sub_1' }, offers);
const periods = (...billed: readonly InvoiceLine[]) =>
  periodCredits(ours(...billed)).map(({ kind, credits, expiresAt }) => ({ kind, credits, expiresAt }));
const change = (anchor: string, ...billed: readonly InvoiceLine[]) =>
  prorationCredits(ours(...billed), [at(anchor)]);

test('only lines of a subscription that are for a plan of ours count', () => {
  const plan = line(small, '2027-01-01', '2027-02-01');
  const others = [
    line(bundle, '2027-01-01', '2027-01-01'),
    { ...plan, stripePriceId: 'price_else' },
    { ...plan, stripePriceId: null },
  ];
  expect(ours(...others, plan)).toEqual([{ line: plan, offer: small, subscriptionId: 'sub_1' }]);
  expect(planLines({ lines: [{ ...plan, subscriptionId: null }], subscriptionId: null }, offers)).toEqual([]);
});

test('a period grants its plan’s credits, as often as it was sold, until its month ends', () => {
  expect(
    periods(
      line(small, '2027-01-31', '2027-02-28'),
      line(big, '2027-02-28', '2027-03-31', { quantity: 3 }),
      line(free, '2027-01-01', '2027-02-01'),
      line(smallYear, '2027-01-31', '2028-01-31'),
    ),
  ).toEqual([
    { kind: 'period', credits: 500, expiresAt: at('2027-02-28') },
    { kind: 'period', credits: 6000, expiresAt: at('2027-03-31') },
    { kind: 'period', credits: 50, expiresAt: at('2027-02-01') },
    { kind: 'period', credits: 500, expiresAt: at('2027-02-28') },
  ]);
});

test('a first period that is cut short grants its part of a month', () => {
  expect(periods(line(small, '2027-01-21T12:00:00Z', '2027-02-01', { amountMinor: 339 }))).toEqual([
    { kind: 'period', credits: 169, expiresAt: at('2027-02-01') },
  ]);
});

test('a line of nothing for a plan that costs something is a trial', () => {
  expect(
    periods(
      line(trial, '2027-01-01', '2027-01-15', { amountMinor: 0 }),
      line(small, '2027-01-01', '2027-01-15', { amountMinor: 0 }),
    ),
  ).toEqual([
    { kind: 'trial', credits: 30, expiresAt: at('2027-01-15') },
    { kind: 'trial', credits: 0, expiresAt: at('2027-01-15') },
  ]);
});

test.each([
  // 1500 more, for 15 of 30 days.
  ['2027-04-01', '2027-04-16', '2027-05-01', 750],
  ['2027-04-01', '2027-04-01', '2027-05-01', 1500],
  // 1500 · 14/28 of a month that began on the 31st.
  ['2027-01-31', '2027-02-14', '2027-02-28', 750],
  // 1500 · 1 h / 30 days = 2.08; 1500 · 6 min / 30 days = 0.2
  ['2027-04-01', '2027-04-30T23:00:00Z', '2027-05-01', 2],
  ['2027-04-01', '2027-04-30T23:54:00Z', '2027-05-01', 0],
  // 0.5 is rounded up: 14.4 minutes of 30 days.
  ['2027-04-01', '2027-04-30T23:45:36Z', '2027-05-01', 1],
  ['2027-04-01', '2027-04-30T23:45:36.001Z', '2027-05-01', 0],
  // A leap February, and the hour that London's clocks lose.
  ['2028-02-01', '2028-02-15T12:00:00Z', '2028-03-01', 750],
  ['2027-03-28', '2027-04-12T12:00:00Z', '2027-04-28', 750],
])(
  'with months from %s, an upgrade from %s to %s grants the difference: %i',
  (anchor, start, end, credits) => {
    const lines = [unused(small, start, end), charged(big, start, end)];
    expect(change(anchor, ...lines)).toMatchObject({
      credits,
      offer: big,
      subscriptionId: 'sub_1',
      expiresAt: at(end),
      yearChanges: [],
      charged: { offer: big },
    });
    // Nobody gains by rounding: the way back takes no more than half a credit less.
    expect(change(anchor, unused(big, start, end), charged(small, start, end))?.credits).toBeOneOf([
      0 - credits,
      1 - credits,
    ]);
  },
);

test('changes one after another, billed together, come to the time that each plan was had', () => {
  const lines = [
    unused(small, '2027-04-11', '2027-05-01'),
    charged(big, '2027-04-11', '2027-05-01'),
    unused(big, '2027-04-21', '2027-05-01'),
    charged(small, '2027-04-21', '2027-05-01', { quantity: 2 }),
    line(small, '2027-05-01', '2027-06-01', { quantity: 2 }),
  ];
  // 1500 · 20/30 - 1000 · 10/30
  expect(change('2027-04-01', ...lines)).toMatchObject({
    credits: 667,
    offer: small,
    expiresAt: at('2027-06-01'),
  });
});

test('what alone is given back is taken back', () => {
  expect(change('2027-04-01', unused(big, '2027-04-16', '2027-05-01'))).toMatchObject({
    credits: -1000,
    offer: big,
    charged: undefined,
  });
});

test('a half is rounded up, below zero too', () => {
  const odd = offer('odd', 5);
  const half = (sold: InvoiceLine) =>
    prorationCredits(planLines({ lines: [sold], subscriptionId: 'sub_1' }, [odd]), [at('2027-04-01')])
      ?.credits;
  expect(half(charged(odd, '2027-04-16', '2027-05-01'))).toBe(3);
  expect(half(unused(odd, '2027-04-16', '2027-05-01'))).toBe(-2);
});

test('of a year, the month in which it was changed counts, and the others are changes of its schedule', () => {
  const back = unused(smallYear, '2027-03-16T12:00:00Z', '2028-01-31');
  const more = charged(bigYear, '2027-03-16T12:00:00Z', '2028-01-31', { quantity: 2 });
  // The month is the 28th of February to the 31st of March: 14.5 of 31 days.
  expect(change('2027-01-31', back, more)).toMatchObject({
    credits: Math.round((3500 * 14.5) / 31),
    offer: bigYear,
    expiresAt: at('2027-03-31'),
    yearChanges: [
      {
        sourceRef: back.id,
        periodEnd: at('2028-01-31'),
        since: back.periodStart,
        credits: -500,
        offerId: null,
      },
      {
        sourceRef: more.id,
        periodEnd: at('2028-01-31'),
        since: back.periodStart,
        credits: 4000,
        offerId: 'big_year',
      },
    ],
  });
});

test('a month that becomes a year gives the rest of the month back, and grants the first of the year', () => {
  const lines = [unused(big, '2027-04-16', '2027-05-01'), line(bigYear, '2027-04-16', '2028-04-16')];
  expect(change('2027-04-16', ...lines)).toMatchObject({
    credits: -1000,
    yearChanges: [],
    charged: undefined,
  });
  expect(periods(...lines)).toEqual([{ kind: 'period', credits: 2000, expiresAt: at('2027-05-16') }]);
});

test('a change that nothing was billed for grants nothing by itself, and the difference beside what it gives back', () => {
  const nothing = { amountMinor: 0 };
  const more = charged(big, '2027-04-16', '2027-05-01', nothing);
  expect(change('2027-04-01', more)).toBeUndefined();
  expect(change('2027-04-01', unused(small, '2027-04-16', '2027-05-01', nothing), more)?.credits).toBe(750);
  expect(change('2027-04-01', charged(free, '2027-04-16', '2027-05-01', nothing))?.credits).toBe(25);
});

test('an invoice without prorations changes nothing', () => {
  expect(change('2027-04-01', line(small, '2027-04-01', '2027-05-01'))).toBeUndefined();
});
