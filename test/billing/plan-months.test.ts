import { expect, test } from 'vitest';
import { addMonths, cycleEndingAt, monthAround } from '../../src/billing/plan-months.ts';

const at = (text: string): Date => new Date(text.includes('T') ? text : `${text}T00:00:00Z`);

test.each([
  ['2027-01-31', 1, '2027-02-28'],
  ['2028-01-31', 1, '2028-02-29'],
  ['2027-01-31', 2, '2027-03-31'],
  ['2027-01-30', 13, '2028-02-29'],
  ['2028-02-29', 12, '2029-02-28'],
  ['2028-02-29', 48, '2032-02-29'],
  ['2027-12-31T23:59:59Z', 2, '2028-02-29T23:59:59Z'],
  ['2027-03-31', -1, '2027-02-28'],
  ['2027-01-31', -11, '2026-02-28'],
  // Clocks of London change in between: months are of UTC.
  ['2027-03-15T00:30:00Z', 1, '2027-04-15T00:30:00Z'],
])('%s and %i months is %s', (start, months, end) => {
  expect(addMonths(at(start), months)).toEqual(at(end));
});

test.each([
  ['2027-01-31', '2027-02-27', '2027-01-31', '2027-02-28'],
  ['2027-01-31', '2027-02-28', '2027-02-28', '2027-03-31'],
  ['2027-01-31', '2027-03-30T23:59:59Z', '2027-02-28', '2027-03-31'],
  ['2027-01-31', '2026-12-01', '2026-11-30', '2026-12-31'],
  ['2028-02-29', '2029-02-28', '2029-02-28', '2029-03-29'],
  ['2027-01-15T12:00:00Z', '2027-02-15T11:59:59Z', '2027-01-15T12:00:00Z', '2027-02-15T12:00:00Z'],
])('of the months from %s, %s lies in %s to %s', (anchor, instant, start, end) => {
  expect(monthAround(at(anchor), at(instant))).toEqual({ start: at(start), end: at(end) });
});

test.each([
  ['a month of the 31st in February', '2027-02-28', 1, '2026-12-31', '2027-01-31'],
  ['a month of the 28th in February', '2027-02-28', 1, '2026-12-28', '2027-01-28'],
  ['a month of the 31st in March', '2027-03-31', 1, '2026-12-31', '2027-02-28'],
  ['a month whose anchor is unknown', '2027-02-28', 1, undefined, '2027-01-28'],
  ['a month whose anchor has moved', '2027-02-28', 1, '2027-02-14', '2027-01-28'],
  ['a month of an anchor before the present one', '2027-02-28', 1, '2027-02-14 2026-12-31', '2027-01-31'],
  ['a month before its anchor', '2027-01-31', 1, '2027-03-31', '2026-12-31'],
  ['a year', '2028-01-15', 12, '2027-01-15', '2027-01-15'],
  ['a year of a leap day', '2029-02-28', 12, '2028-02-29', '2028-02-29'],
  ['a year that ends on a leap day', '2032-02-29', 12, '2028-02-29', '2031-02-28'],
] as const)('%s has a beginning', (_name, end, months, anchor, start) => {
  const cycle = cycleEndingAt(at(end), months, anchor === undefined ? [] : anchor.split(' ').map(at));
  expect(cycle).toEqual({ start: at(start), end: at(end) });
});
