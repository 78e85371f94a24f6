import { expect, test } from 'vitest';
import { rateWithoutHop } from '../../bench/cases/hot-account.ts';
import { sendOnTime } from '../../bench/measure/open-loop.ts';

/** A client with one connection, at a time that only passes while something is waited for. */
async function measured(serviceMilliseconds: readonly number[], patienceMilliseconds: number) {
  let now = 0;
  const timing = {
    now: () => now,
    until: async (instant: number) => {
      now = Math.max(now, instant);
    },
  };
  const sent: number[] = [];
  const answers = await sendOnTime(
    { ratePerSecond: 100, connections: 1, patienceMilliseconds },
    timing,
    async (milliseconds) => {
      sent.push(now);
      now += milliseconds;
      return { milliseconds, outcome: 'expected', databaseCalls: null };
    },
    serviceMilliseconds,
  );
  return { sent, latencies: answers.map(({ milliseconds }) => milliseconds), answers };
}

test('a request is sent when it is due, and no sooner', async () => {
  const { sent, latencies } = await measured([3, 4, 5], 1000);

  expect(sent).toEqual([0, 10, 20]);
  expect(latencies).toEqual([3, 4, 5]);
});

test('what a request waited for a slow one before it counts as its own time', async () => {
  const { sent, latencies } = await measured([25, 1, 1, 1], 1000);

  expect(sent).toEqual([0, 25, 26, 30]);
  expect(latencies).toEqual([25, 16, 7, 1]);
});

test('a request that waited longer than its client does is dropped unsent, and no other', async () => {
  const { sent, answers } = await measured([45, 1, 1, 1], 30);

  expect(answers.map(({ outcome }) => outcome)).toEqual(['expected', 'dropped', 'expected', 'expected']);
  expect(sent).toEqual([0, 45, 46]);
});

test('the hop takes away its own time of each request, and not that of the database', () => {
  const side = (requestsPerSecond: number) => ({
    name: '',
    connections: 64,
    offered: 0,
    dropped: 0,
    errors: 0,
    requestsPerSecond,
    p50Milliseconds: 0,
    p99Milliseconds: 0,
    databaseCallsAtMost: null,
    processorMicroseconds: null,
  });

  // 2.0 ms for each spend; 0.5 ms for each select 1 with the hop, 0.1 ms without.
  const rate = rateWithoutHop({ hot: side(500), hop: side(2000), directHop: side(10_000) });

  expect(rate).toBeCloseTo(1000 / 1.6);
});
