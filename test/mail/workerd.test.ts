import { mkdtempSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createTestHarness } from 'wrangler';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startMailbox, type Mailbox } from '../../dev/mailbox/index.ts';

let root: string;
let mailbox: Mailbox;
let harness: ReturnType<typeof createTestHarness>;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'ratecard-mail-'));
  mailbox = await startMailbox();
  harness = createTestHarness({
    root,
    workers: [
      {
        config: {
          name: 'probe',
          main: resolve('test/mail/probe-worker.ts'),
          compatibility_date: '2026-10-23',
          compatibility_flags: ['nodejs_compat'],
          vars: {
            MAIL_API_URL: mailbox.apiUrl,
            MAIL_API_KEY: mailbox.apiKey,
            AUTH_ENC_KEY: `1:${randomBytes(32).toString('base64')}`,
          },
          send_email: [{ name: 'EMAIL', allowed_destination_addresses: ['operator@shop.test'] }],
        },
      },
    ],
  });
  await harness.listen();
});
afterEach(() => mailbox.setFault(undefined));
afterAll(async () => {
  await harness.close();
  await mailbox.stop();
  rmSync(root, { recursive: true, force: true });
});

async function ask(path: string, body: unknown): Promise<unknown> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (await harness.fetch(path, { method: 'POST', body: text })).json();
}

const mail = { id: 'alert/1', to: 'operator@shop.test', subject: 'Events wait', text: 'Ten of them.' };

describe('in workerd', () => {
  test('a mail goes out by the HTTP provider, and its troubles are known', async () => {
    expect(await ask('/api', mail)).toBe('sent');
    expect(mailbox.mails()).toMatchObject([
      { id: 'alert/1', to: ['operator@shop.test'], text: 'Ten of them.' },
    ]);
    mailbox.setFault(() => 'lose-answer');
    // Here a connection that breaks is told to the Worker as a 500.
    expect(await ask('/api', { ...mail, id: 'alert/2' })).toMatch(/: (no_answer|unavailable 500)$/);
    mailbox.setFault(() => ({ status: 307 }));
    expect(await ask('/api', mail)).toBe('the mail provider: refused 307 application_error');
    expect(mailbox.mails()).toHaveLength(2);
  });

  test("a mail goes out by Cloudflare's binding, which may refuse it", async () => {
    const before = mailbox.requestCount;
    expect(await ask('/binding', mail)).toBe('sent');
    expect(await ask('/binding', { ...mail, to: 'else@shop.test' })).toBe('the mail provider: no_answer');
    expect(mailbox.requestCount).toBe(before);
  });

  test('secrets are sealed and opened by many requests at once', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `secret ${index}`);
    expect(await Promise.all(texts.map((text) => ask('/seal', text)))).toEqual(texts);
  });
});
