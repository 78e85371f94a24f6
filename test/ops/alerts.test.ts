import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

describe('alerts, listed', () => {
  let viewer: string;
  let admin: string;
  let ids: readonly string[];

  const open = (kind: string, subject: string, minute: number, isClosed = false) =>
    worker.database.query<{ id: string }>(
      `insert into alerts (kind, subject, data, opened_at, closed_at)
       values ($1, $2, '{"count": 3}', timestamptz '2040-01-01' + make_interval(mins => $3), case when $4 then now() end) returning id`,
      [kind, subject, minute, isClosed],
    );
  const list = async (parameters: string) => {
    const { status, json, text } = await worker.request(`/admin/alerts?${parameters}`, { token: viewer });
    expect(status, text).toBe(200);
    return json;
  };
  const idsOf = ({ alerts }: { readonly alerts: readonly { readonly id: string }[] }) =>
    alerts.map(({ id }) => id);
  const acknowledge = (id: string, token: string, body?: unknown) =>
    worker.request(`/admin/alerts/${id}/acknowledge`, { method: 'POST', token, body });

  beforeAll(async () => {
    [viewer, admin] = await Promise.all([worker.token('viewer'), worker.token('admin', 'ada')]);
    const rows = [
      await open('gap', '', 1),
      await open('gap', 'x', 2, true),
      await open('dead_events', '', 3),
      await open('dead_events', 'y', 3, true),
    ];
    ids = rows.map(([row]) => row?.id ?? '').toReversed();
    // Two that opened with one look: the id decides.
    ids = [...ids.slice(0, 2).toSorted().toReversed(), ...ids.slice(2)];
  });

  test('are the newest first, page by page, each once', async () => {
    expect(idsOf(await list('')).slice(0, 4)).toEqual(ids);
    const found: string[] = [];
    let cursor = '';
    do {
      const answer = await list(`limit=1${cursor && `&cursor=${cursor}`}`);
      found.push(...idsOf(answer));
      cursor = answer.next_cursor;
    } while (cursor !== null);
    expect(found.slice(0, 4)).toEqual(ids);
    expect(new Set(found).size).toBe(found.length);
  });

  test('are those that are open or closed, of a kind, and acknowledged or not', async () => {
    const [deadOne, deadOther, closedGap = '', openGap = ''] = ids;
    expect(idsOf(await list('kind=gap&status=open'))).toEqual([openGap]);
    expect(idsOf(await list('kind=gap&status=closed'))).toEqual([closedGap]);
    expect(idsOf(await list('kind=dead_events'))).toEqual([deadOne, deadOther]);
    await acknowledge(closedGap, admin);
    expect(idsOf(await list('kind=gap&acknowledged=true'))).toEqual([closedGap]);
    expect(idsOf(await list('kind=gap&acknowledged=false'))).toEqual([openGap]);
    for (const wrong of ['status=other', 'kind=other', 'acknowledged=1', 'cursor=x', 'limit=0', 'other=1']) {
      expect((await worker.request(`/admin/alerts?${wrong}`, { token: viewer })).status).toBe(400);
    }
  });

  test('are acknowledged once: whoever is first stays, twenty at a time', async () => {
    const id = ids[3] ?? '';
    const others = await Promise.all(
      Array.from({ length: 20 }, (_, index) => worker.token('admin', `a${index}`)),
    );
    const answers = await Promise.all(
      others.map((token, index) => acknowledge(id, token, { note: `note ${index}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const { alert } = answers[0]?.json ?? {};
    expect(alert).toMatchObject({
      id,
      kind: 'gap',
      subject: '',
      status: 'open',
      details: { count: 3 },
      closed_at: null,
      acknowledged_at: expect.any(String),
    });
    expect(alert.note.replace('note ', 'admin:a')).toBe(alert.acknowledged_by);
    const { json } = await worker.request(`/admin/alerts/${id}`, { token: viewer });
    expect(json).toEqual({ success: true, alert });
  });

  test('that do not exist are 404, and a note is text', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000';
    for (const path of [`/admin/alerts/${nobody}`, '/admin/alerts/x']) {
      expect((await worker.request(path, { token: viewer })).status).toBe(404);
    }
    const { status, json } = await acknowledge(nobody, admin);
    expect([status, json.code]).toEqual([404, 'alert_not_found']);
    for (const note of ['', 'a\u0000', 1, 'x'.repeat(1001)]) {
      expect((await acknowledge(ids[2] ?? '', admin, { note })).status).toBe(422);
    }
  });
});
