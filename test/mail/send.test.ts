import { createServer, type OutgoingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startMailbox, type Mailbox } from '../../dev/mailbox/index.ts';
import { describeFault } from '../../src/core/log.ts';
import { createBindingMailer } from '../../src/mail/binding-mailer.ts';
import { createHttpMailer } from '../../src/mail/http-mailer.ts';
import { MailFault, openMail, type Mail, type Mailer } from '../../src/mail/index.ts';

let mailbox: Mailbox;
let mailer: Mailer;
beforeAll(async () => {
  mailbox = await startMailbox();
  mailer = httpMailer();
});
afterEach(() => mailbox.setFault(undefined));
afterAll(() => mailbox.stop());

const from = { address: 'ratecard@shop.test', name: 'Ratecard' };
const httpMailer = (key = mailbox.apiKey, url = mailbox.apiUrl) => createHttpMailer({ url, key, from });
const impatientMailer = () =>
  createHttpMailer({ url: mailbox.apiUrl, key: mailbox.apiKey, from, timeoutMilliseconds: 50 });

/** What a provider makes the mailer throw that answers so. */
async function faultAfter(status: number, body: string, headers: OutgoingHttpHeaders = {}) {
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    return await faultOf(httpMailer('re_key', `http://127.0.0.1:${port}/emails`).send(newMail()));
  } finally {
    server.close();
  }
}

let sequence = 0;
function newMail(changes: Partial<Mail> = {}): Mail {
  sequence += 1;
  return {
    id: `alert/${sequence}`,
    to: 'operator@shop.test',
    subject: 'Events wait',
    text: 'Secret line one.\nLine two.',
    ...changes,
  };
}

const received = (id: string) => mailbox.mails().filter((mail) => mail.id === id);
const faultOf = async (sending: Promise<void>) => {
  const error = await sending.catch((thrown: unknown) => thrown);
  if (!(error instanceof MailFault)) throw new Error('expected a MailFault', { cause: error });
  return error;
};

describe('a mail by the HTTP provider', () => {
  test('arrives with sender, address, subject and text', async () => {
    const mail = newMail({ subject: 'Preis geändert: 1 € ✓', text: 'Zeile 1\r\nZeile 2 <b>&</b>' });
    await mailer.send(mail);
    expect(received(mail.id)).toMatchObject([
      { from: 'Ratecard <ratecard@shop.test>', to: [mail.to], subject: mail.subject, text: mail.text },
    ]);
    expect(mailer.isConfigured).toBe(true);
  });

  test('arrives once under its id, also when it is sent many times at once', async () => {
    const mail = newMail();
    await Promise.all(Array.from({ length: 20 }, () => mailer.send(mail)));
    expect(received(mail.id)).toHaveLength(1);
  });

  test('arrives once when the answer was lost and it is sent again', async () => {
    const mail = newMail();
    mailbox.setFault(() => 'lose-answer');
    expect(await faultOf(mailer.send(mail))).toMatchObject({ trouble: 'no_answer', isPassing: true });
    mailbox.setFault(undefined);
    await mailer.send(mail);
    expect(received(mail.id)).toHaveLength(1);
  });

  test.each([500, 502, 503, 429, 408])('is to be sent again after %i', async (status) => {
    const mail = newMail();
    mailbox.setFault(() => ({ status }));
    expect(await faultOf(mailer.send(mail))).toMatchObject({
      trouble: 'unavailable',
      status,
      isPassing: true,
    });
    mailbox.setFault(undefined);
    await mailer.send(mail);
    expect(received(mail.id)).toHaveLength(1);
  });

  test('is given up when nobody answers in time, or nobody is there', async () => {
    mailbox.setFault(() => 'hang');
    expect(await faultOf(impatientMailer().send(newMail()))).toMatchObject({
      trouble: 'no_answer',
      isPassing: true,
    });
    const gone = await startMailbox();
    await gone.stop();
    const sending = httpMailer(gone.apiKey, gone.apiUrl).send(newMail());
    expect(await faultOf(sending)).toMatchObject({ trouble: 'no_answer', isPassing: true });
  });

  test('is refused for good with a wrong key, and for another mail under a spent id', async () => {
    expect(await faultOf(httpMailer('re_wrong').send(newMail()))).toMatchObject({
      trouble: 'refused',
      status: 403,
      code: 'invalid_api_key',
      isPassing: false,
    });
    const mail = newMail();
    await mailer.send(mail);
    expect(await faultOf(mailer.send({ ...mail, text: 'Another.' }))).toMatchObject({
      trouble: 'refused',
      status: 409,
      code: 'invalid_idempotent_request',
    });
    expect(received(mail.id)).toHaveLength(1);
  });

  test('does not follow the provider to another address: the key would go with it', async () => {
    const requests = mailbox.requestCount;
    for (const status of [301, 302, 307, 308]) {
      const fault = await faultAfter(status, '', { Location: mailbox.apiUrl });
      expect(fault).toMatchObject({ trouble: 'refused', status });
    }
    expect(mailbox.requestCount).toBe(requests);
  });

  test('is to be sent again while it is just being sent under its id', async () => {
    const body = JSON.stringify({ name: 'concurrent_idempotent_requests' });
    expect(await faultAfter(409, body)).toMatchObject({ trouble: 'unavailable', isPassing: true });
  });

  test('is refused with whatever the provider says, of which only names are told', async () => {
    const bodies = ['', 'not JSON', 'null', '[]', '{"name":7}', '{"name":"no operator@shop.test here"}'];
    for (const body of bodies) {
      expect(await faultAfter(422, body)).toMatchObject({ trouble: 'refused', status: 422, code: undefined });
    }
    expect(await faultAfter(422, '{"name":"validation_error"}')).toMatchObject({ code: 'validation_error' });
  });

  test('fails without telling its address, subject, text or key to the log', async () => {
    for (const fault of ['hang', 'lose-answer', { status: 500 }, { status: 422 }] as const) {
      mailbox.setFault(() => fault);
      const error = await faultOf((fault === 'hang' ? impatientMailer() : mailer).send(newMail()));
      const told = `${error.message} ${JSON.stringify(describeFault(error))} ${String(error.cause)}`;
      expect(told).not.toMatch(/operator|Secret|Events wait|re_/);
      expect(describeFault(error)).toMatchObject({ fault: 'MailFault', mail: error.trouble });
    }
  });
});

