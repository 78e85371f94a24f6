import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMailbox, type Mailbox } from '../../dev/mailbox/index.ts';

let mailbox: Mailbox;
beforeAll(async () => {
  mailbox = await startMailbox();
});
afterAll(() => mailbox.stop());

const good = { from: 'a@shop.test', to: ['b@shop.test'], subject: 'Hello', text: 'World' };

async function submit(body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(mailbox.apiUrl, {
    method: 'POST',
    headers: { Authorization: `Bearer ${mailbox.apiKey}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  return { status: response.status, answer };
}

describe('the mailbox', () => {
  test('answers a repetition under one key as the first time, and refuses another mail under it', async () => {
    const first = await submit(good, { 'Idempotency-Key': 'one' });
    expect(first).toEqual({ status: 200, answer: { id: expect.any(String) } });
    expect(await submit(good, { 'Idempotency-Key': 'one' })).toEqual(first);
    expect(await submit({ ...good, text: 'Else' }, { 'Idempotency-Key': 'one' })).toMatchObject({
      status: 409,
      answer: { name: 'invalid_idempotent_request' },
    });
    expect(mailbox.mails().filter(({ id }) => id === 'one')).toHaveLength(1);
  });

  test.each([
    ['no key', { Authorization: '' }, good, 401, 'missing_api_key'],
    ['a wrong key', { Authorization: 'Bearer re_wrong' }, good, 403, 'invalid_api_key'],
    ['no JSON', {}, 'hello', 422, 'validation_error'],
    ['no address', {}, { ...good, to: [] }, 422, 'validation_error'],
    ['a member that it does not know', {}, { ...good, texts: 'x' }, 422, 'validation_error'],
    [
      'too long an Idempotency-Key',
      { 'Idempotency-Key': 'x'.repeat(257) },
      good,
      400,
      'invalid_idempotency_key',
    ],
  ])('refuses %s', async (_, headers, body, status, name) => {
    const before = mailbox.mails().length;
    expect(await submit(body, headers)).toMatchObject({ status, answer: { name } });
    expect(mailbox.mails()).toHaveLength(before);
  });

  test('shows mails on a page, as text and never as HTML, and as JSON', async () => {
    const mail = { ...good, subject: '<script>alert(1)</script>', text: 'Go to "x" & <b>bold</b>' };
    await submit(mail);
    const page = await fetch(mailbox.pageUrl);
    const text = await page.text();
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).toContain('&lt;b&gt;bold&lt;/b&gt;');
    expect(text).not.toMatch(/<script|<b>/);
    const json: unknown = await (await fetch(`${mailbox.pageUrl}/mails`)).json();
    expect(json).toEqual({ mails: mailbox.mails() });
    expect(mailbox.mails().at(-1)).toMatchObject({ ...mail, id: null });
  });
});
