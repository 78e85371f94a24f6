import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertsOf, inboxOf } from '../support/alerts.ts';
import { eventually } from '../support/eventually.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ variables: { ALERT_FAILURES: '2' } });
});
afterAll(() => worker.stop());

function logged(event: string) {
  const lines = worker.logs().filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line)).filter((line) => line.event === event);
}

test('the cron trigger opens alerts and closes them, by as many failures as the configuration says', async () => {
  const { query } = worker.database;
  const inbox = inboxOf(query);
  await inbox.attempts('invoice.paid', 'failed', 'failed');
  await Promise.all([worker.scheduled(), worker.scheduled()]);
  expect(await alertsOf(query)).toEqual(['consecutive_failures invoice.paid open']);
  await inbox.attempts('invoice.paid', 'processed');
  await Promise.all([worker.scheduled(), worker.scheduled()]);
  expect(await alertsOf(query)).toEqual(['consecutive_failures invoice.paid closed']);
  const about = { kind: 'consecutive_failures', subject: 'invoice.paid' };
  await eventually('both are logged', () => logged('alert_closed').length > 0);
  expect(logged('alert_opened')).toEqual([expect.objectContaining({ level: 'error', ...about })]);
  expect(logged('alert_closed')).toEqual([expect.objectContaining({ level: 'info', ...about })]);
});

test('cron trigger and queue each leave a heartbeat every minute', async () => {
  const beats = async () => {
    const rows = await worker.database.query<{ name: string; at: Date }>(
      'select name, beat_at as at from heartbeats order by name',
    );
    return rows;
  };
  await worker.database.query("update heartbeats set beat_at = now() - interval '1 hour'");
  const before = Date.now();
  await worker.scheduled();
  await eventually('both beat', async () => {
    const found = await beats();
    return found.length === 2 && found.every(({ at }) => at.getTime() > before - 60_000);
  });
  expect((await beats()).map(({ name }) => name)).toEqual(['cron', 'queue']);
});