describe('what becomes a header', () => {
  test.each([
    ['to', 'operator@shop.test\r\nBcc: thief@evil.test'],
    ['to', 'operator@shop.test\nthief@evil.test'],
    ['to', 'operator@shop.test, thief@evil.test'],
    ['to', 'Operator <operator@shop.test>'],
    ['to', ' operator@shop.test'],
    ['to', 'operator'],
    ['to', ''],
    ['subject', 'Hello\r\nBcc: thief@evil.test'],
    ['subject', 'Hello\nthere'],
    ['subject', 'Hello\rthere'],
    ['subject', 'Hello\0there'],
    ['subject', 'Hello\u0085there'],
    ['subject', ''],
    ['id', 'one\r\nAuthorization: x'],
    ['id', 'one two'],
    ['id', 'ä'],
    ['id', ''],
    ['id', 'x'.repeat(201)],
  ])('is refused as %s: %j', async (field, value) => {
    const mail = newMail({ [field]: value });
    const requests = mailbox.requestCount;
    const error: unknown = await mailer.send(mail).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      kind: 'invalid',
      code: 'mail_invalid',
      fields: [{ pointer: `/${field}`, code: 'mail_invalid' }],
    });
    if (value.length > 1) expect(JSON.stringify(error)).not.toContain(JSON.stringify(value).slice(1, -1));
    expect(mailbox.requestCount).toBe(requests);
  });
});

describe("a mail by Cloudflare's binding", () => {
  const failing = (reason: unknown) => createBindingMailer({ send: () => Promise.reject(reason) }, from);

  test('carries sender, address, subject, text and its id', async () => {
    const sent: unknown[] = [];
    const send = async (message: unknown) => sent.push(message);
    const mail = newMail();
    await createBindingMailer({ send }, from).send(mail);
    await createBindingMailer({ send }, { address: 'a@shop.test', name: undefined }).send(mail);
    const { id, ...content } = mail;
    const expected = { ...content, headers: { 'X-Ratecard-Mail-Id': id } };
    expect(sent).toEqual([
      { ...expected, from: { name: 'Ratecard', email: 'ratecard@shop.test' } },
      { ...expected, from: 'a@shop.test' },
    ]);
    await expect(createBindingMailer({ send }, from).send({ ...mail, to: 'a\nb' })).rejects.toMatchObject({
      code: 'mail_invalid',
    });
    expect(sent).toHaveLength(2);
  });

  test.each([
    ['E_RATE_LIMIT_EXCEEDED', 'unavailable', true],
    ['E_INTERNAL_SERVER_ERROR', 'unavailable', true],
    ['E_SENDER_NOT_VERIFIED', 'refused', false],
    ['E_RECIPIENT_SUPPRESSED', 'refused', false],
  ])('that fails with %s is %s', async (code, trouble, isPassing) => {
    const error = await faultOf(
      failing(Object.assign(new Error('about operator@shop.test'), { code })).send(newMail()),
    );
    expect(error).toMatchObject({ trouble, code, isPassing });
    expect(JSON.stringify([error.message, describeFault(error)])).not.toContain('operator');
  });

  test('that fails in any other way, or is never answered, may have been sent', async () => {
    expect(await faultOf(failing(new Error('lost')).send(newMail()))).toMatchObject({ trouble: 'no_answer' });
    expect(await faultOf(failing('lost').send(newMail()))).toMatchObject({ trouble: 'no_answer' });
    const silent = createBindingMailer({ send: () => new Promise(() => undefined) }, from, 50);
    expect(await faultOf(silent.send(newMail()))).toMatchObject({ trouble: 'no_answer' });
  });
});

describe('which way mails go', () => {
  const binding = { send: async () => Promise.reject(Object.assign(new Error(), { code: 'E_BOUND' })) };
  const provider = () => ({ url: mailbox.apiUrl, key: mailbox.apiKey });

  test('is the HTTP provider where there is one, else the binding', async () => {
    const mail = newMail();
    await openMail({ from, provider: provider() }, binding).send(mail);
    expect(received(mail.id)).toHaveLength(1);
    expect(await faultOf(openMail({ from, provider: undefined }, binding).send(mail))).toMatchObject({
      code: 'E_BOUND',
    });
  });

  test('is none without a configuration, and nobody is told that a mail was sent', async () => {
    for (const none of [openMail(undefined, undefined), openMail(undefined, binding)]) {
      expect(none.isConfigured).toBe(false);
      await expect(none.send(newMail())).rejects.toMatchObject({
        kind: 'unavailable',
        code: 'mail_not_configured',
      });
    }
  });
});
