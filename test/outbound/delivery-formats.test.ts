import { describe, expect, test } from 'vitest';
import { mailContent, slackBody, standardBody } from '../../src/outbound/format.ts';

const opened = {
  id: 'msg_1',
  type: 'alert.opened',
  occurredAt: '2026-03-01T10:20:30.400Z',
  data: {
    alert_id: 'a1',
    kind: 'consecutive_failures',
    subject: 'invoice.paid',
    opened_at: '2026-03-01T10:20:30.400Z',
    closed_at: null,
    details: {
      failures: 5,
      event_types: ['invoice.paid', 'a.b'],
      last_error: 'sql 42P01 <b> & co',
      none: null,
    },
  },
};
const closed = {
  ...opened,
  type: 'alert.closed',
  data: { ...opened.data, closed_at: '2026-03-01T11:00:00.000Z' },
};
const granted = {
  id: 'msg_2',
  type: 'credits.granted',
  occurredAt: '2026-03-01T10:20:30.400Z',
  data: {
    customer: { id: 'c1', issuer: 'https://issuer.test', subject: 'user-1' },
    amount: 500,
    available: 500,
    description: 'Two\nlines\u0000 & <!channel>',
  },
};
const textOf = (event: Parameters<typeof slackBody>[0]): string => JSON.parse(slackBody(event)).text;

describe('the standard format', () => {
  test('has the type, when it happened, and the data', () => {
    expect(JSON.parse(standardBody(granted))).toEqual({
      type: 'credits.granted',
      timestamp: '2026-03-01T10:20:30.400Z',
      data: granted.data,
    });
  });
});

describe('Slack’s format', () => {
  test('says in a line what an alert is about, in figures, and since when', () => {
    expect(textOf(opened)).toBe(
      ':rotating_light: *Alert opened: consecutive failures (invoice.paid)*: ' +
        'failures 5, event types invoice.paid a.b, last error sql 42P01 &lt;b&gt; &amp; co; since 2026-03-01 10:20 UTC',
    );
    expect(textOf(closed)).toMatch(
      /^:white_check_mark: \*Alert closed: .*; from 2026-03-01 10:20 UTC until 2026-03-01 11:00 UTC$/,
    );
  });

  test('tells any other event, and lets nothing in it mention people or begin another line', () => {
    expect(textOf(granted)).toBe(
      ':bell: *credits.granted for user-1*: amount 500, available 500, description Two lines &amp; &lt;!channel&gt;',
    );
  });

  test('is cut before Slack does it, between whole characters', () => {
    const long = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`n${index}`, '<😀'.repeat(80)]),
    );
    const text = textOf({ ...granted, data: { ...granted.data, ...long } });
    expect(text.length).toBeLessThanOrEqual(3000);
    expect(text).toMatch(/…$/);
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toMatch(/&[a-z]*…$/);
  });
});

describe('a mail', () => {
  test('says the same in lines', () => {
    expect(mailContent(opened)).toEqual({
      subject: 'Alert opened: consecutive failures (invoice.paid)',
      text: [
        'Alert opened: consecutive failures (invoice.paid)',
        '',
        'failures: 5',
        'event types: invoice.paid a.b',
        'last error: sql 42P01 <b> & co',
        '',
        'since 2026-03-01 10:20 UTC',
        'event msg_1, 2026-03-01T10:20:30.400Z',
        '',
      ].join('\n'),
    });
  });

  test('has a subject of one line that is not too long, whatever the event has in it', () => {
    const data = { ...opened.data, subject: `x\r\nBcc: a@shop.test ${'y'.repeat(500)}` };
    const { subject } = mailContent({ ...opened, data });
    expect(subject).toMatch(/^Alert opened: consecutive failures \(x Bcc: a@shop\.test y+…$/);
    expect(subject.length).toBeLessThanOrEqual(200);
  });
});
