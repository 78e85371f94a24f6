import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { firesAt } from '../../dev/stack/cron.ts';
import { schedule } from '../../src/jobs.ts';

test('every cron trigger has its jobs, and every job its trigger', () => {
  const [, crons] = /^crons = (\[.*\])$/m.exec(readFileSync('wrangler.toml', 'utf8')) ?? [];
  expect(JSON.parse(crons ?? '')).toEqual(Object.keys(schedule));
});

test.each([
  ['* * * * *', '2026-03-01T03:17:00Z', true],
  ['*/5 * * * *', '2026-03-01T03:15:00Z', true],
  ['*/5 * * * *', '2026-03-01T03:17:00Z', false],
  ['17 3 * * *', '2026-03-01T03:17:59Z', true],
  ['17 3 * * *', '2026-03-01T04:17:00Z', false],
])('the local stack fires %s at %s: %s', (cron, moment, fires) => {
  expect(firesAt(cron, new Date(moment))).toBe(fires);
});
