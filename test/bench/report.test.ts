import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom';
import { expect, test } from 'vitest';
import { plotOf } from '../../bench/report/plot.ts';
import { tableOf } from '../../bench/report/table.ts';
import { measured, run, side } from './run-records.ts';

const long =
  'a case whose name has <more> words & signs than a line has room for, and then some more of them';
const record = run(
  [
    measured(0.9, { name: 'reached', goal: { atLeast: 0.8 } }),
    measured(0.7, { name: 'missed', goal: { atLeast: 0.8 } }),
    measured(0.9, { name: 'faulty', goal: { atLeast: 0.8 }, baseline: { ...side, dropped: 1 } }),
    measured(12345.6, { name: long, of: 'p99 latency' }),
    {
      kind: 'figure',
      name: long,
      value: 259.3,
      unit: long,
      goal: { atMost: 300 },
      detail: `${long} ${long}`,
    },
    { kind: 'skipped', name: 'FastAPI', reason: long },
  ],
  { failure: long },
);

function linesWith(word: string): readonly string[] {
  return tableOf(record)
    .split('\n')
    .filter((line) => line.startsWith(word));
}

test('the table fits a terminal of 120 columns, whatever the names are', () => {
  expect(
    Math.max(
      ...tableOf(record)
        .split('\n')
        .map(({ length }) => length),
    ),
  ).toBeLessThanOrEqual(120);
});

test('the table tells goals that are reached from missed ones, and errors from both', () => {
  expect(linesWith('reached')).toEqual([expect.stringMatching(/0\.90 .* ≥ 0\.80 +reached +1\.00$/)]);
  expect(linesWith('missed')).toEqual([expect.stringMatching(/0\.70 .* ≥ 0\.80 +MISSED +1\.00$/)]);
  expect(linesWith('faulty')).toEqual([expect.stringMatching(/0\.90 .* ≥ 0\.80 +ERRORS +1\.00$/)]);
  expect(tableOf(record)).toContain('2 goals reached, 1 missed, 1 with errors; failed: spend;');
});

test('the plot is XML whatever the names are, has a bar for each ratio, and names each that missed', () => {
  const plot = new DOMParser({ onError: onErrorStopParsing }).parseFromString(
    plotOf(record),
    'image/svg+xml',
  );
  const bars = [...plot.getElementsByTagName('g')].map((bar) => ({
    kind: bar.getElementsByTagName('rect')[0]?.getAttribute('class'),
    text: [...bar.getElementsByTagName('text')].map(({ textContent }) => textContent),
  }));

  expect(bars).toMatchObject([
    { kind: 'fine', text: ['reached, requests per second', '0.90 (≥ 0.80)'] },
    { kind: 'missed', text: ['missed, requests per second', '0.70 (≥ 0.80, missed)'] },
    { kind: 'missed', text: ['faulty, requests per second', '0.90 (≥ 0.80, errors)'] },
    { kind: 'plain' },
  ]);
  expect(plot.getElementsByTagName('desc')[0]?.textContent).toContain(`${long}, p99 latency: 12345.60.`);
});
