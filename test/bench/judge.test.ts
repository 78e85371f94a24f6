import { expect, test } from 'vitest';
import { judge, keptFrom, type Expected } from '../../bench/report/judge.ts';
import type { RunRecord } from '../../bench/report/run-record.ts';
import { measured, run, side } from './run-records.ts';

const atMost = { name: 'one at a time', of: 'p99 latency', goal: { atMost: 2 } } as const;

const kept: Expected = {
  version: 1,
  cases: {
    spend: {
      'spend, requests per second': { ratio: 0.8, better: 'higher' },
      'one at a time, p99 latency': { ratio: 2, better: 'lower' },
    },
  },
};

function failuresOf(record: RunRecord, expected = kept): readonly string[] {
  return judge(record, expected).flatMap(({ fails, line }) => (fails ? [line] : []));
}

test('a ratio may fall by 15 % and no further', () => {
  expect(failuresOf(run([measured(0.68), measured(2, atMost)]))).toEqual([]);
  expect(failuresOf(run([measured(0.679), measured(2, atMost)]))).toEqual([
    'spend: spend, requests per second: 0.679, kept 0.800 (−15.1 %, under the limit of 0.680)',
  ]);
});

test('a ratio that should be small may rise by 15 % and no further', () => {
  expect(failuresOf(run([measured(0.8), measured(2.3, atMost)]))).toEqual([]);
  expect(failuresOf(run([measured(0.8), measured(2.31, atMost)]))).toEqual([
    'spend: one at a time, p99 latency: 2.310, kept 2.000 (+15.5 %, over the limit of 2.300)',
  ]);
});

test('what gets better never fails, however far', () => {
  expect(failuresOf(run([measured(3), measured(0.1, atMost)]))).toEqual([]);
});

test('a case or a ratio that is kept and not measured fails', () => {
  expect(failuresOf(run([measured(0.8)]))).toEqual([
    'spend: one at a time, p99 latency: missing from this run',
  ]);
  expect(failuresOf({ ...run([]), cases: [] })).toEqual(['spend: missing from this run']);
});

test('a case that failed fails, and all that it should have measured', () => {
  expect(failuresOf(run([], { failure: 'workerd ended by itself' }))).toEqual([
    'spend: failed (workerd ended by itself)',
    'spend: spend, requests per second: missing from this run',
    'spend: one at a time, p99 latency: missing from this run',
  ]);
});

test('what the machine cannot measure is told, and does not fail', () => {
  const record = run([{ kind: 'skipped', name: 'spend', reason: 'no pgbench here' }]);

  expect(failuresOf(record)).toEqual([]);
  expect(judge(record, kept).map(({ line }) => line)).toContain(
    'spend: spend, requests per second: left out (no pgbench here)',
  );
});

test('a ratio that is not kept yet is told, and does not fail', () => {
  const record = run([measured(0.8), measured(2, atMost), measured(0.1, { name: 'hold' })]);

  expect(failuresOf(record)).toEqual([]);
  expect(judge(record, kept).map(({ line }) => line)).toContain(
    'spend: hold, requests per second: 0.100, not kept yet',
  );
});

test.each(['dropped', 'errors'] as const)(
  'requests among %s fail on either side, new ratios included',
  (count) => {
    const faulty = { ...side, [count]: 3 };
    const line = 'spend: spend: 3 requests without an answer, or with a wrong one';
    const none: Expected = { version: 1, cases: {} };

    expect(failuresOf(run([measured(0.8, { subject: faulty }), measured(2, atMost)]))).toEqual([line]);
    expect(failuresOf(run([measured(0.8, { baseline: faulty })]), none)).toEqual([line]);
  },
);

test('the ratios of a whole run replace what was kept, those of some cases only theirs', () => {
  const hold = { hold: { 'hold, requests per second': { ratio: 0.5, better: 'higher' } } } as const;
  const before: Expected = { version: 1, cases: { ...kept.cases, ...hold } };
  const whole = run([measured(0.9), measured(1.5, atMost)]);
  const spend = {
    'spend, requests per second': { ratio: 0.9, better: 'higher' },
    'one at a time, p99 latency': { ratio: 1.5, better: 'lower' },
  };

  expect(keptFrom(whole, before).cases).toEqual({ spend });
  expect(keptFrom({ ...whole, only: ['spend'] }, before).cases).toEqual({ spend, ...hold });
});

test('nothing is kept of a run with a case that failed, or with requests that did', () => {
  expect(() => keptFrom(run([measured(0.9)], { failure: 'no database' }), kept)).toThrow('no database');
  expect(() => keptFrom(run([measured(0.9, { subject: { ...side, errors: 1 } })]), kept)).toThrow(
    '1 requests',
  );
});
